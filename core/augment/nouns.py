"""The nouns that a text is about: a variant must keep each of them, or a synonym of it. Its numbers stay exactly."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache, lru_cache

from core.augment.reading import Morpheme, Reading
from core.augment.table import entries
from core.augment.words_of_dialect import nouns_of_dialect
from core.cleaning.analyser import placeholders
from core.hangul import join, split
from core.text import letters

# Nouns that say when or how much, and fillers: a text without them is about the same.
_LIGHT_LIST = """
지금 오늘 요즘 요새 요즈음 이번 이제 현재 매일 항상 정도 진짜 정말 때 거 것 수 데 중 점 번 명 개 등 뿐 만큼 대로
전부 모두 혼자 자체 우리 저희 여기 거기 저기 이거 그거 저거 약간 조금 사실 엄청 가장 제일 잠깐 잠시 방금 원래
보통 대체 무지
"""
LIGHT = frozenset(_LIGHT_LIST.split())
_NATIVE_LIST = """
하나 1 한 1 둘 2 두 2 셋 3 세 3 석 3 서 3 넷 4 네 4 넉 4 너 4 다섯 5 여섯 6 일곱 7 여덟 8 아홉 9 열 10 스물 20 스무 20
서른 30 마흔 40 쉰 50 예순 60 일흔 70 여든 80 아흔 90
"""
_NATIVE = dict(zip(_NATIVE_LIST.split()[::2], map(int, _NATIVE_LIST.split()[1::2]), strict=True))
_DIGITS = {letter: number for number, letter in enumerate("영일이삼사오육칠팔구")} | {"공": 0}
_TENS = {"십": 10, "백": 100, "천": 1000}
_PIECES = re.compile("|".join([r"\d+", *sorted((*_NATIVE, *_DIGITS, *_TENS, "만"), key=len, reverse=True)]))
_LINES = ("일일구", "일일이")  # the numbers of emergency, said digit by digit
# letters that sound alike, so that a word misspelt by ear is still that word
_VOWELS = {"ㅐ": "ㅔ", "ㅒ": "ㅔ", "ㅖ": "ㅔ", "ㅙ": "ㅔ", "ㅚ": "ㅔ", "ㅞ": "ㅔ", "ㅢ": "ㅣ"}
_FINALS = {"ㅎ": " ", "ㄶ": "ㄴ", "ㅀ": "ㄹ", "ㅍ": "ㅂ", "ㄲ": "ㄱ", "ㅋ": "ㄱ"} | dict.fromkeys("ㅆㅈㅊㅌㄷ", "ㅅ")


def key_nouns(reading: Reading) -> list[str]:
    """The nouns, names and foreign words of a text that say what it is about; `keeps_numbers` compares its numbers."""
    return [form for form, tag in reading.morphemes() if _is_key((form, tag))]


def keeps_nouns(source: Reading, text: str, share: float) -> bool:
    """Whether `text` has at least `share` of the key nouns of `source`, as they are, by a synonym or in dialect."""
    nouns = key_nouns(source)
    if not nouns:
        return True
    heard = by_ear(text)
    kept = sum(any(by_ear(_start(word)) in heard for word in (noun, *_others(noun))) for noun in nouns)
    return kept >= share * len(nouns)


def keeps_numbers(source: Reading, text: Reading) -> bool:
    """Whether two texts have the same numbers and placeholders, each number with its unit.

    Numbers may be written in another way (3명, 세 명). Where they stand in another order, each must keep unit and
    particle: `112 말고 119로` is not `119 말고 112로`.
    """
    if _placeholders(source.text) != _placeholders(text.text):
        return False
    old, new = numbers(source), numbers(text)
    values = [[value for value, _ in found] for found in (old, new)]
    if values[0] == values[1]:
        return True
    return Counter(old) == Counter(new) and all(unit for _, unit in old)


@lru_cache(maxsize=4096)
def numbers(reading: Reading) -> tuple[tuple[str, str], ...]:
    """(number in digits, unit and particle behind it) of a text in their order.

    >>> from core.augment.reading import read
    >>> numbers(read("스물세 살이 3명")) == (("23", "살이"), ("3", "명"))
    True
    """
    found: list[tuple[str, str]] = []
    for place, word in enumerate(reading.words):
        run: list[str] = []
        for at, morpheme in enumerate(word.spoken):
            run += [morpheme[0]] if _is_number(morpheme) else []
            rest = word.spoken[at + 1 :]
            if run and not (rest and _is_number(rest[0])):
                behind = reading.words[place + 1].spoken if not rest and place + 1 < len(reading.words) else rest
                found.append((_value(run), _unit(behind)))
                run = []
    return tuple(found)


def _is_number(morpheme: Morpheme) -> bool:
    form, tag = morpheme
    return tag in ("SN", "NR", "W_SERIAL") or (tag == "MM" and form in _NATIVE) or (tag[0] == "N" and form in _LINES)


def _unit(behind: Iterable[Morpheme]) -> str:
    """The noun behind a number with what follows it; "" where none does."""
    items = list(behind)
    return "".join(form for form, _ in items) if items and items[0][1][0] == "N" else ""


def _value(forms: list[str]) -> str:
    """A number in digits; as it is written where it cannot be read."""
    text = "".join(forms)
    if len(text) > 1 and all(letter in _DIGITS for letter in text):
        return "".join(str(_DIGITS[letter]) for letter in text)
    pieces = _PIECES.findall(text.replace(",", ""))
    if "".join(pieces) != text.replace(",", ""):
        return text
    total = part = digit = 0
    for piece in pieces:
        if piece in _TENS:
            part, digit = part + (digit or 1) * _TENS[piece], 0
        elif piece == "만":
            total, part, digit = total + (part + digit or 1) * 10_000, 0, 0
        elif piece in _NATIVE:
            part += _NATIVE[piece]
        else:
            digit = _DIGITS[piece] if piece in _DIGITS else int(piece)
    return str(total + part + digit)


def _placeholders(text: str) -> Counter[str]:
    """The placeholders of personal data in a text, such as `[주소]`."""
    return Counter(text[start:end] for start, end, _ in placeholders(text))


def _start(word: str) -> str:
    """What every form of `word` begins with: a verb of two syllables loses its last one when it is inflected."""
    return word[:-1] if word in _verbs() and len(word) > 1 else word if word not in _verbs() else ""


@cache
def _verbs() -> frozenset[str]:
    return frozenset(entry.by for entry in entries() if entry.part in ("verb", "adjective"))


@lru_cache(maxsize=8192)
def by_ear(text: str) -> str:
    """`text` with letters that sound alike made equal.

    >>> by_ear("계속") == by_ear("게속")
    True
    """
    return "".join(_sound(letter) for letter in letters(text))


def _sound(letter: str) -> str:
    if (parts := split(letter)) is None:
        return letter
    initial, vowel, final = parts
    return join(initial, _VOWELS.get(vowel, vowel), _FINALS.get(final, final))


def _is_key(morpheme: Morpheme) -> bool:
    form, tag = morpheme
    return tag in ("NNG", "NNP", "SL", "SH") and form not in LIGHT and form not in _LINES


@cache
def _synonyms() -> dict[str, tuple[str, ...]]:
    """Noun -> words for it; a verb of a noun and 하다 counts for its noun (말하다: 말)."""
    found: dict[str, tuple[str, ...]] = {}
    for entry in entries():
        for word, by in {(entry.word, entry.by), (_noun(entry.word), _noun(entry.by))}:
            found[word] = (*found.get(word, ()), by)
    return found


def _noun(stem: str) -> str:
    """The noun of a stem with 하, 되 or 스럽."""
    if stem.endswith("스럽"):
        return stem.removesuffix("스럽")
    return stem[:-1] if len(stem) > 1 and stem.endswith(("하", "되")) else stem


@lru_cache(maxsize=4096)
def synonyms_of(word: str) -> frozenset[str]:
    """The words that may stand for a noun, a stem or an adverb."""
    return frozenset(_synonyms().get(word, ()))


def _others(noun: str) -> tuple[str, ...]:
    return tuple(word for word in (*_synonyms().get(noun, ()), *nouns_of_dialect(noun)) if word)
