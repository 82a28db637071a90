"""Builds the index behind every listing on SQLite: bitmaps of facets, bit planes of numbers, postings of letters.

A chunk (`CHUNK` ids) is always indexed as a whole from the tables, and each build gives it a new stamp, by which
`core.store.index.cache` knows whether it read the chunk before. Triggers write the ids of changed rows into the table
`stale`, whoever changed them. Plain SQL answers for stale rows, and the index for all others
(`core.store.corpus.find`). At the end of every write, `settle` indexes a chunk again if many of its rows are stale. So
every answer is exact at any moment, and a decision costs only what it changed. `watch` makes the triggers after each
migration; they are not part of the migrations. This module does not read a Filter.
"""

import json
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from core.store.index import order
from core.store.index.initials import postings as initials_postings
from core.store.index.postings import CHUNK, LONGEST, chunk_letters, held_in, pack, planes, postings

SHIFT = CHUNK.bit_length() - 1
MANY_STALE = 1024  # a chunk with so many stale rows is indexed again
MOST_STALE = 4096  # stale rows that all chunks together may have
FORMAT = b"\x04"  # version of a chunk's index; the first byte of its stamp
CODE_BITS = 21
Columns = list[tuple[Any, ...]]

_NOTE = "INSERT INTO stale(id, text) {} ON CONFLICT(id) DO {}"
_CHANGED = "VALUES (NEW.id, 0)"
_TEXT = _NOTE.format("VALUES (NEW.id, 1)", "UPDATE SET text = 1")
_OWN = "SELECT {row}.target_id, 0 WHERE {row}.level = 'utterance'"
_CALL = "SELECT id, 0 FROM utterance WHERE {row}.level = 'recording' AND recording_id = {row}.target_id"
_LABEL = "; ".join(_NOTE.format(which, "NOTHING") for which in (_OWN, _CALL))
_COLUMNS = "source_id, recording_id, speaker, chars, voice_usable, origin, skipped, active, parent_id"
_TRIGGERS = {
    "watch_utterance_new": f"AFTER INSERT ON utterance BEGIN {_TEXT}; END",
    "watch_utterance_text": f"AFTER UPDATE OF text ON utterance WHEN NEW.text IS NOT OLD.text BEGIN {_TEXT}; END",
    "watch_utterance": (
        f"AFTER UPDATE OF {_COLUMNS} ON utterance BEGIN {_NOTE.format(_CHANGED, 'NOTHING')}; END"
    ),
    "watch_utterance_gone": (
        "AFTER DELETE ON utterance BEGIN "
        + _NOTE.format("VALUES (OLD.id, 1)", "UPDATE SET text = 1")
        + "; END"
    ),
    "watch_label_new": f"AFTER INSERT ON label BEGIN {_LABEL.format(row='NEW')}; END",
    "watch_label_gone": f"AFTER DELETE ON label BEGIN {_LABEL.format(row='OLD')}; END",
    "watch_label": (
        f"AFTER UPDATE ON label BEGIN {_LABEL.format(row='OLD')}; {_LABEL.format(row='NEW')}; END"
    ),
}  # fmt: skip


def indexed(connection: Connection) -> bool:
    """Return whether this database has the index: SQLite only."""
    return connection.dialect.name == "sqlite"


def unwatch(connection: Connection) -> None:
    """Drop the triggers, before a migration rebuilds tables."""
    if indexed(connection):
        for name in _TRIGGERS:
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")


def watch(connection: Connection) -> None:
    """Make the triggers, if the schema has the table `stale` already."""
    there = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'stale'"
    if indexed(connection) and connection.exec_driver_sql(there).first():
        for name, what in _TRIGGERS.items():
            connection.exec_driver_sql(f"CREATE TRIGGER {name} {what}")


def settle(connection: Connection, many: int = MANY_STALE, most: int = MOST_STALE) -> None:
    """Index chunks again: every chunk with `many` stale rows, and further ones until at most `most` rows are stale."""
    if not indexed(connection):
        return
    if connection.exec_driver_sql(f"SELECT 1 FROM stale LIMIT 1 OFFSET {min(many, most)}").first() is None:
        return
    chunks = connection.exec_driver_sql(
        f"SELECT id >> {SHIFT}, count(*), max(text) FROM stale GROUP BY 1 ORDER BY 2 DESC"
    ).all()
    left = sum(n for _, n, _ in chunks)
    for chunk, n, with_text in chunks:
        if left <= most and n < many:
            return
        build(connection, chunk, bool(with_text))
        left -= n


def outdated(connection: Connection) -> list[int]:
    """Return the chunks that an earlier version of the program indexed in another format."""
    if not indexed(connection):
        return []
    old = connection.exec_driver_sql(
        "SELECT a.chunk FROM facet a LEFT JOIN facet b ON b.name = 'built' AND b.chunk = a.chunk "
        "WHERE a.name = 'active' AND substr(b.bits, 1, 1) IS NOT ?",
        (FORMAT,),
    )
    return [chunk for (chunk,) in old]


# -- one chunk


