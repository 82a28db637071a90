"""Keeps sets of utterance ids in memory that append-only tables decide, and extends them by the rows that were added.

A set is `Dense`: uint64 (chunks, WORDS), where row r is chunk r and bit s is slot s. Which utterances belong to a set
may depend only on their own rows of the tables that are named; the greatest row ids say how far a set has read.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Table, TextClause, select

from core.store.index.chunks import SHIFT
from core.store.index.postings import CHUNK
from core.store.index.substring import WORDS, Ids, Set
from core.store.portable import given

Dense = NDArray[np.uint64]
MOST_SETS = 64  # sets in memory, of all databases together; a million utterances take 125 KB
MANY = 5000  # after so many new rows a set is read anew


@dataclass(frozen=True, slots=True)
class _Read:
    """A set and how far it has read: for each table its last row, as (id, instant)."""

    last: tuple[tuple[int, str], ...]
    dense: Dense


_sets: OrderedDict[object, _Read] = OrderedDict()
_lock = Lock()


def dense(ids: Ids) -> Dense:
    """Return the ids as a set."""
    top = int(ids.max() >> SHIFT) + 1 if len(ids) else 0
    held = np.zeros(top * CHUNK, bool)
    held[ids] = True
    return np.packbits(held, bitorder="little").view(np.uint64).reshape(-1, WORDS)


def in_chunks(members: Dense, chunks: Ids) -> Set:
    """Return the set with one row for each of `chunks`, as `core.store.index.bitmaps` has it."""
    wide = np.zeros((len(chunks), WORDS), np.uint64)
    known = chunks < len(members)
    wide[known] = members[chunks[known]]
    return wide


def grown(
    connection: Connection, name: object, tables: Sequence[Table], column: Callable[[Table], ColumnElement[int]],
    read: Callable[[TextClause | None], Ids],
) -> Dense:  # fmt: skip
    """Return the set `name`, which the rows of append-only `tables` decide; only what is new in them is read.

    `column(table)` is the column of the utterance. `read(None)` returns all ids of the set, and `read(ids)` those among
    the utterances of a sub-query.
    """
    key = (str(connection.engine.url), name)
    last = tuple(_last(connection, table) for table in tables)
    with _lock:
        before = _sets.get(key)
    if before is not None and before.last == last:
        return before.dense
    changed = None if before is None else _changed(connection, before, last, tables, column)
    if before is None or changed is None:
        made = dense(read(None))
    else:
        made = _with(before.dense, changed, read(given(connection, changed)))
    with _lock:
        if connection.engine.url.database not in (None, "", ":memory:"):
            _sets[key] = _Read(last, made)
            _sets.move_to_end(key)
            while len(_sets) > MOST_SETS:
                _sets.popitem(last=False)
    return made


def _last(connection: Connection, table: Table) -> tuple[int, str]:
    row = connection.execute(select(table.c.id, table.c.at).order_by(table.c.id.desc()).limit(1)).first()
    return (int(row[0]), str(row[1])) if row else (0, "")


def _changed(
    connection: Connection, before: _Read, last: Sequence[tuple[int, str]], tables: Sequence[Table],
    column: Callable[[Table], ColumnElement[int]],
) -> Ids | None:  # fmt: skip
    """Return the utterances with rows that `before` has not read; None if it must be read anew."""
    ids: list[int] = []
    for table, (seen, at), (now, _) in zip(tables, before.last, last, strict=True):
        if now < seen or (seen and connection.scalar(select(table.c.at).where(table.c.id == seen)) != at):
            return None  # an earlier state, or another database in this place
        if now > seen:
            ids += connection.scalars(select(column(table)).where(table.c.id > seen).limit(MANY + 1))
        if len(ids) > MANY:
            return None
    return np.unique(np.array(ids, np.int64))


def _with(before: Dense, changed: Ids, members: Ids) -> Dense:
    """Return `before`, in which of the ids `changed` only `members` are in the set."""
    top = max(len(before), int(changed.max() >> SHIFT) + 1 if len(changed) else 0)
    made = np.zeros((top, WORDS), np.uint64)
    made[: len(before)] = before
    out, new = dense(changed), dense(members)
    made[: len(out)] &= ~out
    made[: len(new)] |= new
    return made
