"""Counts the proposals of a cleaning run by step, and updates open proposals.

A proposal was made from a text. If another proposal was accepted first, that text has changed. `update_open` replaces
the proposal with the same suggestion for the current text, which `core.workflows.cleaning.decisions` computes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, bindparam, func, select, update

from core.messages import message_entry
from core.store.engine import reading, writing
from core.store.schema import proposal

KINDS = ("cleaning", "exclude", "delivery")


@dataclass(frozen=True, slots=True)
class UpdatedProposal:
    """The new content of the proposal `id`; its fingerprint, step and batch stay."""

    id: int
    payload: Mapping[str, Any]
    reason: str
    confidence: float | None


class CleaningRuns:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def tally(self, batch: str) -> dict[str, dict[str, int]]:
        """Return step -> number of the run's proposals that are {open, accepted, rejected}."""
        c = proposal.c
        conditions = (c.batch == batch, c.kind.in_(KINDS))
        query = select(c.operation, c.state, func.count()).where(*conditions).group_by(c.operation, c.state)
        counts: dict[str, dict[str, int]] = {}
        with reading(self._engine) as connection:
            for step, state, n in connection.execute(query):
                counts.setdefault(str(step), {"open": 0, "accepted": 0, "rejected": 0})[str(state)] = int(n)
        return counts

    def update_open(self, items: Sequence[UpdatedProposal]) -> int:
        """Replace the content of the proposals that are open; return how many were open."""
        if not items:
            return 0
        c = proposal.c
        values = [
            {
                "of": item.id, "says": dict(item.payload) | message_entry(item.reason), "why": str(item.reason),
                "sure": item.confidence,
            }
            for item in items
        ]  # fmt: skip
        columns: dict[str, Any] = {
            "payload": bindparam("says"), "reason": bindparam("why"), "confidence": bindparam("sure"),
        }  # fmt: skip
        conditions = (c.id == bindparam("of"), c.state == "open")
        with writing(self._engine) as connection:
            return connection.execute(update(proposal).where(*conditions).values(columns), values).rowcount
