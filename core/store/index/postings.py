"""Where in a chunk of texts each letter stands and what follows it: the arrays behind substring search. No SQL here.

A chunk is `CHUNK` consecutive utterance ids; a slot is an id's place in it. A place is `slot << 18 | n`: the n-th of
that text's letters, white space not counted. A follower is `code point << 2 | gap` (see `core.store.index.query`), `END`
after the last letter. Knowing what follows, one or two letters are answered exactly; longer queries join pairs of
letters by their places. Queries of first consonants scan a byte a letter: `gap << 5 | consonant`, 0 for none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.hangul import FIRST, INITIALS, LAST, OF_AN_INITIAL
from core.store.index.query import ANY_GAP, ONE_SPACE, OTHER_SPACE, Ranges

CHUNK = 1 << 14
PLACE_BITS = 18
LONGEST = 1 << PLACE_BITS  # letters of a text that is indexed
END = 0x1FFFFF << 2
OFTEN = CHUNK // 16  # a letter in so many texts of a chunk gets a bitmap of them
_SPACES = np.array([c for c in range(0x3001) if chr(c).isspace()], np.uint32)
_IS_SPACE = np.isin(np.arange(0x3002), _SPACES)
_LAST = 3  # in place of a gap, after the last letter of a text
_GAP_BITS, _CONSONANT = 5, 31
_NEXT_TEXT = 0xFF
_CONSONANTS = np.zeros(1 << 16, np.uint8)
_CONSONANTS[[ord(letter) for letter in INITIALS]] = np.arange(1, len(INITIALS) + 1)
_CONSONANTS[ord(FIRST) : ord(LAST) + 1] = np.repeat(np.arange(1, len(INITIALS) + 1), OF_AN_INITIAL)
_FEW = CHUNK // 2

Array = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Posting:
    """One letter of a chunk: its followers (ascending), how many places each has, the places in that order.

    `bits` marks the slots that hold the letter where it is frequent, else it is empty.
    """

    letter: int
    follows: bytes
    counts: bytes
    places: bytes
    bits: bytes


def codes_of(texts: Sequence[str]) -> tuple[Array, NDArray[np.int64]]:
    """The code points of all texts in a row, ASCII in lower case, and the length of each text."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    codes = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32).copy()
    codes[(codes >= ord("A")) & (codes <= ord("Z"))] += 32
    return codes, lengths


@dataclass(frozen=True, slots=True)
class Said:
    """The letters of a chunk's texts in a row: each with its slot and the gap after it, `_LAST` where a text ends."""

    letters: Array
    slots: Array
    gaps: Array


def said(texts: Sequence[str], slots: Sequence[int]) -> Said:
    """`texts[i]` is that of slot `slots[i]`, ascending; each has at most `LONGEST` letters."""
    codes, lengths = codes_of(texts)
    solid = np.flatnonzero(~_IS_SPACE[np.minimum(codes, 0x3001)])
    slot = np.repeat(np.asarray(slots, np.uint32), lengths)[solid]
    gaps = np.full(len(solid), _LAST, np.uint32)
    if len(solid):
        same = slot[1:] == slot[:-1]
        gaps[:-1][same] = _gaps(codes, solid)[same]
    return Said(codes[solid], slot, gaps)


def postings(said: Said) -> Iterator[Posting]:
    """The index of one chunk, by letter."""
    letters, last = said.letters, said.gaps == _LAST
    if not len(letters):
        return
    follows = np.full(len(letters), END, np.uint32)
    follows[:-1] = letters[1:] << 2 | said.gaps[:-1]
    follows[last] = END
    starts = np.concatenate(([0], np.flatnonzero(last)[:-1] + 1))
    number = np.arange(len(letters)) - np.repeat(starts, np.diff(starts, append=len(letters)))
    places = said.slots << PLACE_BITS | number.astype(np.uint32)
    order = _order(letters, follows)
    yield from _by_letter(letters[order], follows[order], places[order])


def _order(letters: Array, follows: Array) -> NDArray[Any]:
    """By letter, then follower, then as they stand."""
    keys = letters.astype(np.uint64) << 23 | follows  # 44 bits
    if len(keys) >= 1 << 20:
        return np.argsort(keys, kind="stable")
    keys = keys << np.uint64(20) | np.arange(len(keys), dtype=np.uint64)  # sorts several times as fast
    keys.sort()
    return keys & np.uint64((1 << 20) - 1)


