"""Reads the index: sets of utterances as bitmaps, their sizes, and a page of them in any sort order.

A set is uint64 `(chunks, CHUNK / 64)`: row r is chunk `Bitmaps.chunks[r]`, and bit s of the row is slot s. A stale row
changed since it was indexed. The bits of stale rows are cleared, and `with_stale` adds the stale rows that plain SQL
found. Frequent sets come from the memory cache (`core.store.index.cache`); the others cost 2 KB for each chunk (a
million rows have 62 chunks), some microseconds. One instance serves one transaction.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from core.store.index import order
from core.store.index.cache import IndexReader
from core.store.index.chunks import SHIFT
from core.store.index.postings import CHUNK, LONGEST
from core.store.index.query import Query
from core.store.index.substring import WORDS, Ids, Set, packed
from core.store.portable import numbers, run

_FEW = 1000  # up to so many rows are sorted at once instead of being split by another bit plane
_Plane = Callable[[], Set | None]


class Bitmaps:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._index = IndexReader(connection)
        self.stale = _ints(run(connection, "SELECT id FROM stale ORDER BY id"))
        self.chunks = np.union1d(self._index.chunks, self.stale >> SHIFT)
        self._rows = np.searchsorted(self.chunks, self._index.chunks)
        self._fresh = ~self.of(self.stale)

    # -- sets

    def of(self, ids: Ids) -> Set:
        """Return the set of `ids`. Each id must lie in one of `chunks`."""
        return self._marked(np.searchsorted(self.chunks, ids >> SHIFT) * CHUNK + (ids & (CHUNK - 1)))

    def facet(self, name: str) -> Set:
        """Return the set of the utterances that have the facet (read-only); empty if the index does not know it."""
        return self._wide(self._index.facet(name))

    def any_facet(self, kind: str, values: Iterable[object]) -> Set:
        members = self._none()
        for value in values:
            members |= self.facet(f"{kind}={value}")
        return members

    def facets(self, prefix: str) -> dict[str, Set]:
        """Return every facet whose name begins with `prefix`, by name. `prefix` must end in `=`, `:` or `/`."""
        return {name: self._wide(held) for name, held in self._index.facets(prefix).items()}

    def at_least(self, name: str, value: int) -> Set:
        """Return the set of the utterances whose number `name` is at least `value`; stale rows are not considered."""
        planes = self.facets(f"{name}/")
        bits = sorted((int(key.rpartition("/")[2]) for key in planes), reverse=True)
        if value <= 0:
            return ~self._none()
        if value.bit_length() > max(bits, default=-1) + 1:
            return self._none()
        more, equal = self._none(), ~self._none()
        for bit in reversed(range(bits[0] + 1)):
            plane = planes.get(f"{name}/{bit}", self._none())
            if value >> bit & 1:
                equal &= plane
            else:
                more |= equal & plane
                equal &= ~plane
        return more | equal

    def after(self, utterance_id: int) -> Set:
        """Return the set of all ids greater than `utterance_id`."""
        members = self._none()
        chunk, slot = utterance_id >> SHIFT, utterance_id & (CHUNK - 1)
        members[self.chunks > chunk] = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
        held = np.zeros(CHUNK, bool)
        held[slot + 1 :] = True
        members[self.chunks == chunk] = np.packbits(held, bitorder="little").view(np.uint64)
        return members

    def holding(self, query: Query) -> Set:
        """Return the set of the texts that have the query's letters with its gaps between them.

        If the query is not `sure`, the set may also have texts that do not match.
        """
        return self._wide(self._index.holding(query))

    def with_stale(self, settled: Set, ids: Ids) -> Set:
        """Return `settled` without stale rows, plus the stale rows `ids`, which plain SQL found."""
        return (settled & self._fresh) | self.of(ids)

    # -- sizes and pages

    def count(self, members: Set) -> int:
        return int(np.bitwise_count(members).sum())

    def ids(self, members: Set, start: int, stop: int) -> list[int]:
        """Return the ids of the set from position `start` to `stop` (not included), ascending."""
        return self.id_array(members, start, stop).tolist()

    def id_array(self, members: Set, start: int, stop: int) -> Ids:
        """As `ids`, as an int64 array."""
        none = np.zeros(0, np.int64)
        if stop <= start:
            return none
        ends = np.cumsum(np.bitwise_count(members).sum(axis=1, dtype=np.int64))
        first = int(np.searchsorted(ends, start, side="right"))
        last = min(int(np.searchsorted(ends, stop, side="left")), len(ends) - 1)
        if first >= len(ends):
            return none
        held = np.flatnonzero(np.unpackbits(members[first : last + 1].view(np.uint8).ravel(), bitorder="little"))
        skipped = int(ends[first - 1]) if first else 0
        cut = held[start - skipped : stop - skipped]
        return (self.chunks[first + cut // CHUNK] << SHIFT) + cut % CHUNK

    def by_length(self, members: Set, start: int, stop: int) -> list[int]:
        """As `ids`, but sorted by the number of characters, then by id."""
        stale = self._stale_numbers(members, "chars", lambda v: np.array(v))
        top = LONGEST.bit_length() if stale is None else max(LONGEST, int(stale[1].max())).bit_length()
        planes = [partial(self._plane, "chars", bit, stale) for bit in reversed(range(top))]
        return self._by_number(members, planes, "chars", start, stop)

    def by_text(self, members: Set, start: int, stop: int) -> list[int]:
        """As `ids`, but sorted by text (code points), then by id.

        The bit planes of the texts' numbers find the few rows near the page; only these are read and sorted.
        """
        name = order.current(self._connection)
        if name is None:  # no row is indexed
            return self._by_number(members, [], "text", start, stop)
        held = order.fences(self._connection, name)
        stale = self._stale_numbers(members, "text", partial(order.numbers, held))
        top = (2 * len(held)).bit_length()
        planes = [partial(self._plane, f"text/{name}", bit, stale) for bit in reversed(range(top))]
        return self._by_number(members, planes, "text", start, stop)

    def by_speaker(self, members: Set, start: int, stop: int) -> list[int]:
        """As `ids`, but sorted by speaker, then by id; utterances without a speaker come first."""
        stale: dict[str, list[int]] = {}
        for number, value in self._values(self._stale_of(members).tolist(), "speaker"):
            if value is not None:
                stale.setdefault(value, []).append(number)
        named = {name.partition("=")[2]: held & self._fresh for name, held in self.facets("speaker=").items()}
        for value, ids in stale.items():
            named[value] = named.get(value, self._none()) | self.of(np.array(sorted(ids)))
        rest, parts = members.copy(), []
        for value in sorted(named):
            parts.append(members & named[value])
            rest &= ~named[value]
        picked: list[int] = []
        for part in (rest, *parts):
            n = self.count(part)
            picked += self.ids(part, max(start, 0), max(min(stop, n), 0))
            start, stop = start - n, stop - n
        return picked

    # -- inside

    def _none(self) -> Set:
        return np.zeros((len(self.chunks), WORDS), np.uint64)

    def _marked(self, flat: Ids) -> Set:
        held = np.zeros(len(self.chunks) * CHUNK, bool)
        held[flat] = True
        return packed(held)

    def _wide(self, members: Set) -> Set:
        """Return a set of the index with a row for every chunk; a chunk that is not indexed yet gets an empty row."""
        if len(self._rows) == len(self.chunks):
            return members
        wide = self._none()
        wide[self._rows] = members
        return wide

    def _plane(self, name: str, bit: int, stale: tuple[Ids, NDArray[Any]] | None) -> Set | None:
        """Return the set of the utterances whose number `name` has the bit; None if it is empty.

        `stale`: ids and numbers of the stale rows, which the index does not answer for.
        """
        held = self._index.facets(f"{name}/").get(f"{name}/{bit}")
        own = None if stale is None else stale[0][(stale[1] >> bit) & 1 == 1]
        if own is None or not len(own):
            return None if held is None else self._wide(held) & self._fresh
        return self.of(own) if held is None else self.with_stale(self._wide(held), own)

    def _stale_of(self, members: Set) -> Ids:
        """Return the ids of the stale rows in the set."""
        rows = np.searchsorted(self.chunks, self.stale >> SHIFT)
        words = members[rows, (self.stale & (CHUNK - 1)) >> 6]
        return self.stale[words >> (self.stale & 63).astype(np.uint64) & np.uint64(1) == 1]

    def _stale_numbers(
        self, members: Set, column: str, number: Callable[[Sequence[Any]], NDArray[Any]]
    ) -> tuple[Ids, NDArray[Any]] | None:
        rows = self._values(self._stale_of(members).tolist(), column)
        return (np.array([row_id for row_id, _ in rows]), number([value for _, value in rows])) if rows else None

    def _values(self, ids: list[int], column: str) -> list[tuple[int, Any]]:
        query = f"SELECT u.id, u.{column} FROM {numbers(self._connection)} JOIN utterance u ON u.id = j.value"
        return [(number, value) for number, value in run(self._connection, query, (json.dumps(ids),)).all()]

    def _by_number(
        self, members: Set, planes: Sequence[_Plane], column: str, start: int, stop: int, at: int = 0, path: int = 0
    ) -> list[int]:
        """Return the ids from position `start` to `stop`, sorted by the number in `planes` (highest bit first).

        Equal numbers are sorted by the column itself, then by id. `at`: the next plane; `path`: the bits so far.
        """
        n = self.count(members)
        start, stop = max(start, 0), min(stop, n)
        if stop <= start:
            return []
        if at == len(planes) and (column != "text" or path & 1):  # an odd number: the texts are equal
            return self.ids(members, start, stop)
        if at == len(planes) or n <= _FEW:
            rows = self._values(self.ids(members, 0, n), column)
            return [number for number, _ in sorted(rows, key=lambda row: (row[1], row[0]))[start:stop]]
        plane = planes[at]()
        if plane is None:
            return self._by_number(members, planes, column, start, stop, at + 1, path << 1)
        low = members & ~plane
        below = self.count(low)
        return [
            *self._by_number(low, planes, column, start, stop, at + 1, path << 1),
            *self._by_number(members & plane, planes, column, start - below, stop - below, at + 1, path << 1 | 1),
        ]


def _ints(rows: Any) -> Ids:
    return np.array([row[0] for row in rows.all()], np.int64)
