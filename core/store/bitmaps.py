"""Reading the index: sets of utterances as bitmaps, their sizes, and any window of them in any order.

A set is uint64 `(chunks, CHUNK / 64)`: row r is chunk `Bitmaps.chunks[r]`, bit s of it slot s. What the index says of
stale rows is cleared; `with_stale` puts in those that plain SQL found. Costs grow with the number of chunks (61 at a
million rows), by about 2 KB a chunk and set. One instance serves one transaction.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from core.store.index import CODE_BITS, PREFIX, SHIFT, prefixes
from core.store.postings import CHUNK, PLACE_BITS, chosen
from core.store.search import ANY_GAP, Query, Ranges

Set = NDArray[np.uint64]
Ids = NDArray[np.int64]
_WORDS = CHUNK // 64
_FEW = 1000  # so many rows are sorted at once instead of being split further


class Bitmaps:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.stale = _ints(connection.exec_driver_sql("SELECT id FROM stale ORDER BY id"))
        settled = _ints(connection.exec_driver_sql("SELECT chunk FROM facet WHERE name = 'active'"))
        self.chunks = np.union1d(settled, self.stale >> SHIFT)
        self._fresh = ~self.of(self.stale)
        self._known: dict[str, Set] = {}

    # -- sets

    def of(self, ids: Ids) -> Set:
        """The set of `ids`; each lies in a chunk that is known."""
        return self._marked(np.searchsorted(self.chunks, ids >> SHIFT) * CHUNK + (ids & (CHUNK - 1)))

    def facet(self, name: str) -> Set:
        """Who has it; nobody where nobody ever had. Do not write into the answer."""
        if name not in self._known:
            self._known |= self._read("name = ?", (name,)) or {name: self._none()}
        return self._known[name]

    def any_facet(self, kind: str, values: Iterable[object]) -> Set:
        found = self._none()
        for value in values:
            found |= self.facet(f"{kind}={value}")
        return found

    def facets(self, prefix: str) -> dict[str, Set]:
        """Every facet whose name begins with `prefix`, which ends in `=`, `:` or `/`."""
        after = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        return self._read("name >= ? AND name < ?", (prefix, after))

    def at_least(self, name: str, value: int) -> Set:
        """Whose number `name` is `value` or more."""
        planes = self._planes(name)
        if value <= 0:
            return self._fresh
        if value.bit_length() > len(planes):
            return self._none()
        more, equal = self._none(), self._fresh.copy()
        for bit in reversed(range(len(planes))):
            if value >> bit & 1:
                equal &= planes[bit]
            else:
                more |= equal & planes[bit]
                equal &= ~planes[bit]
        return more | equal

    def after(self, utterance_id: int) -> Set:
        """The ids that are greater."""
        found = self._none()
        chunk, slot = utterance_id >> SHIFT, utterance_id & (CHUNK - 1)
        found[self.chunks > chunk] = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
        held = np.zeros(CHUNK, bool)
        held[slot + 1 :] = True
        found[self.chunks == chunk] = np.packbits(held, bitorder="little").view(np.uint64)
        return found

    def holding(self, query: Query) -> Set:
        """Whose text has the query's letters with its gaps between them: all of them, or, if not `sure`, and more."""
        letters = query.letters
        if not letters:
            return self._fresh
        if len(letters) == 1:
            return self._letter(letters[0]) & self._fresh
        # Places do not tell what stands between two letters, so only where that is free may a pair be left out.
        pairs = [at for at in range(len(letters) - 1) if at % 2 == 0 or query.gaps[at] != ANY_GAP]
        if pairs[-1] != len(letters) - 2:
            pairs.append(len(letters) - 2)
        places = [_shifted(self._places(letters[at], letters[at + 1], query.gaps[at]), at) for at in pairs]
        held = self._texts_with(places[0])
        for more in places[1:]:
            held &= self._texts_with(more)
        if len(places) == 1:
            return self._packed(held) & self._fresh
        # Few texts have all the pairs; only their places need to be matched, which takes sorting.
        first, *rest = (one[held[_flat(one)]] for one in places)
        for more in rest:
            first = np.intersect1d(first, more, assume_unique=True)
        return self._packed(self._texts_with(first)) & self._fresh

    def with_stale(self, settled: Set, ids: Ids) -> Set:
        """`settled` and those of the stale rows that plain SQL found."""
        return (settled & self._fresh) | self.of(ids)

    # -- answers

    def count(self, found: Set) -> int:
        return int(np.bitwise_count(found).sum())

    def ids(self, found: Set, start: int, stop: int) -> list[int]:
        """The ids from place `start` to `stop`, ascending."""
        return self.id_array(found, start, stop).tolist()

    def id_array(self, found: Set, start: int, stop: int) -> Ids:
        none = np.zeros(0, np.int64)
        if stop <= start:
            return none
        ends = np.cumsum(np.bitwise_count(found).sum(axis=1, dtype=np.int64))
        first = int(np.searchsorted(ends, start, side="right"))
        last = min(int(np.searchsorted(ends, stop, side="left")), len(ends) - 1)
        if first >= len(ends):
            return none
        held = np.flatnonzero(np.unpackbits(found[first : last + 1].view(np.uint8).ravel(), bitorder="little"))
        skipped = int(ends[first - 1]) if first else 0
        cut = held[start - skipped : stop - skipped]
        return (self.chunks[first + cut // CHUNK] << SHIFT) + cut % CHUNK

    def by_length(self, found: Set, start: int, stop: int) -> list[int]:
        planes = self._planes("chars", self._stale_numbers(found, "chars", lambda v: np.array(v)))
        return self._by_number(found, planes[::-1], "chars", start, stop)

    def by_text(self, found: Set, start: int, stop: int) -> list[int]:
        """By code points: the planes of the first letters find the neighbourhood, which is then sorted."""
        stale = self._stale_numbers(found, "text", prefixes)
        planes: list[Set] = []
        for at in range(PREFIX):
            own = None if stale is None else (stale[0], stale[1][at])
            have = self._planes(f"text/{at}", own)
            planes += [self._none()] * (CODE_BITS - len(have)) + have[::-1]
        return self._by_number(found, planes, "text", start, stop)

    def by_speaker(self, found: Set, start: int, stop: int) -> list[int]:
        """Without a speaker first."""
        stale: dict[str, list[int]] = {}
        for one, value in self._values(self._stale_of(found).tolist(), "speaker"):
            if value is not None:
                stale.setdefault(value, []).append(one)
        named = {name.partition("=")[2]: held & self._fresh for name, held in self.facets("speaker=").items()}
        for value, ids in stale.items():
            named[value] = named.get(value, self._none()) | self.of(np.array(sorted(ids)))
        rest, parts = found.copy(), []
        for value in sorted(named):
            parts.append(found & named[value])
            rest &= ~named[value]
        picked: list[int] = []
        for part in (rest, *parts):
            n = self.count(part)
            picked += self.ids(part, max(start, 0), max(min(stop, n), 0))
            start, stop = start - n, stop - n
        return picked

    # -- inside

    def _none(self) -> Set:
        return np.zeros((len(self.chunks), _WORDS), np.uint64)

    def _marked(self, flat: Ids) -> Set:
        held = np.zeros(len(self.chunks) * CHUNK, bool)
        held[flat] = True
        return self._packed(held)

    def _packed(self, held: NDArray[np.bool_]) -> Set:
        return np.packbits(held, bitorder="little").view(np.uint64).reshape(-1, _WORDS)

    def _texts_with(self, places: NDArray[np.uint64]) -> NDArray[np.bool_]:
        held = np.zeros(len(self.chunks) * CHUNK, bool)
        held[_flat(places)] = True
        return held

    def _read(self, condition: str, values: tuple[object, ...]) -> dict[str, Set]:
        rows: dict[str, tuple[list[int], list[bytes]]] = {}
        query = f"SELECT name, chunk, bits FROM facet WHERE {condition}"
        for name, chunk, bits in self._connection.exec_driver_sql(query, values).all():
            chunks, blobs = rows.setdefault(name, ([], []))
            chunks.append(chunk)
            blobs.append(bits)
        found = {}
        for name, (chunks, blobs) in rows.items():
            found[name] = self._none()
            at = np.searchsorted(self.chunks, chunks)
            found[name][at] = np.frombuffer(b"".join(blobs), np.uint64).reshape(-1, _WORDS)
        return found

    def _planes(self, name: str, stale: tuple[Ids, NDArray[Any]] | None = None) -> list[Set]:
        """The bit planes of a number, lowest first; `stale`: ids and numbers of stale rows that are to be in them."""
        have = self.facets(f"{name}/")
        top = max((int(key.rpartition("/")[2]) + 1 for key in have), default=0)
        if stale is not None and len(stale[1]):
            top = max(top, int(stale[1].max()).bit_length())
        planes = [have.get(f"{name}/{bit}", self._none()) & self._fresh for bit in range(top)]
        if stale is not None:
            for bit, plane in enumerate(planes):
                plane |= self.of(stale[0][(stale[1] >> bit) & 1 == 1])
        return planes

    def _stale_of(self, found: Set) -> Ids:
        """The stale rows in `found`."""
        rows = np.searchsorted(self.chunks, self.stale >> SHIFT)
        words = found[rows, (self.stale & (CHUNK - 1)) >> 6]
        return self.stale[words >> (self.stale & 63).astype(np.uint64) & np.uint64(1) == 1]

    def _stale_numbers(
        self, found: Set, column: str, number: Callable[[Sequence[Any]], NDArray[Any]]
    ) -> tuple[Ids, NDArray[Any]] | None:
        rows = self._values(self._stale_of(found).tolist(), column)
        return (np.array([one for one, _ in rows]), number([value for _, value in rows])) if rows else None

    def _values(self, ids: list[int], column: str) -> list[tuple[int, Any]]:
        query = f"SELECT u.id, u.{column} FROM json_each(?) j JOIN utterance u ON u.id = j.value"
        return [(one, value) for one, value in self._connection.exec_driver_sql(query, (json.dumps(ids),)).all()]

    def _by_number(self, found: Set, planes: list[Set], column: str, start: int, stop: int, path: int = 0) -> list[int]:
        """The window of `found` by the number of the planes (highest first), then by the column itself, then by id."""
        n = self.count(found)
        start, stop = max(start, 0), min(stop, n)
        if stop <= start:
            return []
        ends_here = path & ((1 << CODE_BITS) - 1) == 0  # the last letter of the prefix is none: the texts are equal
        if not planes and (column != "text" or ends_here):
            return self.ids(found, start, stop)
        if not planes or n <= _FEW:
            rows = self._values(self.ids(found, 0, n), column)
            return [one for one, _ in sorted(rows, key=lambda row: (row[1], row[0]))[start:stop]]
        low = found & ~planes[0]
        below = self.count(low)
        return [
            *self._by_number(low, planes[1:], column, start, stop, path << 1),
            *self._by_number(found & planes[0], planes[1:], column, start - below, stop - below, path << 1 | 1),
        ]

    def _postings(self, letter: Ranges, columns: str) -> list[Any]:
        """Rows of the postings of the letters accepted: the place of the chunk in `chunks`, then `columns`."""
        firsts = (self.chunks << CODE_BITS).tolist()
        spans = [(first + low, first + high) for first in firsts for low, high in letter]
        query = (
            f"SELECT p.id >> {CODE_BITS}, {columns} FROM json_each(?) j "
            "JOIN posting p ON p.id BETWEEN j.value ->> 0 AND j.value ->> 1"
        )
        return list(self._connection.exec_driver_sql(query, (json.dumps(spans),)).all())

    def _places(self, letter: Ranges, then: Ranges, gaps: frozenset[int]) -> NDArray[np.uint64]:
        """`row << 32 | place` of each `letter` that is followed by `then`."""
        rows = self._postings(letter, "p.follows, p.counts, p.places")
        if not rows:
            return np.zeros(0, np.uint64)
        chunks, follows, counts, places = zip(*rows, strict=True)
        at = chosen(_array(follows), _array(counts), then, gaps)
        sizes = np.array([len(one) // 4 for one in places])
        row = np.repeat(np.searchsorted(self.chunks, chunks), sizes)[at].astype(np.uint64)
        return row << np.uint64(32) | _array(places)[at]

    def _letter(self, letter: Ranges) -> Set:
        """Who holds the letter at all."""
        found = self._none()
        rows = self._postings(letter, "p.bits, CASE WHEN p.bits = x'' THEN p.places END")
        often = [(chunk, bits) for chunk, bits, _ in rows if bits]
        for chunk, bits in often:
            found[np.searchsorted(self.chunks, chunk)] |= np.frombuffer(bits, np.uint64)
        if seldom := [(chunk, places) for chunk, bits, places in rows if not bits]:
            chunks, blobs = zip(*seldom, strict=True)
            row = np.repeat(np.searchsorted(self.chunks, chunks), [len(one) // 4 for one in blobs])
            found |= self._marked(row * CHUNK + (_array(blobs) >> PLACE_BITS).astype(np.int64))
        return found


def _flat(places: NDArray[np.uint64]) -> Ids:
    """Row and slot of each `row << 32 | place` as one number."""
    row, slot = places >> np.uint64(32), places >> np.uint64(PLACE_BITS) & np.uint64(CHUNK - 1)
    return (row * np.uint64(CHUNK) + slot).astype(np.int64)


def _shifted(places: NDArray[np.uint64], letters: int) -> NDArray[np.uint64]:
    """Where a query begins whose letter number `letters` stands at `places`."""
    return places[(places & np.uint64((1 << PLACE_BITS) - 1)) >= letters] - np.uint64(letters)


def _array(blobs: Iterable[bytes]) -> NDArray[np.uint32]:
    return np.frombuffer(b"".join(blobs), np.uint32)


def _ints(rows: Any) -> Ids:
    return np.array([row[0] for row in rows.all()], np.int64)
