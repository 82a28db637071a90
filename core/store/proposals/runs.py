"""What a cleaning run needs of its proposals beyond deciding on them: counts by step, and making an open one anew.

A suggestion was made from a text; when another was accepted first, that text no longer stands. `remake` puts the same
suggestion onto the text that does; who computes it is `core.workflows.cleaning.decisions`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, bindparam, func, select, update

from core.messages import beside
from core.store.engine import reading, writing
from core.store.schema import proposal

KINDS = ("cleaning", "exclude")


@dataclass(frozen=True, slots=True)
class Remade:
    """What proposal `id` says by now; its identity (fingerprint, step, batch) stays."""

    id: int
    payload: Mapping[str, Any]
    reason: str
    confidence: float | None


class Cleanings:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def tally(self, batch: str) -> dict[str, dict[str, int]]:
        """step -> {open, accepted, rejected} of what that run suggested."""
        c = proposal.c
        mine = (c.batch == batch, c.kind.in_(KINDS))
        query = select(c.operation, c.state, func.count()).where(*mine).group_by(c.operation, c.state)
        found: dict[str, dict[str, int]] = {}
        with reading(self._engine) as connection:
            for step, state, n in connection.execute(query):
                found.setdefault(str(step), {"open": 0, "accepted": 0, "rejected": 0})[str(state)] = int(n)
        return found

    def remake(self, items: Sequence[Remade]) -> int:
        """Replace what open proposals say; how many were open."""
        if not items:
            return 0
        c = proposal.c
        values = [
            {
                "of": one.id, "says": dict(one.payload) | beside(one.reason), "why": str(one.reason),
                "sure": one.confidence,
            }
            for one in items
        ]  # fmt: skip
        new: dict[str, Any] = {
            "payload": bindparam("says"), "reason": bindparam("why"), "confidence": bindparam("sure"),
        }  # fmt: skip
        mine = (c.id == bindparam("of"), c.state == "open")
        with writing(self._engine) as connection:
            return connection.execute(update(proposal).where(*mine).values(new), values).rowcount
