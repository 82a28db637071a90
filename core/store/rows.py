"""Rows of the store as records, with the labels that stand."""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, select

from core.errors import NotFound
from core.records import Level, Utterance
from core.schemes import joined, parts
from core.store.schema import label, utterance

NAMES = 5000  # in one IN list; SQLite takes 32,766 and PostgreSQL 65,535 values


def one_utterance(connection: Connection, utterance_id: int) -> Utterance:
    rows = connection.execute(select(utterance).where(utterance.c.id == utterance_id)).mappings().all()
    if not rows:
        raise NotFound("no utterance {utterance_id}", utterance_id=utterance_id)
    return records(connection, rows)[0]


def utterances(connection: Connection, ids: Sequence[int], active: bool = False) -> list[Utterance]:
    """The utterances `ids`, in that order; unknown ids are left out, and `active` those out of the corpus too."""
    found: dict[int, Utterance] = {}
    for start in range(0, len(ids), NAMES):
        query = select(utterance).where(utterance.c.id.in_(ids[start : start + NAMES]))
        rows = connection.execute(query.where(utterance.c.active) if active else query).mappings().all()
        found |= {u.id: u for u in records(connection, rows)}
    return [found[i] for i in ids if i in found]


def records(connection: Connection, rows: Sequence[RowMapping]) -> list[Utterance]:
    own = labels_of(connection, "utterance", [row["id"] for row in rows])
    calls = labels_of(connection, "recording", [row["recording_id"] for row in rows if row["recording_id"]])
    hidden = {"chars", "active", "meta"}
    return [
        Utterance(
            **{name: value for name, value in row.items() if name not in hidden},
            labels=calls.get(row["recording_id"], {}) | own.get(row["id"], {}),
        )
        for row in rows
    ]


def labels_of(connection: Connection, level: Level, ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """target id -> scheme -> code, or the joined codes of a multi scheme."""
    found: dict[int, dict[str, str]] = {}
    if not ids:
        return found
    query = select(label.c.target_id, label.c.scheme, label.c.code).where(
        label.c.level == level, label.c.target_id.in_(set(ids))
    )
    for target_id, name, code in connection.execute(query):
        own = found.setdefault(target_id, {})
        own[name] = joined(name, [*parts(own[name]), code]) if name in own else code
    return found
