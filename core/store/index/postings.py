"""The arrays behind substring search: where each letter stands in the texts of a chunk, and what follows it. No SQL.

A chunk is a block of `CHUNK` consecutive utterance ids; a slot is the place of an id in its chunk. A place is
`slot << 18 | n`: the n-th letter of the text in that slot; white space is not counted. A follower is
`code point << 2 | gap` (gaps: see `core.store.index.query`), or `END` after the last letter. The followers answer
queries of one or two letters exactly; longer queries join pairs of letters by their places. Queries of first
consonants have postings of their own (`core.store.index.initials`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.store.index.query import ONE_SPACE, OTHER_SPACE, Ranges

CHUNK = 1 << 14
PLACE_BITS = 18
LONGEST = 1 << PLACE_BITS  # a text with more letters is not indexed
END = 0x1FFFFF << 2
OFTEN = CHUNK // 16  # a letter that is in at least so many texts of a chunk gets a bitmap of these texts
_SPACES = np.array([c for c in range(0x3001) if chr(c).isspace()], np.uint32)
_IS_SPACE = np.isin(np.arange(0x3002), _SPACES)
LAST = 3  # in place of a gap, after the last letter of a text

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

    The gap is `LAST` after the last letter of a text. White space is left out. All arrays are uint32 (n,).
    """

    letters: Array
    slots: Array
    gaps: Array

    def places(self) -> Array:
        """Return the place of each letter."""
        n = len(self.letters)
        starts = np.concatenate(([0], np.flatnonzero(self.gaps == LAST)[:-1] + 1))
        number = np.arange(n) - np.repeat(starts, np.diff(starts, append=n))
        return self.slots << PLACE_BITS | number.astype(np.uint32)


def chunk_letters(texts: Sequence[str], slots: Sequence[int]) -> ChunkLetters:
    """Return the letters of `texts`; `texts[i]` belongs to slot `slots[i]`.

    `slots` must ascend, and no text may have more than `LONGEST` letters.
    """
    codes, lengths = codes_of(texts)
    solid = np.flatnonzero(~_IS_SPACE[np.minimum(codes, 0x3001)])
    slot = np.repeat(np.asarray(slots, np.uint32), lengths)[solid]
    gaps = np.full(len(solid), LAST, np.uint32)
    if len(solid):
        same = slot[1:] == slot[:-1]
        gaps[:-1][same] = _gaps(codes, solid)[same]
    return ChunkLetters(codes[solid], slot, gaps)


def postings(chunk: ChunkLetters) -> Iterator[Posting]:
    """Yield the index of each letter of one chunk, ascending by code point."""
    letters, last = chunk.letters, chunk.gaps == LAST
    if not len(letters):
        return
    follows = np.full(len(letters), END, np.uint32)
    follows[:-1] = letters[1:] << 2 | chunk.gaps[:-1]
    follows[last] = END
    yield from sorted_postings(letters, follows, chunk.places())


def sorted_postings(letters: Array, follows: Array, places: Array) -> Iterator[Posting]:
    """Yield the index of each letter; `letters[i]` is at `places[i]` and has the follower `follows[i]`."""
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


def chosen(follows: Array, letter: Ranges, gaps: frozenset[int]) -> NDArray[np.int64]:
    """Return the indices of the followers that are a letter in `letter` after one of `gaps`."""
    code, between = follows >> 2, follows & 3
    fits = np.zeros(len(follows), bool)
    for low, high in letter:
        fits |= (code >= low) & (code <= high)
    fits &= np.isin(between, sorted(gaps))
    return np.flatnonzero(fits)


def held_in(slots: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which slots of a chunk are among `slots`: bool `(CHUNK,)`."""
    held = np.zeros(CHUNK, bool)
    held[slots] = True
    return held


def planes(name: str, slots: NDArray[Any], values: NDArray[Any]) -> dict[str, bytes]:
    """Return `name/k` -> the slots whose number has bit k, as `pack` writes them."""
    top = int(values.max()).bit_length() if len(values) else 0
    return {f"{name}/{bit}": pack(held_in(slots[(values >> bit) & 1 == 1])) for bit in range(top)}
