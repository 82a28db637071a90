"""The arrays behind substring search: where each letter stands in the texts of a chunk, and what follows it. No SQL.

A chunk is a block of `CHUNK` consecutive utterance ids; a slot is the place of an id in its chunk. A place is
`slot << 18 | n`: the n-th letter of the text in that slot; white space is not counted. A follower is
`code point << 2 | gap` (gaps: see `core.store.index.query`), or `END` after the last letter. The followers answer
queries of one or two letters exactly; longer queries join pairs of letters by their places. Queries of first
consonants scan one byte for each letter: `gap << 5 | consonant`, where consonant 0 means that there is none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.hangul import FIRST, INITIALS, LAST, SYLLABLES_PER_INITIAL
from core.store.index.query import ANY_GAP, ONE_SPACE, OTHER_SPACE, Ranges

CHUNK = 1 << 14
PLACE_BITS = 18
LONGEST = 1 << PLACE_BITS  # a text with more letters is not indexed
END = 0x1FFFFF << 2
OFTEN = CHUNK // 16  # a letter that is in at least so many texts of a chunk gets a bitmap of these texts
_SPACES = np.array([c for c in range(0x3001) if chr(c).isspace()], np.uint32)
_IS_SPACE = np.isin(np.arange(0x3002), _SPACES)
_LAST = 3  # in place of a gap, after the last letter of a text
_GAP_BITS, _CONSONANT = 5, 31
_NEXT_TEXT = 0xFF
_CONSONANTS = np.zeros(1 << 16, np.uint8)
_CONSONANTS[[ord(letter) for letter in INITIALS]] = np.arange(1, len(INITIALS) + 1)
_CONSONANTS[ord(FIRST) : ord(LAST) + 1] = np.repeat(np.arange(1, len(INITIALS) + 1), SYLLABLES_PER_INITIAL)
_FEW = CHUNK // 2

Array = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Posting:
    """The index of one letter in one chunk, as bytes of uint32 arrays.

    `follows`: its followers, ascending. `counts`: the number of places of each follower. `places`: all places, in the
    order of the followers. `bits`: a bitmap of the slots whose text has the letter; empty if the letter is rare.
    """

    letter: int
    follows: bytes
    counts: bytes
    places: bytes
    bits: bytes


def codes_of(texts: Sequence[str]) -> tuple[Array, NDArray[np.int64]]:
    """Return the code points of all texts, one text after another (ASCII in lower case), and each text's length."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    codes = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32).copy()
    codes[(codes >= ord("A")) & (codes <= ord("Z"))] += 32
    return codes, lengths


@dataclass(frozen=True, slots=True)
class ChunkLetters:
    """The letters of a chunk's texts, one text after another. For each letter: its slot, and the gap after it.

    The gap is `_LAST` after the last letter of a text. White space is left out. All arrays are uint32 (n,).
    """

    letters: Array
    slots: Array
    gaps: Array


def chunk_letters(texts: Sequence[str], slots: Sequence[int]) -> ChunkLetters:
    """Return the letters of `texts`; `texts[i]` belongs to slot `slots[i]`.

    `slots` must ascend, and no text may have more than `LONGEST` letters.
    """
    codes, lengths = codes_of(texts)
    solid = np.flatnonzero(~_IS_SPACE[np.minimum(codes, 0x3001)])
    slot = np.repeat(np.asarray(slots, np.uint32), lengths)[solid]
    gaps = np.full(len(solid), _LAST, np.uint32)
    if len(solid):
        same = slot[1:] == slot[:-1]
        gaps[:-1][same] = _gaps(codes, solid)[same]
    return ChunkLetters(codes[solid], slot, gaps)


def postings(chunk: ChunkLetters) -> Iterator[Posting]:
    """Yield the index of each letter of one chunk, ascending by code point."""
    letters, last = chunk.letters, chunk.gaps == _LAST
    if not len(letters):
        return
    follows = np.full(len(letters), END, np.uint32)
    follows[:-1] = letters[1:] << 2 | chunk.gaps[:-1]
    follows[last] = END
    starts = np.concatenate(([0], np.flatnonzero(last)[:-1] + 1))
    number = np.arange(len(letters)) - np.repeat(starts, np.diff(starts, append=len(letters)))
    places = chunk.slots << PLACE_BITS | number.astype(np.uint32)
    order = _order(letters, follows)
    yield from _by_letter(letters[order], follows[order], places[order])


