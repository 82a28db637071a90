"""What was read of the index, kept in memory while it stands; so a page costs the same at any size of the corpus.

Every chunk of the index carries a stamp that nothing but its next building changes (`core.store.index.chunks`). The stamps of
all chunks, read inside the transaction that asks, are the edition of the index: what is kept under it is exact, whoever
wrote last, in this process or another. What belongs to past editions is the first to go. Stale rows are not known here.
"""

import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, TypeVar, cast

import numpy as np
from sqlalchemy import Connection

from core.store.index import substring
from core.store.index.query import Query
from core.store.index.substring import WORDS, Ids, Set

KEPT_BYTES = 48 * 1024 * 1024  # of all databases that this process reads
Value = TypeVar("Value", bound="Set | Mapping[str, Set]")


class Kept:
    """Sets under keys, together at most `limit` bytes; what was not asked for longest makes room."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: OrderedDict[object, tuple[Any, int]] = OrderedDict()
        self._lock = Lock()
        self.size = 0

    def get(self, key: object, make: Callable[[], Value]) -> Value:
        """What is kept under `key`, made if it is not there; nobody may write into it."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return cast("Value", self._values[key][0])
        made = make()
        self._put(key, made)
        return made

    def _put(self, key: object, value: "Set | Mapping[str, Set]") -> None:
        sets = list(value.values()) if isinstance(value, Mapping) else [value]
        for one in sets:
            one.setflags(write=False)
        size = sum(one.nbytes for one in sets)
        with self._lock:
            if key in self._values or size > self._limit:
                return
            self._values[key] = (value, size)
            self.size += size
            while self.size > self._limit:
                self.size -= self._values.popitem(last=False)[1][1]


_kept = Kept(KEPT_BYTES)


class Shelf:
    """The index as one transaction sees it. A set is uint64 `(chunks, WORDS)`, in the order of `chunks`, read-only."""

    def __init__(self, connection: Connection, kept: Kept = _kept) -> None:
        self._connection = connection
        self._kept = kept
        rows = connection.exec_driver_sql(
            "SELECT a.chunk, b.bits FROM facet a LEFT JOIN facet b ON b.name = 'built' AND b.chunk = a.chunk "
            "WHERE a.name = 'active' ORDER BY a.chunk"
        ).all()
        self.chunks: Ids = np.array([chunk for chunk, _ in rows], np.int64)
        # Without a stamp nothing is known of a chunk, so this edition is like no other.
        stamps = b"".join(stamp or os.urandom(16) for _, stamp in rows)
        self._edition = hashlib.sha256(self.chunks.tobytes() + stamps).digest()

    def facet(self, name: str) -> Set:
        """Who has it; nobody where nobody ever had."""
        return self._get(f"={name}", lambda: self._read("name = ?", (name,)).get(name, self._none()))

    def facets(self, prefix: str) -> Mapping[str, Set]:
        """Every facet whose name begins with `prefix`, which ends in `=`, `:` or `/`."""
        after = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        return self._get(prefix, lambda: self._read("name >= ? AND name < ?", (prefix, after)))

    def holding(self, query: Query) -> Set:
        """Whose text has the query's letters with its gaps between them: all of them, or, if not `sure`, and more."""
        key = (query.letters, query.gaps)
        return self._get(key, lambda: substring.holding(self._connection, self.chunks, query))

    def _get(self, key: object, make: Callable[[], Value]) -> Value:
        return self._kept.get((self._edition, key), make)

    def _none(self) -> Set:
        return np.zeros((len(self.chunks), WORDS), np.uint64)

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
            found[name][at] = np.frombuffer(b"".join(blobs), np.uint64).reshape(-1, WORDS)
        return found
