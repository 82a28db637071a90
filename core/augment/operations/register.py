"""Register change: the same sentence in another style of speech (해라, 해, 해요, 합쇼).

All sentences of a text change together. `I` follows the style (나, 저). Where an ending may mean an order as well as a
statement (와요), only styles are chosen that leave it open.
"""

import random

from core.augment.operations.guarded import is_guarded
from core.augment.operations.styles import ASKING, CASUAL, FORMAL, PLAIN, POLITE, clause, ends, style
from core.augment.reading import Morpheme, Reading, Word, joined, read, text_of
from core.hangul import split

# ending without politeness -> the same with it
_YO = {
    "어": "어요", "지": "지요", "네": "네요", "거든": "거든요", "잖아": "잖아요", "ᆯ게": "ᆯ게요", "ᆯ래": "ᆯ래요",
    "을래": "을래요", "ᆯ까": "ᆯ까요", "을까": "을까요", "을게": "을게요", "는데": "는데요", "ᆫ데": "ᆫ데요",
    "은데": "은데요", "나": "나요", "ᆫ가": "ᆫ가요", "은가": "은가요", "는가": "는가요", "더라고": "더라고요",
    "구나": "군요", "는구나": "는군요", "ᆫ걸": "ᆫ걸요",
}  # fmt: skip
_WITHOUT = {polite: casual for casual, polite in _YO.items()} | {"죠": "지"}
_STATES = ("VA", "VCP", "VCN", "XSA")
_EXIST = ("있", "없", "싶", "계시")
_TO_SPEAKER = {
    "나": "저", "나는": "저는", "난": "전", "내가": "제가", "나도": "저도", "나를": "저를", "나한테": "저한테",
    "나에게": "저에게", "내": "제", "나랑": "저랑", "나만": "저만", "나의": "저의", "내게": "제게",
    "나보다": "저보다",
}  # fmt: skip
_FROM_SPEAKER = {humble: plain for plain, humble in _TO_SPEAKER.items()}
_HEARER = frozenset(("너", "네", "니", "너희", "당신", "자네"))
_INTERROGATIVE = ASKING | {"어떡하"}
_OF_COPULA = {"예요": "어요", "에요": "어요", "이에요": "어요", "야": "어", "ᆸ니다": "습니다", "ᆸ니까": "습니까"}
_OF_NOT = {"어요": "에요", "어": "야"}  # 아니에요, 아니야
_COPULA = {
    "어요": ("예요", "이에요"),
    "습니다": ("입니다", "입니다"),
    "습니까": ("입니까", "입니까"),
    "어": ("야", "이야"),
}


def change_register(text: str, dice: random.Random, share: float) -> str:
    """`text` in another style; the text itself where an ending has no counterpart."""
    reading = read(text)
    found = list(ends(reading))
    if not found or found[-1][0] != len(reading.words) - 1:
        return reading.text
    now = style(found[-1][2])
    targets = [target for target in (CASUAL, POLITE, FORMAL) if target != now]
    dice.shuffle(targets)
    for target in targets:
        if (changed := _in_style(reading, target)) is not None and changed != reading.text:
            return changed
    return reading.text


def _in_style(reading: Reading, target: int) -> str | None:
    items = [word.text for word in reading.words]
    if target >= POLITE and any(tag == "NP" and form in _HEARER for form, tag in reading.morphemes()):
        return None
    for place, stem, ending in ends(reading):
        new = _ended(reading, place, stem, ending, target)
        if new is None or (target == CASUAL and _honours(stem)):
            return None
        items[place] = new
    return text_of(_with_speaker(reading, items, target))


def _honours(stem: list[Morpheme]) -> bool:
    """Whether a predicate honours somebody, which plain speech does not (할머니가 오셨어)."""
    return any(tag.startswith("EP") and form in ("시", "으시") for form, tag in stem)


