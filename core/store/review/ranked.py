"""Queues that are no Filter: ranked lists of utterances, from what models said, kept until they are built anew.

A list is one scheme's and named `kind:scheme`. Predictions are ranked inside the database; what ranks otherwise is
handed in. Who gets what of a list is `core.store.review.leases`' to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Select, delete, exists, func, select

from core.schemes import scheme
from core.store.engine import insert_many, reading, writing
from core.store.ledger import current
from core.store.rows import NAMES
from core.store.schema import label, prediction, queue_item, utterance


@dataclass(frozen=True, slots=True)
class Ranked:
    """One utterance of a list; the first of a list is the most worth looking at, whatever `score` counts."""

    utterance_id: int
    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class QueueInfo:
    name: str
    count: int
    built_at: str


class Queues:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, name: str, rows: Sequence[Ranked], at: str) -> int:
        """Replace the list; an utterance counts where it comes first. How many there are now."""
        once = {row.utterance_id: row for row in reversed(rows)}
        ordered = [row for row in rows if once[row.utterance_id] is row]
        columns = ("queue", "position", "utterance_id", "score", "reason", "at")
        with writing(self._engine) as connection:
            connection.execute(delete(queue_item).where(queue_item.c.queue == name))
            insert_many(
                connection, queue_item, columns,
                [(name, place, row.utterance_id, row.score, str(row.reason), at) for place, row in enumerate(ordered)],
            )  # fmt: skip
        return len(ordered)

    def built(self) -> dict[str, QueueInfo]:
        """name -> how many it was built with, and when."""
        c = queue_item.c
        query = select(c.queue, func.count(), func.max(c.at)).group_by(c.queue)
        with reading(self._engine) as connection:
            return {row[0]: QueueInfo(*row) for row in connection.execute(query)}

    def reasons(self, name: str, utterance_ids: Sequence[int]) -> dict[int, str]:
        """utterance id -> why it is in the list."""
        c = queue_item.c
        query = select(c.utterance_id, c.reason).where(c.queue == name, c.utterance_id.in_(utterance_ids))
        with reading(self._engine) as connection:
            return {row.utterance_id: row.reason for row in connection.execute(query)}

    def least_confident(self, run_id: str, scheme_name: str, limit: int) -> list[Ranked]:
        """Of what the run judged and nobody has labelled, what it was least sure of."""
        c, one = prediction.c, scheme(scheme_name)
        target = utterance.c.id if one.level == "utterance" else utterance.c.recording_id
        labelled = exists().where(label.c.level == one.level, label.c.target_id == target, label.c.scheme == one.name)
        query = _judged(select(c.utterance_id, c.confidence, c.code)).where(c.run_id == run_id, ~labelled)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(c.confidence, c.utterance_id).limit(limit))
            return [Ranked(n, confidence, f"{code} {confidence:.2f} ({run_id})") for n, confidence, code in rows]

    def disagreements(self, run_ids: Sequence[str], limit: int) -> list[Ranked]:
        """What those runs judge differently, first where the least sure of them is the most sure."""
        c = prediction.c
        sure = func.min(c.confidence)
        query = (
            _judged(select(c.utterance_id, sure))
            .where(c.run_id.in_(run_ids))
            .group_by(c.utterance_id)
            .having(func.count(c.code.distinct()) > 1)
            .order_by(sure.desc(), c.utterance_id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            found = [(row[0], row[1]) for row in connection.execute(query)]
            told = _told(connection, run_ids, [number for number, _ in found])
            return [Ranked(number, confidence, told[number]) for number, confidence in found]


def _judged(query: Select[Any]) -> Select[Any]:
    """Only what is in the corpus and not skipped; one prediction of each run for an utterance."""
    return query.join(utterance, utterance.c.id == prediction.c.utterance_id).where(
        utterance.c.active, ~utterance.c.skipped, current()
    )


def _told(connection: Connection, run_ids: Sequence[str], ids: Sequence[int]) -> dict[int, str]:
    """utterance id -> what each run said of it, in the order of `run_ids`."""
    c = prediction.c
    told: dict[int, dict[str, str]] = {}
    for start in range(0, len(ids), NAMES):
        mine = (c.run_id.in_(run_ids), c.utterance_id.in_(ids[start : start + NAMES]), current())
        for number, run_id, code, sure in connection.execute(
            select(c.utterance_id, c.run_id, c.code, c.confidence).where(*mine)
        ):
            told.setdefault(number, {})[run_id] = f"{code} {sure:.2f} ({run_id})"
    return {number: " / ".join(said[one] for one in run_ids if one in said) for number, said in told.items()}
