"""The nouns that a text is about: a variant must keep each of them, or a synonym of it."""

from functools import cache, lru_cache

from core.augment.reading import Morpheme, Reading
from core.augment.table import entries
from core.augment.words_of_dialect import nouns_of_dialect
from core.hangul import join, split
from core.text import letters

# Nouns that say when or how much, and fillers: a text without them is about the same.
_LIGHT_LIST = """
지금 오늘 요즘 요새 요즈음 이번 이제 현재 매일 항상 정도 진짜 정말 때 거 것 수 데 중 점 번 명 개 등 뿐 만큼 대로
전부 모두 혼자 자체 우리 저희 여기 거기 저기 이거 그거 저거 약간 조금 사실 엄청 가장 제일 잠깐 잠시 방금 원래
보통 대체 무지
"""
LIGHT = frozenset(_LIGHT_LIST.split())
# letters that sound alike, so that a word misspelt by ear is still that word
_VOWELS = {"ㅐ": "ㅔ", "ㅒ": "ㅔ", "ㅖ": "ㅔ", "ㅙ": "ㅔ", "ㅚ": "ㅔ", "ㅞ": "ㅔ", "ㅢ": "ㅣ"}
_FINALS = {"ㅎ": " ", "ㄶ": "ㄴ", "ㅀ": "ㄹ", "ㅍ": "ㅂ", "ㄲ": "ㄱ", "ㅋ": "ㄱ"} | dict.fromkeys("ㅆㅈㅊㅌㄷ", "ㅅ")


def key_nouns(reading: Reading) -> list[str]:
    """The nouns, names, numbers and foreign words of a text that say what it is about."""
    return [form for form, tag in reading.morphemes() if _is_key((form, tag))]


def keeps_nouns(source: Reading, text: str, share: float) -> bool:
    """Whether `text` has at least `share` of the key nouns of `source`, as they are, by a synonym or in dialect."""
    nouns = key_nouns(source)
    if not nouns:
        return True
    heard = by_ear(letters(text))
    kept = sum(any(by_ear(_start(word)) in heard for word in (noun, *_others(noun))) for noun in nouns)
    return kept >= share * len(nouns)


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
    return tag in ("NNG", "NNP", "SN", "SL", "SH") and form not in LIGHT


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