def _with_speaker(reading: Reading, items: list[str], target: int) -> list[str]:
    """`I` in the word that the style asks for."""
    table = _TO_SPEAKER if target >= POLITE else _FROM_SPEAKER
    return [
        word.again(table[word.bare]) if word.bare in table and word.spoken[:1] and word.spoken[0][1] == "NP" else item
        for word, item in zip(reading.words, items, strict=True)
    ]


def _ended(reading: Reading, place: int, stem: list[Morpheme], ending: str, target: int) -> str | None:
    """The word at `place` with the ending of another style; None if there is none."""
    word = reading.words[place]
    if stem and stem[-1][0] == "드세":
        return None  # 드세요 is 들다 and a honorific, and never 드세다
    if not stem or not word.whole or style(ending) == target:
        return word.text if stem and style(ending) == target else None
    tags = [tag.partition("-")[0] for _, tag in stem]
    is_copula = tags[-1] in ("VCP", "VCN")
    new = _ending(reading, place, stem, tags, _OF_COPULA.get(ending, ending) if is_copula else ending, target)
    if new is None:
        return None
    if tags[-1] == "VCP":
        return _copula(word, stem, new)
    new = _OF_NOT.get(new, new) if tags[-1] == "VCN" else new
    original = joined((*stem, (ending, "EF")))
    if original.replace(" ", "") != word.bare.replace(" ", ""):
        return None
    bare = joined((*stem, (new, "EF")))
    return word.again(bare if original == word.bare else bare.replace(" ", ""))


def _ending(
    reading: Reading, place: int, stem: list[Morpheme], tags: list[str], ending: str, target: int
) -> str | None:
    asks, request = "?" in reading.words[place].tail, stem[-1] == ("주", "VX")
    if ending in ("세요", "으세요", "십시오", "으십시오"):
        if asks or not request:
            return None
        return {CASUAL: "어", POLITE: "세요", FORMAL: "십시오"}.get(target)
    if request and ending == "어":
        return "세요" if target == POLITE else None
    if target == POLITE:
        return _YO.get(ending) or ("어요" if style(ending) in (PLAIN, FORMAL) and _tells(ending) else None)
    if target == CASUAL:
        return _WITHOUT.get(ending) or ("어" if style(ending) in (PLAIN, FORMAL) and _tells(ending) else None)
    if ending in ("어", "어요", "다", "ᆫ다", "는다") and (asks or _states(reading, place, stem, tags, ending)):
        if asks:
            return None if ending.endswith("다") else "습니까"
        return "습니다"
    return None


def _tells(ending: str) -> bool:
    """Whether an ending makes a statement or a question that 어요 makes too."""
    return ending in ("다", "ᆫ다", "는다", "습니다", "ᆸ니다", "습니까", "ᆸ니까", "냐", "느냐", "니")


def _states(reading: Reading, place: int, stem: list[Morpheme], tags: list[str], ending: str) -> bool:
    """Whether a sentence can only be a statement: it is past, of a state, or says who does something."""
    if any(form in _INTERROGATIVE for form, _ in reading.morphemes()):
        return False
    if ending.endswith("다") or "EP" in tags or tags[-1] in _STATES or stem[-1][0] in _EXIST:
        return True
    return any(tag == "JKS" for _, tag in clause(reading, place)) and stem[-1] != ("주", "VX")


def _copula(word: Word, stem: list[Morpheme], new: str) -> str | None:
    """A noun with 이다 in another style: 친구야, 친구예요, 친구입니다."""
    if is_guarded(word):
        return None  # 불이야 is a cry, no statement
    noun = joined(tuple(stem[:-1]))
    end = _COPULA.get(new)
    if end is None or not noun or not word.bare.startswith(noun) or (parts := split(noun[-1])) is None:
        return None
    if noun.endswith("뭐") and new == "습니까":
        return word.again(noun[:-1] + "뭡니까")
    return word.again(noun + end[parts[2] != " "])
