"""Where in a chunk of texts each letter stands and what follows it: the arrays behind substring search. No SQL here.

A chunk is `CHUNK` consecutive utterance ids; a slot is an id's place in it. A place is `slot << 18 | n`: the n-th of
that text's letters, white space not counted. A follower is `code point << 2 | gap` (see `core.store.search`), `END`
after the last letter. Knowing what follows, one or two letters are answered exactly; longer queries join pairs of
letters by their places.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.store.search import ONE_SPACE, OTHER_SPACE, Ranges

CHUNK = 1 << 14
PLACE_BITS = 18
LONGEST = 1 << PLACE_BITS  # letters of a text that is indexed
END = 0x1FFFFF << 2
OFTEN = CHUNK // 16  # a letter in so many texts of a chunk gets a bitmap of them
_SPACES = np.array([c for c in range(0x3001) if chr(c).isspace()], np.uint32)
_IS_SPACE = np.isin(np.arange(0x3002), _SPACES)

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


def postings(texts: Sequence[str], slots: Sequence[int]) -> Iterator[Posting]:
    """The index of one chunk, by letter; `texts[i]` is that of slot `slots[i]`, each at most `LONGEST` letters."""
    codes, lengths = codes_of(texts)
    solid = np.flatnonzero(~_IS_SPACE[np.minimum(codes, 0x3001)])
    if not len(solid):
        return
    letters = codes[solid]
    slot = np.repeat(np.asarray(slots, np.uint32), lengths)[solid]
    same = slot[1:] == slot[:-1]
    follows = np.full(len(letters), END, np.uint32)
    follows[:-1][same] = (letters[1:] << 2 | _gaps(codes, solid))[same]
    starts = np.concatenate(([0], np.flatnonzero(~same) + 1))
    number = np.arange(len(letters)) - np.repeat(starts, np.diff(starts, append=len(letters)))
    places = slot << PLACE_BITS | number.astype(np.uint32)
    order = np.argsort(letters.astype(np.uint64) << 32 | follows, kind="stable")
    yield from _by_letter(letters[order], follows[order], places[order])


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