def build(connection: Connection, chunk: int, with_text: bool = True) -> None:
    """Index one chunk from the tables. `with_text`: its texts too; leave it out if no text changed."""
    span = (chunk << SHIFT, (chunk << SHIFT) + CHUNK - 1)
    rows = _tuples(connection, f"SELECT id, {_COLUMNS} FROM utterance WHERE id BETWEEN ? AND ?", span)
    columns = list(zip(*rows, strict=True))
    facets = _facets(columns, _labels(connection, span)) if rows else {}
    keep = "" if with_text else "AND NOT (name >= 'text/' AND name < 'text0')"
    connection.exec_driver_sql(f"DELETE FROM facet WHERE chunk = ? {keep}", (chunk,))
    if with_text:
        facets |= _build_texts(connection, chunk, span)
    if facets:
        facets["built"] = FORMAT + os.urandom(15)
        values = [(name, chunk, bits) for name, bits in facets.items()]
        connection.exec_driver_sql("INSERT INTO facet(name, chunk, bits) VALUES (?, ?, ?)", values)
    connection.exec_driver_sql("DELETE FROM stale WHERE id BETWEEN ? AND ?", span)
    if endless := [(row[0], 1) for row in rows if row[4] > LONGEST]:
        connection.exec_driver_sql("INSERT INTO stale(id, text) VALUES (?, ?)", endless)
    if with_text:
        order.keep_up(connection)


def _tuples(connection: Connection, query: str, values: tuple[object, ...]) -> Columns:
    """Return the rows of a query, without the time that SQLAlchemy spends on each row."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(query, values)
        return list(cursor.fetchall())
    finally:
        cursor.close()


def _build_texts(connection: Connection, chunk: int, span: tuple[int, int]) -> dict[str, bytes]:
    """Write the chunk's postings; return the facets of the order of its texts."""
    query = f"SELECT id & {CHUNK - 1}, text FROM utterance WHERE id BETWEEN ? AND ? AND chars <= ?"
    rows = _tuples(connection, query, (*span, LONGEST))
    connection.exec_driver_sql(
        "DELETE FROM posting WHERE id BETWEEN ? AND ?", (chunk << CODE_BITS, ((chunk + 1) << CODE_BITS) - 1)
    )
    if not rows:
        return {}
    slots, texts = zip(*rows, strict=True)
    letters = chunk_letters(texts, slots)
    values = [
        (chunk << CODE_BITS | p.letter, p.bits, p.follows, p.counts, p.places)
        for p in (*postings(letters), *initials_postings(letters))
    ]
    if values:
        connection.exec_driver_sql(
            "INSERT INTO posting(id, bits, follows, counts, places) VALUES (?, ?, ?, ?, ?)", values
        )
    return order.facets(connection, slots, texts)


def _facets(columns: Columns, labels: dict[str, list[int]]) -> dict[str, bytes]:
    slots = np.array(columns[0]) & (CHUNK - 1)
    source, recording, speaker, chars, voice, origin, skipped, active, parent = columns[1:]
    facets: dict[str, NDArray[np.bool_]] = {}
    derived = [of is not None or made == "augmented" for of, made in zip(parent, origin, strict=True)]
    flags = {"active": active, "skipped": skipped, "voice": voice, "call": [value is not None for value in recording]}
    flags["derived"] = derived
    for name, values in flags.items():
        facets[name] = held_in(slots[np.array(values, bool)])
    for name, values in (("source", source), ("speaker", speaker), ("origin", origin)):
        for value in set(values) - {None}:
            facets[f"{name}={value}"] = held_in(slots[np.fromiter((v == value for v in values), bool, len(values))])
    calls = np.array([-1 if value is None else value for value in recording])
    for name, targets in labels.items():
        level, _, name = name.partition(":")
        target_ids = np.array(targets, np.int64)
        held = held_in(slots[np.isin(calls, target_ids)] if level == "recording" else target_ids & (CHUNK - 1))
        facets[name] = facets[name] | held if name in facets else held
    return {name: pack(held) for name, held in facets.items()} | planes("chars", slots, np.array(chars))


def _labels(connection: Connection, span: tuple[int, int]) -> dict[str, list[int]]:
    """Return `level:facet` -> ids of its targets.

    Facets: `label:scheme=code`, and of each scheme `any`, `gold`, and `human` for what is not a machine's.
    """
    calls = "SELECT recording_id FROM utterance WHERE id BETWEEN ? AND ?"
    targets: dict[str, list[int]] = {}
    for which in ("= 'utterance' AND target_id BETWEEN ? AND ?", f"= 'recording' AND target_id IN ({calls})"):
        query = (
            f"SELECT level, scheme, code, grade, json_group_array(target_id) FROM label WHERE level {which} "
            "GROUP BY scheme, code, grade"
        )
        for level, scheme, code, grade, listed in _tuples(connection, query, span):
            target_ids = json.loads(listed)
            marks = ["any", *(["human"] if grade != "silver" else []), *(["gold"] if grade == "gold" else [])]
            for facet in (f"label:{scheme}={code}", *(f"{mark}:{scheme}" for mark in marks)):
                targets.setdefault(f"{level}:{facet}", []).extend(target_ids)
    return targets
