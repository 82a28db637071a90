"""Counts what waits for a person: open suggestions, disputes, blind answers to come, remarks. It only reads.

Each question is answered by one or two statements over sets that an index holds, so the cost does not grow with the
corpus. What is a standing flag and an open comment is said in `core.store.review.standing_remarks`.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import Connection, Engine, func, literal_column, select

from core.schemes import SCHEMES, Scheme
from core.store.engine import reading
from core.store.review.disputants import disputants
from core.store.review.queue_order import disputed
from core.store.review.standing_remarks import commented, flagged
from core.store.schema import overlap, proposal, remark, utterance

KINDS = ("cleaning", "exclude", "augmentation", "pseudo-label", "delivery", "transcript")  # of proposals


@dataclass(frozen=True, slots=True)
class Open:
    """`n` entries that wait, the oldest since `since` (UTC, ISO 8601; None if nothing waits)."""

    n: int = 0
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Disputes(Open):
    """The targets in dispute under a scheme; the oldest since the last answer to it. `of` counts them by curator."""

    of: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BlindAnswers:
    """`n` utterances under a scheme that lack a blind answer and that the curators `answered` have answered."""

    scheme: str
    answered: tuple[str, ...]
    n: int


class Waiting:
    """Counts what waits for a person."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def proposals(self) -> dict[str, Open]:
        """Return kind -> the open proposals of that kind; every kind of `KINDS` is there."""
        c = proposal.c
        query = select(c.kind, func.count(), func.min(c.id)).where(c.kind.in_(KINDS), c.state == "open")
        with reading(self._engine) as connection:
            rows = connection.execute(query.group_by(c.kind)).all()
            made = select(c.id, c.made_at).where(c.id.in_([first for _, _, first in rows]))
            at = {row.id: row.made_at for row in connection.execute(made)}
        return dict.fromkeys(KINDS, Open()) | {kind: Open(int(n), at[first]) for kind, n, first in rows}

    def disputes(self) -> dict[str, Disputes]:
        """Return scheme -> the targets whose blind answers differ; schemes without a dispute are left out."""
        with reading(self._engine) as connection:
            by_scheme = {name: _in_dispute(connection, kind) for name, kind in SCHEMES.items()}
        return {name: entry for name, entry in by_scheme.items() if entry.n}

    def blind_answers(self) -> list[BlindAnswers]:
        """Return how many utterances lack a blind answer, by scheme and by who has answered already.

        Utterances that nobody has answered are left out: they are among the unlabelled ones.
        """
        c = overlap.c
        query = select(c.scheme, c.answered, func.count()).where(c.missing > literal_column("0"))
        with reading(self._engine) as connection:
            rows = connection.execute(query.group_by(c.scheme, c.answered)).all()
        groups = [BlindAnswers(name, tuple(json.loads(answered)), int(n)) for name, answered, n in rows]
        return [group for group in groups if group.answered and group.scheme in SCHEMES]

    def oldest_remark(self, kind: Literal["flag", "comment"]) -> str | None:
        """Return the time of the first standing flag or open comment on an utterance of the corpus; None for none."""
        standing = flagged() if kind == "flag" else commented(is_open=True)
        here = utterance.c.active, *standing
        query = select(remark.c.at).join(utterance, utterance.c.id == remark.c.utterance_id).where(*here)
        with reading(self._engine) as connection:
            at: str | None = connection.scalar(query.order_by(remark.c.id).limit(1))
            return at


def _in_dispute(connection: Connection, definition: Scheme) -> Disputes:
    targets = [target for _, target in connection.execute(disputed(definition.name))]
    if not targets:
        return Disputes()
    entries = disputants(connection, definition, targets).values()
    of = Counter(curator for entry in entries for curator in entry.curators)
    return Disputes(len(targets), min((entry.last_at for entry in entries), default=None), of)
