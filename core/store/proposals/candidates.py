"""Chooses among the proposals of one kind: counts, lists, statistics, and one decision on many taken back as one.

A decision is what one curator did at one instant: all proposals that it accepted or rejected have the same
`decided_by` and `decided_at`. Undoing a decision opens all of them again.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, func, select, update

from core.errors import Conflict
from core.records import Proposal, ProposalState
from core.records.derivation import VOICE
from core.store.corpus.derivations import derivation
from core.store.engine import reading, writing
from core.store.proposals.derived import take_out
from core.store.proposals.rows import record
from core.store.review import decisions
from core.store.rows import NAMES
from core.store.schema import proposal, utterance

BLOCK = 5000  # rows read at a time
NO_FLAG = "-"  # among the wanted flags it stands for proposals without one


@dataclass(frozen=True, slots=True)
class Choice:
    """Which proposals of `kind`: an empty tuple or None means any. Of several values of a field, one is enough.

    `low` <= confidence < `high`; a proposal without a confidence is in no span. `flag` may hold `NO_FLAG`.
    """

    kind: str
    operation: tuple[str, ...] = ()
    flag: tuple[str, ...] = ()
    batch: tuple[str, ...] = ()
    ids: tuple[int, ...] = ()
    low: float | None = None
    high: float | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The conditions of a query on the table `proposal`."""
        c = proposal.c
        wanted: list[ColumnElement[bool]] = [c.kind == self.kind]
        wanted += [
            column.in_(v) for column, v in ((c.operation, self.operation), (c.batch, self.batch), (c.id, self.ids)) if v
        ]
        if self.flag:
            named = c.flag.in_([name for name in self.flag if name != NO_FLAG])
            wanted.append(named | c.flag.is_(None) if NO_FLAG in self.flag else named)
        if self.low is not None:
            wanted.append(c.confidence >= self.low)
        if self.high is not None:
            wanted.append(c.confidence < self.high)
        return wanted


@dataclass(frozen=True, slots=True)
class Decision:
    """What one curator did at one instant: how many proposals were accepted and rejected."""

    curator: str
    at: str
    accepted: int
    rejected: int


