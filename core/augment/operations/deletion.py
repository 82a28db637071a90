"""Random deletion of words that a sentence can do without: degrees, fillers, `I` as the topic, the time of speaking.

Nouns, predicates, negations and guarded words stay, so what remains is a sentence about the same.
"""

import random
from functools import lru_cache

from core.augment.operations.guarded import kept
from core.augment.operations.swap import TIME_COMPOUNDS
from core.augment.reading import Reading, Word, read, text_of

_ADVERB_LIST = """
정말 진짜 정말로 진짜로 참 아주 매우 무척 굉장히 대단히 되게 엄청 무지 너무 너무너무 너무나 상당히 꽤 좀 조금
약간 막 자꾸 자꾸만 계속 도대체 대체 괜히 굳이 결국 역시 사실 솔직히 아마 아마도 우선 일단 왠지 어쩐지 맨날 항상
늘 언제나 지금 방금
"""
ADVERBS = frozenset(_ADVERB_LIST.split())
TIMES = frozenset(("오늘", "지금", "요즘", "요새", "이제", "현재"))
CALLS = frozenset(("아", "어", "음", "저기", "아이고", "아이구", "어머", "와", "헐", "에휴", "하", "휴", "야"))
JOINING = frozenset(("그리고", "그런데", "근데", "그래서", "그러니까", "하지만"))
_OWNED_LIST = """
엄마 아빠 어머니 아버지 할머니 할아버지 남편 아내 동생 언니 오빠 누나 형 딸 아들 남자친구 여자친구 남친 여친
친구 가족 부모님 애인 집 강아지 고양이 핸드폰 휴대폰
"""
OWNED = frozenset(_OWNED_LIST.split())
_AFTER_TIME = ("같", "내일", "어제", "이", "중", "당장")
_MEASURED = ("전", "뒤", "후", "이따가")  # a degree before them says how long
_LEAST_WORDS = 2


def delete_words(text: str, dice: random.Random, share: float) -> str:
    """`text` without `share` of its words, at least one where one can go; two words always stay."""
    reading = read(text)
    free = droppable(reading)
    most = min(len(free), len(reading.words) - _LEAST_WORDS, max(1, round(share * len(reading.words))))
    gone = set(dice.sample(free, most)) if most > 0 else set()
    return text_of([word.text for i, word in enumerate(reading.words) if i not in gone])


@lru_cache(maxsize=4096)
def droppable(reading: Reading) -> tuple[int, ...]:
    """The places of words that the sentence can do without."""
    safe = kept(reading)
    return tuple(i for i in range(len(reading.words) - 1) if i not in safe and _can_go(reading, i, safe))


def _can_go(reading: Reading, place: int, safe: frozenset[int]) -> bool:
    word, behind = reading.words[place], reading.words[place + 1]
    if not word.spoken or word.head or any(mark in word.tail for mark in "?!.…") or not behind.spoken:
        return False
    form, tag = word.spoken[0]
    if len(word.spoken) == 1:
        if tag == "MAG":
            if form == "이제":
                return place == 0
            if form == "좀" and _form(behind) == "그렇":
                return False
            if _form(behind) in _MEASURED or behind.bare.startswith("있다"):
                return False  # 조금 전부터, 조금 있다가
            return form in ADVERBS and behind.spoken[0][1] not in ("VCP", "NNB", "JX") and form != _form(behind)
        if tag == "IC":
            return form in CALLS and _form(behind) != "놓"
        if tag == "MAJ":
            return place == 0 and form in JOINING
        if tag in ("NNG", "NNP"):
            return form in TIMES and _form(behind) not in (*TIME_COMPOUNDS, *_AFTER_TIME)
    return _is_speaker(reading, place) or (place + 1 not in safe and _is_own(word, behind))


def _form(word: Word) -> str:
    return word.spoken[0][0] if word.spoken else ""


def _is_speaker(reading: Reading, place: int) -> bool:
    """Whether the word is `I` as topic or subject of the only clause, so that a hearer fills it in."""
    word = reading.words[place]
    if len(word.spoken) != 2 or word.spoken[0] not in (("나", "NP"), ("저", "NP")):
        return False
    if word.spoken[1] not in (("는", "JX"), ("ᆫ", "JX"), ("가", "JKS")):
        return False
    others = [m for i, w in enumerate(reading.words) if i != place for m in w.spoken]
    clauses = sum(tag == "ETM" or (tag == "EC" and form not in ("고", "어", "게", "지")) for form, tag in others)
    alone = not any(tag in ("NP", "JKS") for _, tag in others)  # 저는 남편이 때렸어요: the husband did it to me
    return clauses == 0 and alone and any(tag == "EF" for _, tag in others)


def _is_own(word: Word, behind: Word) -> bool:
    """Whether the word says whose, and everybody knows whose: 내 남자친구, 우리 엄마."""
    own = word.spoken in ((("나", "NP"), ("의", "JKG")), (("저", "NP"), ("의", "JKG")), (("우리", "NP"),))
    return own and behind.spoken[0][1] == "NNG" and behind.spoken[0][0] in OWNED
