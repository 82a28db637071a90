"""Styles of speech: how the endings of sentences say to whom one speaks (해라, 해, 해요, 합쇼)."""

from collections.abc import Iterator

from core.augment.lexicon import GENERAL, Lexicon
from core.augment.reading import Morpheme, Reading, Word, raw_morphemes

PLAIN, CASUAL, POLITE, FORMAL = range(4)
ASKING = frozenset(("뭐", "무엇", "누구", "언제", "어디", "왜", "어떻", "어떻게", "얼마", "몇", "어느", "어떤", "무슨"))
_POLITE = ("요", "죠")
_REQUESTS = (("주", "VX"), ("세요", "EF"), ("으세요", "EF"), ("십시오", "EF"), ("어라", "EF"), ("자", "EF"))
_FORMAL = ("니다", "니까", "십시오", "시오")


def ends(reading: Reading) -> Iterator[tuple[int, list[Morpheme], str]]:
    """(place, morphemes before the ending, ending) of each sentence of a text; 요 behind an ending belongs to it."""
    for place, word in enumerate(reading.words):
        spoken = word.spoken
        last = place == len(reading.words) - 1
        if len(spoken) > 1 and spoken[-1] == ("요", "JX") and spoken[-2][1] in ("EF", "EC"):
            yield place, raw_morphemes(word)[:-2], spoken[-2][0] + "요"
        elif spoken and (spoken[-1][1] == "EF" or (spoken[-1][1] == "EC" and (last or _ends_at_comma(word)))):
            yield place, raw_morphemes(word)[:-1], spoken[-1][0]


def _ends_at_comma(word: Word) -> bool:
    """Whether an ending of a sentence stands before a comma, where the analyser takes it for a joining one."""
    return bool(word.tail) and word.spoken[-1][0].endswith(("요", "니다", "죠"))


def style(ending: str) -> int:
    """The style of an ending.

    >>> style("어요") == POLITE, style("습니다") == FORMAL, style("는다") == PLAIN, style("어") == CASUAL
    (True, True, True, True)
    """
    if ending.endswith(_POLITE):
        return POLITE
    if ending.endswith(_FORMAL):
        return FORMAL
    return PLAIN if ending in ("다", "ᆫ다", "는다", "냐", "느냐", "니", "자", "어라", "으라") else CASUAL


def is_polite(reading: Reading) -> bool | None:
    """Whether a text is spoken politely; None if its last sentence has no ending that tells."""
    found = list(ends(reading))
    if not found or found[-1][0] != len(reading.words) - 1:
        return None
    return style(found[-1][2]) >= POLITE


def is_request(word: Word) -> bool:
    """Whether a sentence that ends in `word` asks somebody to do something."""
    return any(morpheme in _REQUESTS for morpheme in word.spoken)


def asks(reading: Reading, place: int) -> bool:
    """Whether 세요 at `place` asks for something: 주세요, or a verb whose clause has no subject and no negation.

    Of what ends in 세요, 아프세요, 숨을 못 쉬세요 and 피를 흘리세요 tell how somebody is.
    """
    word = reading.words[place]
    if any(tag in ("VX", "VV") and form.endswith("주") for form, tag in word.spoken):
        return True
    own = [*clause(reading, place), *word.spoken]
    if any(tag in ("JKS", "VA", "XSA", "VCP", "VCN") or form in ("못", "안", "않") for form, tag in own):
        return False
    return not any(tag in ("NNG", "XR") and form in Lexicon.of(GENERAL).words for form, tag in own)


def clause(reading: Reading, place: int) -> list[Morpheme]:
    """The morphemes before `place` in its clause."""
    found: list[Morpheme] = []
    for item in reversed(reading.words[:place]):
        if item.spoken and item.spoken[-1][1] in ("EC", "EF"):
            break
        found += item.spoken
    return found
