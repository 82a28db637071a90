"""Well-formed Korean: what a changed text may not have that its source does not.

A fault is a particle in the wrong form (라이트이), a word that begins with a particle, an ending or a suffix, a lone
letter, a stem without an ending, a lone syllable that is no word, a word said twice in a row, an end that is no
predicate any more, or a text that the analyser finds far less likely than its source.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from core.augment.reading import Reading, Word
from core.augment.table import entries
from core.hangul import split

NOISY = ("transcription-noise", "dialect")  # they misspell on purpose, and the analyser misreads what they write
# The operation of a language model: it has its own maker, writes sentences anew, and goes through the same guards.
LANGUAGE_MODEL = "llm"
LEAST_LIKELY = 20.0  # how far the score may fall for each word that is new
_JAMO = re.compile(r"[ㄱ-ㅎㅏ-ㅣ]")
_PAIRS = {  # particle -> whether the noun before it ends in a consonant
    "은": True, "는": False, "이": True, "가": False, "을": True, "를": False, "과": True, "와": False,
    "으로": True, "로": False, "이랑": True, "랑": False, "이나": True, "나": False, "아": True, "야": False,
    "으로서": True, "로서": False, "으로써": True, "로써": False, "이라도": True, "라도": False,
}  # fmt: skip
_NOUNS = frozenset(("NNG", "NNP", "NNB", "NP", "NR"))
_FRAGMENT = frozenset(("NNG", "NNP", "XR", "UN", "SL", "SH"))
_STEMS = ("VV", "VA", "VX", "XSV", "XSA", "VCP", "VCN")
_ENDS = frozenset(("EF", "EC", "JX", "IC"))


def faults(source: Reading, new: Reading, operation: str) -> tuple[str, ...]:
    """The names of the faults of `new` that `source` does not have."""
    return tuple(dict.fromkeys(_faults(source, new, operation)))


def _faults(source: Reading, new: Reading, operation: str) -> Iterator[str]:
    before = {word.text for word in source.words}
    fresh = [word for word in new.words if word.text not in before]
    if Counter(_JAMO.findall(new.text)) - Counter(_JAMO.findall(source.text)):
        yield "letter"
    if _repeats(new) - _repeats(source):
        yield "twice"
    if operation in NOISY:
        return
    if _disagreements(new) > _disagreements(source):
        yield "particle"
    if sum(map(_begins_inside, new.words)) > sum(map(_begins_inside, source.words)):
        yield "beginning"
    if any(word.spoken and word.spoken[-1][1] in _STEMS for word in fresh):
        yield "bare stem"
    if operation != LANGUAGE_MODEL and _fragments(source, fresh):
        yield "fragment"
    if not _ends_as(source, new):
        yield "end"
    if source.score - new.score > LEAST_LIKELY * max(1, len(fresh)):
        yield "unlikely"


def _disagreements(reading: Reading) -> int:
    return sum(disagrees(a, b) for word in reading.words for a, b in pairwise(word.spoken))


def disagrees(noun: tuple[str, str], particle: tuple[str, str]) -> bool:
    """Whether the particle has the form for another noun."""
    if noun[1] not in _NOUNS or particle[1][0] != "J" or particle[0] not in _PAIRS:
        return False
    if (parts := split(noun[0][-1])) is None:
        return False
    closed = parts[2] != " "
    if particle[0] in ("으로", "로", "으로서", "로서", "으로써", "로써") and parts[2] == "ㄹ":
        closed = False
    return _PAIRS[particle[0]] != closed


def _begins_inside(word: Word) -> bool:
    """Whether a word begins with what belongs to a word before it."""
    if not word.spoken:
        return False
    tag = word.spoken[0][1]
    return tag[0] in "JE" or tag in ("XSN", "XSV", "XSA", "XSM", "VCP")


def _fragments(source: Reading, fresh: list[Word]) -> bool:
    """Whether a new word has a noun of one syllable, or an unknown one, that is neither in the source nor a synonym."""
    known = {form for form, _ in source.morphemes()} | _synonyms()
    return any(
        tag in _FRAGMENT and (len(form) == 1 or tag == "UN") and form not in known
        for word in fresh
        if word.bare not in known
        for form, tag in word.spoken
    )


@cache
def _synonyms() -> frozenset[str]:
    return frozenset(entry.by for entry in entries())


def _repeats(reading: Reading) -> Counter[str]:
    return Counter(a.bare for a, b in pairwise(reading.words) if a.bare and a.bare == b.bare)


def _ends_as(source: Reading, new: Reading) -> bool:
    """Whether a text that ends in a predicate still does."""
    old_end, end = _end(source), _end(new)
    if old_end is None or end is None or end.text == old_end.text:
        return end is not None or old_end is None
    return old_end.spoken[-1][1] not in ("EF", "EC") or end.spoken[-1][1] in _ENDS


def _end(reading: Reading) -> Word | None:
    return next((word for word in reversed(reading.words) if word.spoken), None)
