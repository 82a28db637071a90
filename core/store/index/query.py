"""What a text query means, and the one thing the dialects do not share: how it is matched.

A query is a substring of the NFC text; ASCII letters match either case. A compatibility consonant (ㅎ) matches itself
and every syllable that begins with it, so `ㅎㅈ` finds 화재 and `ㅎ재` too. With `ignore_spacing` white space counts
neither in the query nor in the text. The pattern of a query is a regular expression that SQLite (through Python's re)
and PostgreSQL (`~`, untested) both read: it decides. On SQLite `core.store.index.chunks` answers most of it beforehand.
"""

from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import ColumnElement

from core.hangul import INITIALS, beginning_with
from core.store.schema import utterance
from core.text import nfc

Ranges = tuple[tuple[int, int], ...]  # code points, both ends included, that one letter of a query accepts

TOGETHER, ONE_SPACE, OTHER_SPACE = range(3)  # what stands between two letters: nothing, " ", other white space
ANY_GAP = frozenset((TOGETHER, ONE_SPACE, OTHER_SPACE))


@dataclass(frozen=True, slots=True)
class Query:
    """`gaps[i]` may stand between letters i and i + 1. Where not `sure`, these only narrow, and `pattern` decides."""

    letters: tuple[Ranges, ...]
    gaps: tuple[frozenset[int], ...]
    sure: bool
    pattern: str

    @property
    def consonants(self) -> tuple[int, ...] | None:
        """Numbers (from 1) of the first consonants asked for, where nothing else is asked for."""
        if any(len(accepts) == 1 for accepts in self.letters):
            return None
        return tuple(INITIALS.index(chr(accepts[0][0])) + 1 for accepts in self.letters)


def parse(wanted: str, ignore_spacing: bool = False) -> Query | None:
    """The query that `wanted` is; None where it asks for nothing."""
    wanted = nfc(wanted)
    if ignore_spacing:
        wanted = "".join(wanted.split())
    if not wanted:
        return None
    solid = [at for at, letter in enumerate(wanted) if not letter.isspace()]
    gaps = tuple(ANY_GAP if ignore_spacing else frozenset((gap(wanted[a + 1 : b]),)) for a, b in pairwise(solid))
    inside = bool(solid) and solid[0] == 0 and solid[-1] == len(wanted) - 1
    sure = inside and all(OTHER_SPACE not in one or ignore_spacing for one in gaps)
    between = r"\s*" if ignore_spacing else ""
    return Query(
        tuple(accepted(wanted[at]) for at in solid), gaps, sure, between.join(_pattern(letter) for letter in wanted)
    )


def gap(between: str) -> int:
    if not between:
        return TOGETHER
    return ONE_SPACE if between == " " else OTHER_SPACE


def accepted(letter: str) -> Ranges:
    """What a letter of a query accepts, in the lower case of ASCII.

    >>> [(chr(a), chr(b)) for a, b in accepted("ㅎ")]
    [('ㅎ', 'ㅎ'), ('하', '힣')]
    """
    code = ord(letter.lower() if letter.isascii() else letter)
    if letter not in INITIALS:
        return ((code, code),)
    first, last = beginning_with(letter)
    return ((code, code), (ord(first), ord(last)))


def _pattern(letter: str) -> str:
    if letter in INITIALS:
        return "[" + "".join(chr(a) if a == b else f"{chr(a)}-{chr(b)}" for a, b in accepted(letter)) + "]"
    if not letter.isascii() or letter.isdigit():
        return letter
    return f"[{letter.lower()}{letter.upper()}]" if letter.isalpha() else f"\\{letter}"


def matches(query: Query) -> ColumnElement[bool]:
    """The exact condition, for any dialect; slow over many rows."""
    return utterance.c.text.regexp_match(query.pattern)
