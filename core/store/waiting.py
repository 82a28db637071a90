"""Counts what waits for a person: open suggestions, disputes, blind answers to come, remarks. It only reads.

Each question is answered by one or two statements over sets that an index holds, so the cost does not grow with the
corpus.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, func, literal_column, select, text

from core.records import RemarkKind
from core.schemes import SCHEMES, Scheme
from core.store.engine import reading
from core.store.schema import annotation, label, overlap, proposal, remark

KINDS = ("cleaning", "exclude", "augmentation", "pseudo-label", "delivery", "transcript")  # of proposals
_GIVEN = text("SELECT value FROM json_each(:ids)")


@dataclass(frozen=True, slots=True)
class Open:
    """`n` entries that wait, the oldest since `since` (UTC, ISO 8601; None if nothing waits)."""

    n: int = 0
    since: str | None = None


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

    def disputes(self) -> dict[str, Open]:
        """Return scheme -> the targets whose blind answers differ; schemes without a dispute are left out."""
        with reading(self._engine) as connection:
            by_scheme = {name: _in_dispute(connection, kind) for name, kind in SCHEMES.items()}
        return {name: entry for name, entry in by_scheme.items() if entry.n}

    def disputes_of(self, curator: str, scheme_name: str) -> int:
        """Return how many disputes of a scheme hold an answer of `curator`."""
        a, definition = annotation.c, SCHEMES[scheme_name]
        own = (a.level == definition.level, a.scheme == definition.name, a.curator == curator)
        query = select(func.count(a.target_id.distinct())).where(*own, a.target_id.in_(_disputed(definition)))
        with reading(self._engine) as connection:
            return int(connection.scalar(query) or 0)

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

    def oldest_remark(self, kind: RemarkKind, utterance_ids: Sequence[int]) -> str | None:
        """Return the time of the oldest among the latest remarks of `kind` on each of the utterances; None for none."""
        with reading(self._engine) as connection:
            latest = (
                select(func.max(remark.c.at).label("at"))
                .where(remark.c.kind == kind, remark.c.utterance_id.in_(_id_list(connection, utterance_ids)))
                .group_by(remark.c.utterance_id)
                .subquery()
            )
            at: str | None = connection.scalar(select(func.min(latest.c.at)))
            return at


def _disputed(definition: Scheme) -> Any:
    """Return the query of the targets in dispute under a scheme; the index of labels answers it."""
    return select(label.c.target_id).where(*_disputed_labels(definition))


def _disputed_labels(definition: Scheme) -> tuple[ColumnElement[bool], ...]:
    c = label.c
    of_scheme = c.scheme == definition.name, c.level == definition.level, c.code.in_(definition.codes)
    return *of_scheme, c.grade == "disputed"


def _in_dispute(connection: Connection, definition: Scheme) -> Open:
    """Return the disputes of a scheme; the oldest waits since the last answer to it."""
    count = select(func.count(label.c.target_id.distinct())).where(*_disputed_labels(definition))
    if not (n := int(connection.scalar(count) or 0)):
        return Open()
    a = annotation.c
    last = (
        select(func.max(a.at).label("at"))
        .where(a.level == definition.level, a.scheme == definition.name, a.target_id.in_(_disputed(definition)))
        .group_by(a.target_id)
        .subquery()
    )
    return Open(n, connection.scalar(select(func.min(last.c.at))))


def _id_list(connection: Connection, ids: Sequence[int]) -> Any:
    return _GIVEN.bindparams(ids=json.dumps(list(ids))) if connection.dialect.name == "sqlite" else list(ids)
