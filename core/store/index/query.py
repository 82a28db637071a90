"""Parses a text query into letters with gaps, and into a regular expression for the database.

A query is a substring of the NFC text; ASCII letters match upper and lower case. A compatibility consonant (ㅎ) matches
itself and every syllable that begins with it, so both `ㅎㅈ` and `ㅎ재` find 화재. With `ignore_spacing`, white space
counts neither in the query nor in the text. The regular expression decides what matches; SQLite (through Python's re)
and PostgreSQL (`~`) both read it. The index (`core.store.index.chunks`) narrows the rows first.
"""

from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import ColumnElement

from core.hangul import INITIALS, syllable_range
from core.store.schema import utterance
from core.text import nfc

Ranges = tuple[tuple[int, int], ...]  # the code points that one letter of a query accepts, both ends included

TOGETHER, ONE_SPACE, OTHER_SPACE = range(3)  # the gap between two letters: nothing, " ", other white space
ANY_GAP = frozenset((TOGETHER, ONE_SPACE, OTHER_SPACE))


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query. Between letters i and i + 1 there may be any of `gaps[i]`.

    `sure`: letters and gaps say exactly what matches. If it is false, they only narrow the texts, and `pattern` (a
    regular expression) decides.
    """

    letters: tuple[Ranges, ...]
    gaps: tuple[frozenset[int], ...]
    sure: bool
    pattern: str

    @property
    def consonants(self) -> tuple[int, ...] | None:
        """The numbers (from 1) of the query's first consonants; None if the query has any other letter."""
        if any(len(accepts) == 1 for accepts in self.letters):
            return None
        return tuple(INITIALS.index(chr(accepts[0][0])) + 1 for accepts in self.letters)


def parse(wanted: str, ignore_spacing: bool = False) -> Query | None:
    """Parse the text of a query; None if it is empty."""
    wanted = nfc(wanted)
    if ignore_spacing:
        wanted = "".join(wanted.split())
    if not wanted:
        return None
    solid = [at for at, letter in enumerate(wanted) if not letter.isspace()]
    gaps = tuple(ANY_GAP if ignore_spacing else frozenset((gap(wanted[a + 1 : b]),)) for a, b in pairwise(solid))
    inside = bool(solid) and solid[0] == 0 and solid[-1] == len(wanted) - 1
    sure = inside and all(OTHER_SPACE not in allowed or ignore_spacing for allowed in gaps)
    between = r"\s*" if ignore_spacing else ""
    return Query(
        tuple(accepted(wanted[at]) for at in solid), gaps, sure, between.join(_pattern(letter) for letter in wanted)
    )


def gap(between: str) -> int:
    """Return the kind of gap that the white space `between` two letters is."""
    if not between:
        return TOGETHER
    return ONE_SPACE if between == " " else OTHER_SPACE


def accepted(letter: str) -> Ranges:
    """Return the code points that a letter of a query accepts; ASCII in lower case.

    >>> [(chr(a), chr(b)) for a, b in accepted("ㅎ")]
    [('ㅎ', 'ㅎ'), ('하', '힣')]
    """
    code = ord(letter.lower() if letter.isascii() else letter)
    if letter not in INITIALS:
        return ((code, code),)
    first, last = syllable_range(letter)
    return ((code, code), (ord(first), ord(last)))


def _pattern(letter: str) -> str:
    if letter in INITIALS:
        return "[" + "".join(chr(a) if a == b else f"{chr(a)}-{chr(b)}" for a, b in accepted(letter)) + "]"
    if not letter.isascii() or letter.isdigit():
        return letter
    return f"[{letter.lower()}{letter.upper()}]" if letter.isalpha() else f"\\{letter}"


def matches(query: Query) -> ColumnElement[bool]:
    """Return the exact SQL condition, for any dialect; it is slow over many rows."""
    return utterance.c.text.regexp_match(query.pattern)