def consonants(said: Said) -> bytes:
    """The first consonant of every letter with the gap after it; `_NEXT_TEXT` before the text of every slot."""
    texts = int(said.slots[-1]) + 1 if len(said.slots) else 0
    found = np.full(len(said.letters) + texts, _NEXT_TEXT, np.uint8)
    own = _CONSONANTS[np.minimum(said.letters, 0xFFFF)] | (said.gaps << _GAP_BITS).astype(np.uint8)
    found[np.arange(len(own)) + said.slots + 1] = own
    return found.tobytes()


def with_consonants(said: bytes, wanted: Sequence[int], gaps: Sequence[frozenset[int]]) -> NDArray[np.bool_]:
    """Slots whose text has the consonants `wanted` in a row, with one of `gaps[i]` after number i: `(CHUNK,)`."""
    row = np.frombuffer(said, np.uint8)
    held = np.zeros(CHUNK, bool)
    begins = max(len(row) - len(wanted) + 1, 0)
    fits = np.ones(begins, bool)
    for at, one in enumerate(wanted):
        fits &= _is(row[at : at + begins], one, gaps[at] if at < len(gaps) else ANY_GAP)
    texts = np.flatnonzero(row == _NEXT_TEXT)
    found = np.flatnonzero(fits)
    if len(found) < _FEW:
        held[np.searchsorted(texts, found) - 1] = True
        return held
    everywhere = np.zeros(len(row), bool)
    everywhere[:begins] = fits
    held[: len(texts)] = np.logical_or.reduceat(everywhere, texts)
    return held


def _is(row: NDArray[np.uint8], consonant: int, gaps: frozenset[int]) -> NDArray[np.bool_]:
    if gaps == ANY_GAP:
        return (row & _CONSONANT) == consonant
    found = np.zeros(len(row), bool)
    for gap in gaps:
        found |= row == (gap << _GAP_BITS | consonant)
    return found


def _gaps(codes: Array, solid: NDArray[np.int64]) -> Array:
    """What stands between each letter and the next: TOGETHER, ONE_SPACE or OTHER_SPACE."""
    wide = np.diff(solid) - 1
    gaps = np.minimum(wide, 1).astype(np.uint32)
    gaps[wide > 1] = OTHER_SPACE
    gaps[(wide == 1) & (codes[solid[:-1] + 1] != ord(" "))] = OTHER_SPACE
    assert ONE_SPACE == 1
    return gaps


def _by_letter(letters: Array, follows: Array, places: Array) -> Iterator[Posting]:
    new_letter = np.flatnonzero(np.diff(letters)) + 1
    cuts = [0, *new_letter.tolist(), len(letters)]
    pair = np.flatnonzero((np.diff(follows) != 0) | (np.diff(letters) != 0)) + 1
    pairs = np.concatenate(([0], pair))
    sizes = np.diff(pairs, append=len(letters)).astype(np.uint32)
    firsts = follows[pairs]
    bounds = np.searchsorted(pairs, cuts).tolist()
    for at in range(len(cuts) - 1):
        low, high, a, b = cuts[at], cuts[at + 1], bounds[at], bounds[at + 1]
        yield Posting(
            int(letters[low]), firsts[a:b].tobytes(), sizes[a:b].tobytes(), places[low:high].tobytes(),
            _bits(places[low:high]),
        )  # fmt: skip


def _bits(places: Array) -> bytes:
    if len(places) < OFTEN:
        return b""
    held = np.zeros(CHUNK, bool)
    held[places >> PLACE_BITS] = True
    return pack(held) if held.sum() >= OFTEN else b""


def pack(held: NDArray[np.bool_]) -> bytes:
    """One bit a slot."""
    return np.packbits(held, bitorder="little").tobytes()


def chosen(follows: Array, counts: Array, letter: Ranges, gaps: frozenset[int]) -> NDArray[np.int64]:
    """Indices into the places of those whose follower is accepted."""
    code, between = follows >> 2, follows & 3
    fits = np.zeros(len(follows), bool)
    for low, high in letter:
        fits |= (code >= low) & (code <= high)
    fits &= np.isin(between, sorted(gaps))
    ends = np.cumsum(counts, dtype=np.int64)
    return spans(ends[fits] - counts[fits], counts[fits].astype(np.int64))


def spans(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The indices of several spans in a row.

    >>> spans(np.array([5, 20]), np.array([2, 3])).tolist()
    [5, 6, 20, 21, 22]
    """
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))
