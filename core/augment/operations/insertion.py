"""Random insertion of what people say while they speak: calls and fillers, and a degree before a plain adjective.

The random synonyms of the English recipe make no Korean sentence; these words can stand where they are put, and say
nothing about danger.
"""

import random
from collections.abc import Iterator

from core.augment.operations.guarded import is_guarded, kept
from core.augment.operations.styles import ASKING, is_polite, is_request
from core.augment.reading import Reading, Word, read, text_of

OPENING = ("음", "아", "어", "근데", "그러니까")
TO_A_HEARER = ("저기", "있잖아")  # before a question or a request
TO_A_HEARER_POLITE = ("저기요", "있잖아요", "저기")
EXPLAINING = "그게"  # before what has happened
_WORTH_EXPLAINING = 4  # words
PAUSES = ("음", "어")
DEGREES = ("정말", "진짜")
FILLERS = frozenset((*OPENING, *TO_A_HEARER, *TO_A_HEARER_POLITE, EXPLAINING, *PAUSES, *DEGREES))
_PAUSE_BEHIND = frozenset(("는데", "ᆫ데", "은데", "니까", "으니까", "지만", "어서", "는데요"))
_PLAIN_LIST = """
춥 덥 좋 싫 예쁘 이쁘 귀엽 멋있 멋지 맛있 재미있 재밌 힘들 피곤 심심 외롭 슬프 기쁘 즐겁 행복 부럽 귀찮 바쁘
배고프 졸리 고맙 미안 답답 시끄럽 더럽 비싸 어렵 쉽 착하 친절 궁금 속상 우울 서운 섭섭 지루 부끄럽 창피 그립 밉
따뜻 시원 깨끗 신기
"""
PLAIN = frozenset(_PLAIN_LIST.split())
_ASKING = ASKING | {"뭘"}
_ASKING_ENDS = ("까", "까요", "나요", "가요", "니", "냐", "습니까")


def insert_fillers(text: str, dice: random.Random, share: float) -> str:
    """`text` with one word more, or two in a long text; the text itself where no filler can stand."""
    reading = read(text)
    free = list(_places(reading))
    if not free:
        return reading.text
    most = min(len(free), 2, max(1, round(share * len(reading.words) / 2)))
    chosen = dict(dice.sample(free, most))
    items: list[str] = []
    for place, word in enumerate(reading.words):
        if place in chosen:
            items.append(dice.choice(chosen[place]))
        items.append(word.text)
    return text_of(items)


def _places(reading: Reading) -> Iterator[tuple[int, tuple[str, ...]]]:
    """(place before which a word may be put, the words that may stand there)."""
    items = reading.words
    if len(items) < 2 or not items[0].spoken:
        return
    if _may_be_opened(items[0]):
        yield 0, _openings(reading)
    safe = kept(reading)
    for place in range(1, len(items)):
        before, word = items[place - 1], items[place]
        if not before.spoken or not word.spoken or before.tail:
            continue
        if before.spoken[-1][1] == "EC" and before.spoken[-1][0] in _PAUSE_BEHIND and word.spoken[0][1] != "VX":
            yield place, PAUSES
        elif place == len(items) - 1 and place not in safe and _takes_degree(before, word, reading):
            yield place, DEGREES


def _may_be_opened(first: Word) -> bool:
    """Whether a filler may stand before the first word: it is no call itself, and no cry (불이야!)."""
    cries = is_guarded(first) and first.spoken[-1][1][0] != "J"
    return first.spoken[0][1] not in ("IC", "MAJ", "JKV") and not first.head and not _is_call(first) and not cries


def _takes_degree(before: Word, word: Word, reading: Reading) -> bool:
    return _is_plain(word) and not _is_question(reading) and before.spoken[-1][1] in ("JKS", "JX", "JKB")


def _openings(reading: Reading) -> tuple[str, ...]:
    """What may open the sentence: calls before a question or a request, fillers before anything."""
    polite = is_polite(reading)
    if polite is None:
        return OPENING[:3]
    if _is_question(reading) or is_request(reading.words[-1]):
        return (*OPENING[:4], *(TO_A_HEARER_POLITE if polite else TO_A_HEARER))
    past = any(morpheme == ("었", "EP") for morpheme in reading.words[-1].spoken)
    return (*OPENING, EXPLAINING) if past and len(reading.words) >= _WORTH_EXPLAINING else OPENING


def _is_call(word: Word) -> bool:
    return word.spoken[-1][1] == "JKV" or "," in word.tail or "!" in word.tail or word.bare in ("여보세요", "안녕")


def _is_plain(word: Word) -> bool:
    """Whether a word is an adjective that has degrees."""
    form, tag = word.spoken[0]
    return tag in ("VA", "NNG", "XR") and form in PLAIN and word.spoken[-1][1] in ("EF", "JX")


def _is_question(reading: Reading) -> bool:
    return "?" in reading.text or any(
        form in _ASKING or (tag == "EF" and form.endswith(_ASKING_ENDS)) for form, tag in reading.morphemes()
    )
