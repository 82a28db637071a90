"""Ranked lists of utterances, such as the least confident predictions. They stay until they are built again.

A list belongs to one scheme and is named `kind:scheme`. This module ranks predictions inside the database; other lists
are computed by the caller. A stored list is one that somebody opened: it has a title, and is kept while it is opened
again. Which curator gets which utterance of a list is decided in `core.store.review.leases`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Engine,
    Select,
    String,
    Table,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)  # fmt: skip

from core.messages import message_from_json, message_to_json
from core.schemes import scheme
from core.store.engine import insert_many, reading, writing
from core.store.ledger import current
from core.store.rows import NAMES
from core.store.schema import label, metadata, prediction, queue_item, utterance

# Lists that somebody opened; their rows are in `queue_item`. `title`: a message with its template.
stored_list = Table(
    "stored_list",
    metadata,
    Column("name", String, primary_key=True),
    Column("title", JSON, nullable=False),
    Column("opened_at", String, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Ranked:
    """One utterance of a ranked list. The first one should be reviewed first, whatever `score` means."""

    utterance_id: int
    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class QueueInfo:
    """A ranked list: its name, its length when it was built, and the time of that."""

    name: str
    count: int
    built_at: str


@dataclass(frozen=True, slots=True)
class StoredList:
    """A stored list: its length, when it was built and opened last, and its title, a Message."""

    name: str
    count: int
    built_at: str
    opened_at: str
    title: str


class Queues:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, name: str, rows: Sequence[Ranked], at: str) -> int:
        """Replace the list; return its length. If an utterance comes twice, only its first row counts."""
        with writing(self._engine) as connection:
            return _put(connection, name, rows, at)

    def built(self) -> dict[str, QueueInfo]:
        """Return name -> the length of the list when it was built, and the time."""
        c = queue_item.c
        query = select(c.queue, func.count(), func.max(c.at)).group_by(c.queue)
        with reading(self._engine) as connection:
            return {row[0]: QueueInfo(*row) for row in connection.execute(query)}

    def store(self, name: str, ids: Sequence[int], title: str, at: str) -> None:
        """Replace the stored list `name`, in the order of `ids`."""
        with writing(self._engine) as connection:
            _put(connection, name, [Ranked(int(number), 0.0, "") for number in ids], at)
            connection.execute(delete(stored_list).where(stored_list.c.name == name))
            values = {"name": name, "title": message_to_json(title), "opened_at": at}
            connection.execute(insert(stored_list).values(values))

    def stored(self, name: str) -> StoredList | None:
        """Return what is known of a stored list; None if there is no such list."""
        c, x = queue_item.c, stored_list.c
        numbers = select(func.count(), func.max(c.at)).where(c.queue == name)
        with reading(self._engine) as connection:
            row = connection.execute(select(x.title, x.opened_at).where(x.name == name)).one_or_none()
            count, built_at = connection.execute(numbers).one()
        return StoredList(name, count, built_at, row.opened_at, message_from_json(row.title)) if row and count else None

    def opened(self, name: str, title: str, at: str) -> None:
        """Note that a stored list was opened at this time, under this title."""
        values = {"title": message_to_json(title), "opened_at": at}
        with writing(self._engine) as connection:
            connection.execute(update(stored_list).where(stored_list.c.name == name).values(values))

    def drop_stored(self, before: str) -> None:
        """Delete the stored lists that nobody has opened since the instant `before`."""
        old = select(stored_list.c.name).where(stored_list.c.opened_at < before)
        with reading(self._engine) as connection:
            names = list(connection.scalars(old))
        for name in names:
            with writing(self._engine) as connection:
                connection.execute(delete(queue_item).where(queue_item.c.queue == name))
                connection.execute(delete(stored_list).where(stored_list.c.name == name))

    def reasons(self, name: str, utterance_ids: Sequence[int]) -> dict[int, str]:
        """Return utterance id -> why it is in the list."""
        c = queue_item.c
        query = select(c.utterance_id, c.reason).where(c.queue == name, c.utterance_id.in_(utterance_ids))
        with reading(self._engine) as connection:
            return {row.utterance_id: row.reason for row in connection.execute(query)}

    def least_confident(self, run_id: str, scheme_name: str, limit: int) -> list[Ranked]:
        """Return the utterances with the least confident predictions of the run that no person has labelled."""
        c, definition = prediction.c, scheme(scheme_name)
        target = utterance.c.id if definition.level == "utterance" else utterance.c.recording_id
        labelled = exists().where(
            label.c.level == definition.level, label.c.target_id == target, label.c.scheme == definition.name,
            label.c.grade != "silver",
        )  # fmt: skip
        query = _usable(select(c.utterance_id, c.confidence, c.code)).where(c.run_id == run_id, ~labelled)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(c.confidence, c.utterance_id).limit(limit))
            return [Ranked(n, confidence, f"{code} {confidence:.2f} ({run_id})") for n, confidence, code in rows]

    def disagreements(self, run_ids: Sequence[str], limit: int) -> list[Ranked]:
        """Return the utterances that the runs predict differently, sorted by the lowest confidence, highest first."""
        c = prediction.c
        least = func.min(c.confidence)
        query = (
            _usable(select(c.utterance_id, least))
            .where(c.run_id.in_(run_ids))
            .group_by(c.utterance_id)
            .having(func.count(c.code.distinct()) > 1)
            .order_by(least.desc(), c.utterance_id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            ranked = [(row[0], row[1]) for row in connection.execute(query)]
            texts = _prediction_texts(connection, run_ids, [number for number, _ in ranked])
            return [Ranked(number, confidence, texts[number]) for number, confidence in ranked]


def _put(connection: Connection, name: str, rows: Sequence[Ranked], at: str) -> int:
    once = {row.utterance_id: row for row in reversed(rows)}
    ordered = [row for row in rows if once[row.utterance_id] is row]
    columns = ("queue", "position", "utterance_id", "score", "reason", "at")
    connection.execute(delete(queue_item).where(queue_item.c.queue == name))
    insert_many(
        connection, queue_item, columns,
        [(name, place, row.utterance_id, row.score, str(row.reason), at) for place, row in enumerate(ordered)],
    )  # fmt: skip
    return len(ordered)


def _usable(query: Select[Any]) -> Select[Any]:
    """Limit a query to utterances in the corpus that are not skipped, and to one prediction of each run."""
    return query.join(utterance, utterance.c.id == prediction.c.utterance_id).where(
        utterance.c.active, ~utterance.c.skipped, current()
    )


def _prediction_texts(connection: Connection, run_ids: Sequence[str], ids: Sequence[int]) -> dict[int, str]:
    """Return utterance id -> the predictions of the runs as text, in the order of `run_ids`."""
    c = prediction.c
    texts: dict[int, dict[str, str]] = {}
    for start in range(0, len(ids), NAMES):
        conditions = (c.run_id.in_(run_ids), c.utterance_id.in_(ids[start : start + NAMES]), current())
        for number, run_id, code, sure in connection.execute(
            select(c.utterance_id, c.run_id, c.code, c.confidence).where(*conditions)
        ):
            texts.setdefault(number, {})[run_id] = f"{code} {sure:.2f} ({run_id})"
    return {number: " / ".join(by_run[run] for run in run_ids if run in by_run) for number, by_run in texts.items()}
