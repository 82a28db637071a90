"""Finds the texts that have given letters, from the index.

The places of a letter or of a pair of letters come from the table `posting`. A query of first consonants alone (ㅎㅈ)
would read the postings of hundreds of letters; it reads those of the consonants (`core.store.index.initials`) instead.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from core.store import portable
from core.store.index import initials
from core.store.index.chunks import CODE_BITS
from core.store.index.postings import CHUNK, PLACE_BITS, chosen
from core.store.index.query import ANY_GAP, Query, Ranges

Set = NDArray[np.uint64]
Ids = NDArray[np.int64]
WORDS = CHUNK // 64
_ALL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)


def holding(connection: Connection, chunks: Ids, query: Query) -> Set:
    """Return the set of the texts of `chunks` that have the letters of `query` with its gaps between them."""
    if not query.letters:
        return np.full((len(chunks), WORDS), _ALL)
    if query.consonants is not None:
        return _by_consonants(connection, chunks, query.consonants, query.gaps)
    if len(query.letters) == 1:
        return _letter(connection, chunks, query.letters[0])
    return packed(_by_pairs(connection, chunks, query))


def _by_consonants(
    connection: Connection, chunks: Ids, consonants: tuple[int, ...], gaps: tuple[frozenset[int], ...]
) -> Set:
    if len(consonants) == 1:
        only = initials.code(consonants[0])
        return _letter(connection, chunks, ((only, only),))
    if len(consonants) == 2:
        return _letter(connection, chunks, initials.pair(consonants[0], gaps[0], consonants[1]))
    last = len(consonants) - 3
    groups = []
    for at in sorted({*range(0, last, 2), last}):  # groups of three, which share letters: so every gap is in one
        two = initials.pair(consonants[at], gaps[at], consonants[at + 1])
        then = ((consonants[at + 2], consonants[at + 2]),)
        groups.append((at, _places(connection, chunks, two, then, gaps[at + 1])))
    return packed(_joined(groups, len(chunks) * CHUNK))


def _by_pairs(connection: Connection, chunks: Ids, query: Query) -> NDArray[np.bool_]:
    letters, gaps = query.letters, query.gaps
    # Places do not say which gap is between two letters, so a pair may be left out only where any gap is allowed.
    pairs = [at for at in range(len(letters) - 1) if at % 2 == 0 or gaps[at] != ANY_GAP]
    if pairs[-1] != len(letters) - 2:
        pairs.append(len(letters) - 2)
    groups = [(at, _places(connection, chunks, letters[at], letters[at + 1], gaps[at])) for at in pairs]
    return _joined(groups, len(chunks) * CHUNK)


def _joined(groups: Sequence[tuple[int, "_Places"]], size: int) -> NDArray[np.bool_]:
    """Return which texts have all groups of letters in their places.

    A group is (at, places): its first letter is number `at` of the query, and it is at any of `places`.
    """
    (_, rarest), *others = sorted(groups, key=lambda group: len(group[1].texts))
    held = rarest.of(size)
    for _, more in others:
        held &= more.where(held[more.texts]).of(size)
    if not others:
        return held
    # Few texts have all the groups; only their places need to be matched, which takes sorting.
    begins, *rest = (places.where(held[places.texts]).less(at) for at, places in groups)
    for more_begins in rest:
        begins = _in_both(begins, more_begins)
    matched = np.zeros(size, bool)
    matched[begins >> np.uint64(PLACE_BITS)] = True
    return matched


def _in_both(some: NDArray[np.uint64], others: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """As `np.intersect1d` of unique values, whose sort takes ten times as long for values that nearly ascend."""
    both = np.concatenate((some, others))
    both.sort(kind="stable")
    return both[1:][both[1:] == both[:-1]]


@dataclass(frozen=True, slots=True)
class _Places:
    """Places of letters. `texts`: row * CHUNK + slot, where row is the position of the chunk among those searched.

    `numbers`: the number of the letter in its text.
    """

    texts: NDArray[np.uint32]
    numbers: NDArray[np.uint32]

    def of(self, size: int) -> NDArray[np.bool_]:
        """Return which texts have a place: bool (size,)."""
        held = np.zeros(size, bool)
        held[self.texts] = True
        return held

    def where(self, wanted: NDArray[np.bool_]) -> "_Places":
        return _Places(self.texts[wanted], self.numbers[wanted])

    def less(self, letters: int) -> NDArray[np.uint64]:
        """Return `text << PLACE_BITS | number` of the letter that is so many letters before each place."""
        there = self if letters == 0 else self.where(self.numbers >= letters)
        return there.texts.astype(np.uint64) << np.uint64(PLACE_BITS) | (there.numbers - np.uint32(letters))


def _places(connection: Connection, chunks: Ids, letter: Ranges, then: Ranges, gaps: frozenset[int]) -> _Places:
    """Return the places of each `letter` that `then` follows."""
    rows = _postings(connection, chunks, letter, "p.follows, p.counts, p.places")
    if not rows:
        return _Places(np.zeros(0, np.uint32), np.zeros(0, np.uint32))
    held, follows, counts, blobs = zip(*rows, strict=True)
    sizes, n = [len(blob) // 4 for blob in follows], _array(counts).astype(np.int64)
    before = np.cumsum(n) - n
    firsts = np.cumsum(sizes) - sizes  # of each row's followers, among those of all rows
    wanted = chosen(_array(follows), then, gaps)
    row = np.searchsorted(firsts, wanted, side="right") - 1
    starts, lengths = before[wanted] - before[firsts[row]], n[wanted]
    spans = zip(row.tolist(), (starts * 4).tolist(), ((starts + lengths) * 4).tolist(), strict=True)
    places = _array(blobs[at][start:stop] for at, start, stop in spans)
    first_text = (np.searchsorted(chunks, held)[row] * CHUNK).astype(np.uint32)
    texts = np.repeat(first_text, lengths)
    texts += places >> PLACE_BITS
    return _Places(texts, places & np.uint32((1 << PLACE_BITS) - 1))


def _letter(connection: Connection, chunks: Ids, letter: Ranges) -> Set:
    """Return the set of the texts that have the letter."""
    members = np.zeros((len(chunks), WORDS), np.uint64)
    rows = _postings(connection, chunks, letter, "p.bits, CASE WHEN length(p.bits) = 0 THEN p.places END")
    for chunk, bits in ((chunk, bits) for chunk, bits, _ in rows if bits):
        members[np.searchsorted(chunks, chunk)] |= np.frombuffer(bits, np.uint64)
    if seldom := [(chunk, places) for chunk, bits, places in rows if not bits]:
        held, blobs = zip(*seldom, strict=True)
        row = np.repeat(np.searchsorted(chunks, held), [len(blob) // 4 for blob in blobs])
        marked = np.zeros(len(chunks) * CHUNK, bool)
        marked[row * CHUNK + (_array(blobs) >> PLACE_BITS).astype(np.int64)] = True
        members |= packed(marked)
    return members


def _postings(connection: Connection, chunks: Ids, letter: Ranges, columns: str) -> list[Any]:
    """Return the postings of all letters in the ranges `letter`, as rows (chunk, *columns)."""
    spans = [(first + low, first + high) for first in (chunks << CODE_BITS).tolist() for low, high in letter]
    query = (
        f"SELECT p.id >> {CODE_BITS}, {columns} FROM {portable.spans(connection)} "
        "JOIN posting p ON p.id BETWEEN j.low AND j.high"
    )
    return portable.tuples(connection, query, (json.dumps(spans),))


def packed(held: NDArray[np.bool_]) -> Set:
    """Return the set of the marked slots; `held` is bool (chunks * CHUNK,)."""
    return np.packbits(held, bitorder="little").view(np.uint64).reshape(-1, WORDS)


def _array(blobs: Iterable[bytes]) -> NDArray[np.uint32]:
    return np.frombuffer(b"".join(blobs), np.uint32)
