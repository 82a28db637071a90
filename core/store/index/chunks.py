"""Builds the index behind every listing: bitmaps of facets, bit planes of numbers, postings of letters.

A chunk (`CHUNK` ids) is always indexed as a whole from the tables, and each build gives it a new stamp, by which
`core.store.index.cache` knows whether it read the chunk before. Triggers write the ids of changed rows into the table
`stale`, whoever changed them. Plain SQL answers for stale rows, and the index for all others
(`core.store.corpus.find`). At the end of every write, `settle` indexes a chunk again if many of its rows are stale. So
every answer is exact at any moment, and a decision costs only what it changed. See
`core.store.index.watch` for the triggers. This module does not read a Filter.
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
from core.store.index.watch import COLUMNS
from core.store.portable import number_list, run, tuples

SHIFT = CHUNK.bit_length() - 1
MANY_STALE = 1024  # a chunk with so many stale rows is indexed again
MOST_STALE = 4096  # stale rows that all chunks together may have
FORMAT = b"\x04"  # version of a chunk's index; the first byte of its stamp
CODE_BITS = 21
Columns = list[tuple[Any, ...]]


def settle(connection: Connection, many: int = MANY_STALE, most: int = MOST_STALE) -> None:
    """Index chunks again: every chunk with `many` stale rows, and further ones until at most `most` rows are stale."""
    if run(connection, f"SELECT 1 FROM stale LIMIT 1 OFFSET {min(many, most)}").first() is None:
        return
    with_texts = "max(CASE WHEN text THEN 1 ELSE 0 END)"
    chunks = run(
        connection, f"SELECT id >> {SHIFT}, count(*), {with_texts} FROM stale GROUP BY 1 ORDER BY 2 DESC"
    ).all()
    left = sum(n for _, n, _ in chunks)
    for chunk, n, with_text in chunks:
        if left <= most and n < many:
            return
        build(connection, chunk, bool(with_text))
        left -= n


def outdated(connection: Connection) -> list[int]:
    """Return the chunks that an earlier version of the program indexed in another format."""
    old = run(
        connection,
        "SELECT a.chunk FROM facet a LEFT JOIN facet b ON b.name = 'built' AND b.chunk = a.chunk "
        "WHERE a.name = 'active' AND substr(b.bits, 1, 1) IS DISTINCT FROM ?",
        (FORMAT,),
    )
    return [chunk for (chunk,) in old]


# -- one chunk


def build(connection: Connection, chunk: int, with_text: bool = True) -> None:
    """Index one chunk from the tables. `with_text`: its texts too; leave it out if no text changed."""
    span = (chunk << SHIFT, (chunk << SHIFT) + CHUNK - 1)
    rows = tuples(connection, f"SELECT id, {COLUMNS} FROM utterance WHERE id BETWEEN ? AND ?", span)
    columns = list(zip(*rows, strict=True))
    facets = _facets(columns, _labels(connection, span)) if rows else {}
    keep = "" if with_text else "AND NOT (name >= 'text/' AND name < 'text0')"
    run(connection, f"DELETE FROM facet WHERE chunk = ? {keep}", (chunk,))
    if with_text:
        facets |= _build_texts(connection, chunk, span)
    if facets:
        facets["built"] = FORMAT + os.urandom(15)
        values = [(name, chunk, bits) for name, bits in facets.items()]
        run(connection, "INSERT INTO facet(name, chunk, bits) VALUES (?, ?, ?)", values)
    run(connection, "DELETE FROM stale WHERE id BETWEEN ? AND ?", span)
    if endless := [(row[0], True) for row in rows if row[4] > LONGEST]:
        run(connection, "INSERT INTO stale(id, text) VALUES (?, ?)", endless)
    if with_text:
        order.keep_up(connection)


def _build_texts(connection: Connection, chunk: int, span: tuple[int, int]) -> dict[str, bytes]:
    """Write the chunk's postings; return the facets of the order of its texts."""
    query = f"SELECT id & {CHUNK - 1}, text FROM utterance WHERE id BETWEEN ? AND ? AND chars <= ?"
    rows = tuples(connection, query, (*span, LONGEST))
    run(
        connection, "DELETE FROM posting WHERE id BETWEEN ? AND ?", (chunk << CODE_BITS, ((chunk + 1) << CODE_BITS) - 1)
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
        run(connection, "INSERT INTO posting(id, bits, follows, counts, places) VALUES (?, ?, ?, ?, ?)", values)
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
            f"SELECT level, scheme, code, grade, {number_list(connection, 'target_id')} FROM label WHERE level {which} "
            "GROUP BY level, scheme, code, grade"
        )
        for level, scheme, code, grade, listed in tuples(connection, query, span):
            target_ids = json.loads(listed)
            marks = ["any", *(["human"] if grade != "silver" else []), *(["gold"] if grade == "gold" else [])]
            for facet in (f"label:{scheme}={code}", *(f"{mark}:{scheme}" for mark in marks)):
                targets.setdefault(f"{level}:{facet}", []).extend(target_ids)
    return targets