class Candidates:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def count(self, choice: Choice, state: ProposalState = "open") -> int:
        query = select(func.count()).where(*choice.conditions(), proposal.c.state == state)
        with reading(self._engine) as connection:
            return int(connection.scalar(query) or 0)

    def page(
        self, choice: Choice, limit: int, *, after_id: int = 0, state: ProposalState | None = "open"
    ) -> list[Proposal]:
        """Return the first proposals with an id above `after_id`, by id; `state` None: in any state."""
        query = select(proposal).where(*choice.conditions(), proposal.c.id > after_id)
        if state is not None:
            query = query.where(proposal.c.state == state)
        with reading(self._engine) as connection:
            return [record(row) for row in connection.execute(query.order_by(proposal.c.id).limit(limit)).mappings()]

    def every(self, choice: Choice, block: int) -> Iterator[list[Proposal]]:
        """Yield the open proposals by id, in blocks; deciding on a block meanwhile skips none of the others."""
        after = 0
        while rows := self.page(choice, block, after_id=after):
            after = rows[-1].id
            yield rows

    def tally(self, choice: Choice) -> dict[str, dict[str, int]]:
        """Return operation -> {open, accepted, rejected, flagged}; flagged counts proposals in any state."""
        c = proposal.c
        query = select(c.operation, c.state, func.count(), func.count(c.flag)).where(*choice.conditions())
        counts: dict[str, dict[str, int]] = {}
        with reading(self._engine) as connection:
            for operation, state, n, flagged in connection.execute(query.group_by(c.operation, c.state)):
                row = counts.setdefault(operation, {"open": 0, "accepted": 0, "rejected": 0, "flagged": 0})
                row[state] += n
                row["flagged"] += flagged
        return counts

    def by_source(self, kind: str, states: tuple[ProposalState, ...], batch: str | None = None) -> dict[int, int]:
        """Return utterance id -> how many proposals of `kind` in those states were made from it, by one run or all."""
        c = proposal.c
        query = select(c.utterance_id, func.count()).where(c.kind == kind, c.state.in_(states))
        if batch is not None:
            query = query.where(c.batch == batch)
        with reading(self._engine) as connection:
            return {int(number): int(n) for number, n in connection.execute(query.group_by(c.utterance_id))}

    def present(self, kind: str) -> dict[int, int]:
        """Return utterance id -> how many texts made from it wait as proposals of `kind` or are in the corpus.

        A text of the corpus counts without a proposal too, as an import brings it.
        """
        c = utterance.c
        query = select(c.parent_id, func.count()).outerjoin(derivation, derivation.c.utterance_id == c.id)
        is_text = derivation.c.operation.is_(None) | ~derivation.c.operation.startswith(VOICE)
        query = query.where(c.parent_id.is_not(None), c.origin == "augmented", c.active, is_text)
        counts = Counter(self.by_source(kind, ("open",)))
        with reading(self._engine) as connection:
            counts.update({int(number): int(n) for number, n in connection.execute(query.group_by(c.parent_id))})
        return dict(counts)

    def in_corpus(self, choice: Choice) -> dict[str, int]:
        """Return operation -> how many utterances of the corpus were added by accepting one of the proposals."""
        c = proposal.c
        query = select(c.operation, func.count()).join(utterance, utterance.c.id == c.result_id)
        query = query.where(*choice.conditions(), c.state == "accepted", utterance.c.active, ~utterance.c.skipped)
        with reading(self._engine) as connection:
            return {str(name): int(n) for name, n in connection.execute(query.group_by(c.operation))}

    def texts(self, kind: str, block: int = BLOCK) -> Iterator[str]:
        """Yield the texts that proposals of `kind` suggest, whatever was decided on them."""
        c = proposal.c
        query, last = select(c.id, c.payload).where(c.kind == kind).order_by(c.id).limit(block), 0
        while True:
            with reading(self._engine) as connection:
                rows = connection.execute(query.where(c.id > last)).all()
            if not rows:
                return
            last = rows[-1].id
            yield from (str(row.payload["text"]) for row in rows)

    def undo_decision(self, kind: str, curator: str, at: str) -> tuple[Decision | None, list[int], int]:
        """Open again all proposals of the curator's latest decision, in one transaction.

        A decision of which nothing can be opened, because of later decisions, is left, and the one before it is undone.
        Returns (the decision, ids that are open again, how many were left). `Conflict` if all decisions were left.
        """
        c = proposal.c
        left, refused = 0, list[Conflict]()
        before: str | None = None
        with writing(self._engine) as connection:
            while (last := _last(connection, kind, curator, before)) is not None:
                decided = (c.kind == kind, c.decided_by == curator, c.decided_at == last.at, c.state != "open")
                try:
                    opened, more = _take_back(connection, decided, curator, at)
                    return last, opened, left + more
                except Conflict as error:
                    refused.append(error)
                    left, before = left + last.accepted + last.rejected, last.at
        if refused:
            raise refused[0]
        return None, [], 0

    def undo_batch(self, kind: str, batch: str, curator: str, at: str) -> tuple[list[int], int]:
        """Open again all decided proposals of a run, whoever decided; as `undo_decision`."""
        c = proposal.c
        with writing(self._engine) as connection:
            decided = (c.kind == kind, c.batch == batch, c.state != "open")
            return _take_back(connection, decided, curator, at)


def _last(connection: Connection, kind: str, curator: str, before: str | None = None) -> Decision | None:
    """Return the curator's latest decision, or the latest one before an instant."""
    c = proposal.c
    mine = [c.kind == kind, c.decided_by == curator, c.state != "open", c.decided_at.is_not(None)]
    if before is not None:
        mine.append(c.decided_at < before)
    at = connection.scalar(select(func.max(c.decided_at)).where(*mine))
    if at is None:
        return None
    query = select(c.state, func.count()).where(*mine, c.decided_at == at).group_by(c.state)
    counts: Mapping[str, int] = {str(state): int(n) for state, n in connection.execute(query)}
    return Decision(curator, at, counts.get("accepted", 0), counts.get("rejected", 0))


def _take_back(
    connection: Connection, decided: tuple[ColumnElement[bool], ...], curator: str, at: str
) -> tuple[list[int], int]:
    """Undo what the decided proposals wrote and open them; return (their ids, how many were left)."""
    c = proposal.c
    rows = connection.execute(select(c.id, c.state, c.result_id, c.revision_id).where(*decided).order_by(c.id)).all()
    opened, refused = list[int](), list[Conflict]()
    for row in rows:
        try:
            with connection.begin_nested():
                if row.revision_id is not None:
                    decisions.undo(connection, row.revision_id, curator, at)
                if row.state == "accepted" and row.result_id is not None:
                    take_out(connection, row.result_id)
        except Conflict as error:
            refused.append(error)
        else:
            opened.append(row.id)
    if refused and not opened:
        raise refused[0]
    values = {"state": "open", "decided_by": None, "decided_at": None, "revision_id": None}
    for start in range(0, len(opened), NAMES):
        connection.execute(update(proposal).where(c.id.in_(opened[start : start + NAMES])).values(values))
    return opened, len(refused)
