"""A cache in memory of sets that were read from the index, so that a page costs the same at any size of the corpus.

Every chunk of the index has a stamp, which changes only when the chunk is built again (`core.store.index.chunks`). The
stamps of all chunks, read in the transaction that asks, are the edition of the index, and the edition is part of each
cache key. So a cached set is always exact, whichever process wrote last. Sets of past editions are dropped first,
because nobody asks for them. This module does not know which rows are stale.
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
from core.store.portable import run

CACHE_BYTES = 48 * 1024 * 1024  # for all databases that this process reads
Value = TypeVar("Value", bound="Set | Mapping[str, Set]")


class SetCache:
    """Sets by key, together at most `limit` bytes; the least recently used entry is dropped first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: OrderedDict[object, tuple[Any, int]] = OrderedDict()
        self._lock = Lock()
        self.size = 0

    def get(self, key: object, make: Callable[[], Value]) -> Value:
        """Return the value of `key`; call `make` if the cache does not have it. The value is read-only."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return cast("Value", self._values[key][0])
        made = make()
        self._put(key, made)
        return made

    def _put(self, key: object, value: "Set | Mapping[str, Set]") -> None:
        sets = list(value.values()) if isinstance(value, Mapping) else [value]
        for array in sets:
            array.setflags(write=False)
        size = sum(array.nbytes for array in sets)
        with self._lock:
            if key in self._values or size > self._limit:
                return
            self._values[key] = (value, size)
            self.size += size
            while self.size > self._limit:
                self.size -= self._values.popitem(last=False)[1][1]


_cache = SetCache(CACHE_BYTES)


class IndexReader:
    """The index as one transaction sees it.

    A set is uint64 `(chunks, WORDS)`; row r is chunk `chunks[r]`. The sets are read-only.
    """

    def __init__(self, connection: Connection, cache: SetCache = _cache) -> None:
        self._connection = connection
        self._cache = cache
        rows = run(
            connection,
            "SELECT a.chunk, b.bits FROM facet a LEFT JOIN facet b ON b.name = 'built' AND b.chunk = a.chunk "
            "WHERE a.name = 'active' ORDER BY a.chunk",
        ).all()
        self.chunks: Ids = np.array([chunk for chunk, _ in rows], np.int64)
        # A chunk without a stamp may have changed unnoticed, so a random stamp makes this edition unlike all others.
        stamps = b"".join(stamp or os.urandom(16) for _, stamp in rows)
        self._edition = hashlib.sha256(self.chunks.tobytes() + stamps).digest()

    def facet(self, name: str) -> Set:
        """Return the set of the utterances that have the facet; empty if the index does not know it."""
        return self._get(f"={name}", lambda: self._read("name = ?", (name,)).get(name, self._none()))

    def facets(self, prefix: str) -> Mapping[str, Set]:
        """Return every facet whose name begins with `prefix`, by name. `prefix` must end in `=`, `:` or `/`."""
        after = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        return self._get(prefix, lambda: self._read("name >= ? AND name < ?", (prefix, after)))

    def holding(self, query: Query) -> Set:
        """Return the set of the texts that have the query's letters with its gaps between them.

        If the query is not `sure`, the set may also have texts that do not match.
        """
        key = (query.letters, query.gaps)
        return self._get(key, lambda: substring.holding(self._connection, self.chunks, query))

    def _get(self, key: object, make: Callable[[], Value]) -> Value:
        return self._cache.get((self._edition, key), make)

    def _none(self) -> Set:
        return np.zeros((len(self.chunks), WORDS), np.uint64)

    def _read(self, condition: str, values: tuple[object, ...]) -> dict[str, Set]:
        rows: dict[str, tuple[list[int], list[bytes]]] = {}
        query = f"SELECT name, chunk, bits FROM facet WHERE {condition}"
        for name, chunk, bits in run(self._connection, query, values).all():
            chunks, blobs = rows.setdefault(name, ([], []))
            chunks.append(chunk)
            blobs.append(bits)
        sets = {}
        for name, (chunks, blobs) in rows.items():
            sets[name] = self._none()
            at = np.searchsorted(self.chunks, chunks)
            sets[name][at] = np.frombuffer(b"".join(blobs), np.uint64).reshape(-1, WORDS)
        return sets