def _order(letters: Array, follows: Array) -> NDArray[Any]:
    """Return the indices that sort by letter, then by follower, then by position."""
    keys = letters.astype(np.uint64) << 23 | follows  # 44 bits
    if len(keys) >= 1 << 20:
        return np.argsort(keys, kind="stable")
    keys = keys << np.uint64(20) | np.arange(len(keys), dtype=np.uint64)  # several times faster than argsort
    keys.sort()
    return keys & np.uint64((1 << 20) - 1)


def consonants(chunk: ChunkLetters) -> bytes:
    """Return one byte for each letter: its first consonant and the gap after it. `_NEXT_TEXT` precedes every slot."""
    texts = int(chunk.slots[-1]) + 1 if len(chunk.slots) else 0
    packed = np.full(len(chunk.letters) + texts, _NEXT_TEXT, np.uint8)
    bytes_of_letters = _CONSONANTS[np.minimum(chunk.letters, 0xFFFF)] | (chunk.gaps << _GAP_BITS).astype(np.uint8)
    packed[np.arange(len(bytes_of_letters)) + chunk.slots + 1] = bytes_of_letters
    return packed.tobytes()


def with_consonants(packed: bytes, wanted: Sequence[int], gaps: Sequence[frozenset[int]]) -> NDArray[np.bool_]:
    """Return which slots have a text with the consonants `wanted` one after another: bool `(CHUNK,)`.

    `packed` comes from `consonants`. After consonant i there must be one of `gaps[i]`.
    """
    row = np.frombuffer(packed, np.uint8)
    held = np.zeros(CHUNK, bool)
    begins = max(len(row) - len(wanted) + 1, 0)
    fits = np.ones(begins, bool)
    for at, consonant in enumerate(wanted):
        fits &= _is(row[at : at + begins], consonant, gaps[at] if at < len(gaps) else ANY_GAP)
    texts = np.flatnonzero(row == _NEXT_TEXT)
    starts = np.flatnonzero(fits)
    if len(starts) < _FEW:
        held[np.searchsorted(texts, starts) - 1] = True
        return held
    everywhere = np.zeros(len(row), bool)
    everywhere[:begins] = fits
    held[: len(texts)] = np.logical_or.reduceat(everywhere, texts)
    return held


def _is(row: NDArray[np.uint8], consonant: int, gaps: frozenset[int]) -> NDArray[np.bool_]:
    if gaps == ANY_GAP:
        return (row & _CONSONANT) == consonant
    matches = np.zeros(len(row), bool)
    for gap in gaps:
        matches |= row == (gap << _GAP_BITS | consonant)
    return matches


def _gaps(codes: Array, solid: NDArray[np.int64]) -> Array:
    """Return the gap between each letter and the next one: TOGETHER, ONE_SPACE or OTHER_SPACE."""
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
    """Return the bool array `(CHUNK,)` as bytes, one bit for each slot."""
    return np.packbits(held, bitorder="little").tobytes()


def chosen(follows: Array, counts: Array, letter: Ranges, gaps: frozenset[int]) -> NDArray[np.int64]:
    """Return the indices of the places whose follower is a letter in `letter` after one of `gaps`."""
    code, between = follows >> 2, follows & 3
    fits = np.zeros(len(follows), bool)
    for low, high in letter:
        fits |= (code >= low) & (code <= high)
    fits &= np.isin(between, sorted(gaps))
    ends = np.cumsum(counts, dtype=np.int64)
    return spans(ends[fits] - counts[fits], counts[fits].astype(np.int64))


def spans(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the indices of several spans, one span after another.

    >>> spans(np.array([5, 20]), np.array([2, 3])).tolist()
    [5, 6, 20, 21, 22]
    """
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))
