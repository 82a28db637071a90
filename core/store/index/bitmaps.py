"""Reading the index: sets of utterances as bitmaps, their sizes, and any window of them in any order.

A set is uint64 `(chunks, CHUNK / 64)`: row r is chunk `Bitmaps.chunks[r]`, bit s of it slot s. What the index says of
stale rows is cleared; `with_stale` puts in those that plain SQL found. The index comes from `core.store.index.cache`, so what
is asked often costs no reading; the rest grows by 2 KB a set and chunk (62 at a million rows), some microseconds. One
instance serves one transaction.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from core.store.index.cache import Shelf
from core.store.index.chunks import CODE_BITS, PREFIX, SHIFT, prefixes
from core.store.index.postings import CHUNK, LONGEST
from core.store.index.query import Query
from core.store.index.substring import WORDS, Ids, Set, packed

_FEW = 1000  # so many rows are sorted at once instead of being split further
_Plane = Callable[[], Set | None]


class Bitmaps:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._shelf = Shelf(connection)
        self.stale = _ints(connection.exec_driver_sql("SELECT id FROM stale ORDER BY id"))
        self.chunks = np.union1d(self._shelf.chunks, self.stale >> SHIFT)
        self._rows = np.searchsorted(self.chunks, self._shelf.chunks)
        self._fresh = ~self.of(self.stale)

    # -- sets

    def of(self, ids: Ids) -> Set:
        """The set of `ids`; each lies in a chunk that is known."""
        return self._marked(np.searchsorted(self.chunks, ids >> SHIFT) * CHUNK + (ids & (CHUNK - 1)))

    def facet(self, name: str) -> Set:
        """Who has it; nobody where nobody ever had. Do not write into the answer."""
        return self._wide(self._shelf.facet(name))

    def any_facet(self, kind: str, values: Iterable[object]) -> Set:
        found = self._none()
        for value in values:
            found |= self.facet(f"{kind}={value}")
        return found

    def facets(self, prefix: str) -> dict[str, Set]:
        """Every facet whose name begins with `prefix`, which ends in `=`, `:` or `/`."""
        return {name: self._wide(held) for name, held in self._shelf.facets(prefix).items()}

    def at_least(self, name: str, value: int) -> Set:
        """Whose number `name` is `value` or more, as far as the index knows."""
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
        return self._wide(self._shelf.holding(query))

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
        stale = self._stale_numbers(found, "chars", lambda v: np.array(v))
        top = LONGEST.bit_length() if stale is None else max(LONGEST, int(stale[1].max())).bit_length()
        planes = [partial(self._plane, "chars", bit, stale) for bit in reversed(range(top))]
        return self._by_number(found, planes, "chars", start, stop)

    def by_text(self, found: Set, start: int, stop: int) -> list[int]:
        """By code points: the planes of the first letters find the neighbourhood, which is then sorted."""
        stale = self._stale_numbers(found, "text", prefixes)
        planes: list[_Plane] = []
        for at in range(PREFIX):
            own = None if stale is None else (stale[0], stale[1][at])
            planes += [partial(self._plane, f"text/{at}", bit, own) for bit in reversed(range(CODE_BITS))]
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
        return np.zeros((len(self.chunks), WORDS), np.uint64)

    def _marked(self, flat: Ids) -> Set:
        held = np.zeros(len(self.chunks) * CHUNK, bool)
        held[flat] = True
        return packed(held)

    def _wide(self, found: Set) -> Set:
        """A set of the index over all chunks; those that are stale as a whole come into it empty."""
        if len(self._rows) == len(self.chunks):
            return found
        wide = self._none()
        wide[self._rows] = found
        return wide

    def _plane(self, name: str, bit: int, stale: tuple[Ids, NDArray[Any]] | None) -> Set | None:
        """Whose number has the bit; `stale`: ids and numbers of the stale rows that are to be in it. None: nobody."""
        held = self._shelf.facets(f"{name}/").get(f"{name}/{bit}")
        own = None if stale is None else stale[0][(stale[1] >> bit) & 1 == 1]
        if own is None or not len(own):
            return None if held is None else self._wide(held) & self._fresh
        return self.of(own) if held is None else self.with_stale(self._wide(held), own)

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

    def _by_number(
        self, found: Set, planes: Sequence[_Plane], column: str, start: int, stop: int, at: int = 0, path: int = 0
    ) -> list[int]:
        """The window of `found` by the number of the planes (highest first), then by the column itself, then by id."""
        n = self.count(found)
        start, stop = max(start, 0), min(stop, n)
        if stop <= start:
            return []
        ends_here = path & ((1 << CODE_BITS) - 1) == 0  # the last letter of the prefix is none: the texts are equal
        if at == len(planes) and (column != "text" or ends_here):
            return self.ids(found, start, stop)
        if at == len(planes) or n <= _FEW:
            rows = self._values(self.ids(found, 0, n), column)
            return [one for one, _ in sorted(rows, key=lambda row: (row[1], row[0]))[start:stop]]
        plane = planes[at]()
        if plane is None:
            return self._by_number(found, planes, column, start, stop, at + 1, path << 1)
        low = found & ~plane
        below = self.count(low)
        return [
            *self._by_number(low, planes, column, start, stop, at + 1, path << 1),
            *self._by_number(found & plane, planes, column, start - below, stop - below, at + 1, path << 1 | 1),
        ]


def _ints(rows: Any) -> Ids:
    return np.array([row[0] for row in rows.all()], np.int64)
