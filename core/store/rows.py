"""Turns rows of the database into Utterance records, with their current labels; reads the grades of labels."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select, union

from core.errors import NotFound
from core.records import Level, Utterance
from core.schemes import join_codes, split_codes
from core.store.schema import label, utterance

NAMES = 5000  # values of one IN list; SQLite allows 32,766 and PostgreSQL 65,535


def one_utterance(connection: Connection, utterance_id: int) -> Utterance:
    """Return the utterance; `NotFound` if there is none."""
    rows = connection.execute(select(utterance).where(utterance.c.id == utterance_id)).mappings().all()
    if not rows:
        raise NotFound("no utterance {utterance_id}", utterance_id=utterance_id)
    return records(connection, rows)[0]


def utterances(connection: Connection, ids: Sequence[int], active: bool = False) -> list[Utterance]:
    """Return the utterances `ids` in the order of `ids`; unknown ids are left out.

    `active`: leave out those that were taken out of the corpus, too.
    """
    by_id: dict[int, Utterance] = {}
    for start in range(0, len(ids), NAMES):
        query = select(utterance).where(utterance.c.id.in_(ids[start : start + NAMES]))
        rows = connection.execute(query.where(utterance.c.active) if active else query).mappings().all()
        by_id |= {u.id: u for u in records(connection, rows)}
    return [by_id[i] for i in ids if i in by_id]


def records(connection: Connection, rows: Sequence[RowMapping]) -> list[Utterance]:
    """Return rows of the table `utterance` as records; the labels of a recording count for its utterances."""
    own_labels = labels_of(connection, "utterance", [row["id"] for row in rows])
    recording_labels = labels_of(connection, "recording", [row["recording_id"] for row in rows if row["recording_id"]])
    hidden = {"chars", "active", "meta"}
    return [
        Utterance(
            **{name: value for name, value in row.items() if name not in hidden},
            labels=recording_labels.get(row["recording_id"], {}) | own_labels.get(row["id"], {}),
        )
        for row in rows
    ]


def labels_of(connection: Connection, level: Level, ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """Return target id -> scheme -> code (joined codes of a multi scheme)."""
    labels: dict[int, dict[str, str]] = {}
    if not ids:
        return labels
    query = select(label.c.target_id, label.c.scheme, label.c.code).where(
        label.c.level == level, label.c.target_id.in_(set(ids))
    )
    for target_id, name, code in connection.execute(query):
        target_labels = labels.setdefault(target_id, {})
        target_labels[name] = (
            join_codes(name, [*split_codes(target_labels[name]), code]) if name in target_labels else code
        )
    return labels


def names_by_id(connection: Connection, query: Select[Any]) -> dict[int, list[str]]:
    """Return id -> names, from a query with the columns (id, name)."""
    names: dict[int, list[str]] = {}
    for row_id, name in connection.execute(query):
        names.setdefault(row_id, []).append(name)
    return names


def schemes_of_grade(connection: Connection, ids: Sequence[int], grade: str) -> dict[int, list[str]]:
    """Return utterance id -> the schemes under which its label, or its recording's, has the grade, sorted.

    `ids`: at most `NAMES`. Utterances without such a label are left out.
    """
    c, u = label.c, utterance.c
    of_utterance = select(c.target_id, c.scheme).where(c.level == "utterance", c.target_id.in_(ids), c.grade == grade)
    of_recording = (
        select(u.id, c.scheme)
        .join(label, c.target_id == u.recording_id)
        .where(u.id.in_(ids), c.level == "recording", c.grade == grade)
    )
    both = union(of_utterance, of_recording).subquery()
    return names_by_id(connection, select(both).order_by(*both.c))
