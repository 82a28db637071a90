"""Finds the texts that have given letters, from the index.

The places of a letter or of a pair of letters come from the table `posting`. A query of first consonants alone (ㅎㅈ)
would read the postings of hundreds of letters; it scans the consonants of all texts instead, one byte for each letter,
chunk by chunk (about 0.5 ms for each chunk).
"""

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from core.store.index.chunks import CODE_BITS, CONSONANTS
from core.store.index.postings import CHUNK, PLACE_BITS, chosen, pack, with_consonants
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
    members = np.zeros((len(chunks), WORDS), np.uint64)
    for chunk, bits in connection.exec_driver_sql("SELECT chunk, bits FROM facet WHERE name = ?", (CONSONANTS,)):
        held = with_consonants(bits, consonants, gaps)
        members[np.searchsorted(chunks, chunk)] = np.frombuffer(pack(held), np.uint64)
    return members


def _by_pairs(connection: Connection, chunks: Ids, query: Query) -> NDArray[np.bool_]:
    letters, gaps = query.letters, query.gaps
    # Places do not say which gap is between two letters, so a pair may be left out only where any gap is allowed.
    pairs = [at for at in range(len(letters) - 1) if at % 2 == 0 or gaps[at] != ANY_GAP]
    if pairs[-1] != len(letters) - 2:
        pairs.append(len(letters) - 2)
    places = [_shifted(_places(connection, chunks, letters[at], letters[at + 1], gaps[at]), at) for at in pairs]
    size = len(chunks) * CHUNK
    held = _texts_with(places[0], size)
    for more in places[1:]:
        held &= _texts_with(more, size)
    if len(places) == 1:
        return held
    # Few texts have all the pairs; only their places need to be matched, which takes sorting.
    first, *rest = (pair_places[held[_flat(pair_places)]] for pair_places in places)
    for more in rest:
        first = np.intersect1d(first, more, assume_unique=True)
    return _texts_with(first, size)


def _places(
    connection: Connection, chunks: Ids, letter: Ranges, then: Ranges, gaps: frozenset[int]
) -> NDArray[np.uint64]:
    """Return `row << 32 | place` of each `letter` that `then` follows; row: position of the chunk in `chunks`."""
    rows = _postings(connection, chunks, letter, "p.follows, p.counts, p.places")
    if not rows:
        return np.zeros(0, np.uint64)
    held, follows, counts, places = zip(*rows, strict=True)
    at = chosen(_array(follows), _array(counts), then, gaps)
    ends = np.cumsum([len(blob) // 4 for blob in places])
    row = np.searchsorted(chunks, held)[np.searchsorted(ends, at, side="right")].astype(np.uint64)
    return row << np.uint64(32) | _array(places)[at]


def _letter(connection: Connection, chunks: Ids, letter: Ranges) -> Set:
    """Return the set of the texts that have the letter."""
    members = np.zeros((len(chunks), WORDS), np.uint64)
    rows = _postings(connection, chunks, letter, "p.bits, CASE WHEN p.bits = x'' THEN p.places END")
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
        f"SELECT p.id >> {CODE_BITS}, {columns} FROM json_each(?) j "
        "JOIN posting p ON p.id BETWEEN j.value ->> 0 AND j.value ->> 1"
    )
    return list(connection.exec_driver_sql(query, (json.dumps(spans),)).all())


def packed(held: NDArray[np.bool_]) -> Set:
    """Return the set of the marked slots; `held` is bool (chunks * CHUNK,)."""
    return np.packbits(held, bitorder="little").view(np.uint64).reshape(-1, WORDS)


def _texts_with(places: NDArray[np.uint64], size: int) -> NDArray[np.bool_]:
    held = np.zeros(size, bool)
    held[_flat(places)] = True
    return held


def _flat(places: NDArray[np.uint64]) -> Ids:
    """Return `row * CHUNK + slot` of each `row << 32 | place`."""
    row, slot = places >> np.uint64(32), places >> np.uint64(PLACE_BITS) & np.uint64(CHUNK - 1)
    return (row * np.uint64(CHUNK) + slot).astype(np.int64)


def _shifted(places: NDArray[np.uint64], letters: int) -> NDArray[np.uint64]:
    """Return where a query begins if its letter number `letters` is at `places`."""
    return places[(places & np.uint64((1 << PLACE_BITS) - 1)) >= letters] - np.uint64(letters)


def _array(blobs: Iterable[bytes]) -> NDArray[np.uint32]:
    return np.frombuffer(b"".join(blobs), np.uint32)
