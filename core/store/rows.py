"""Turns rows of the database into Utterance records, with their current labels."""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, select

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
