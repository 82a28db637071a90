"""Stores proposals, the suggestions of machines: each is added once and decided once; a decision can be undone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, func, insert, select, update

from core.errors import Conflict, NotFound
from core.files import sha256
from core.messages import Word, message_entry
from core.records import Act, Proposal, ProposalState, Utterance
from core.schemes import scheme
from core.store.corpus import touched
from core.store.corpus.corpus import one_utterance
from core.store.engine import reading, writing
from core.store.proposals import batches, deliveries
from core.store.proposals import outcomes as rule
from core.store.proposals.derived import add_augmentation, take_out
from core.store.proposals.outcomes import Outcome
from core.store.proposals.rows import record, stored_row
from core.store.review import decisions
from core.store.rows import NAMES
from core.store.schema import proposal, revision, utterance

BLOCK = 1000  # values of one IN list


@dataclass(frozen=True, slots=True)
class NewProposal:
    """A proposal that is not in the store yet. What `payload` has depends on `kind`:

    augmentation: {"text", "before", "parent", "seed", "parameters"}, the new text, the parent's text and how the new
    one was made. pseudo-label: {"scheme", "code",
    "confidence", "margin"}. cleaning: {"text", "before"}, the new text and the text it was made from. transcript: the
    same, from the sound, with {"language", "words"}. exclude:
    {"before", "keep", "keep_text"}, the text it was made from, and the id and the text of the copy that stays, if any;
    an utterance gets only one exclude. delivery: {"before", "after", "source"}, what was delivered before and what is
    delivered now. `batch` names the run that made it; `flag` names what a person should look at.
    """

    kind: str
    utterance_id: int
    operation: str
    payload: Mapping[str, Any]
    reason: str
    run_id: str | None = None
    confidence: float | None = None
    batch: str | None = None
    flag: str | None = None

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of what is suggested. Equal suggestions are equal here, even with another seed or score."""
        names = ("after",) if self.kind == deliveries.KIND else ("text", "scheme", "code")
        identity = {k: v for k, v in self.payload.items() if k in names}
        parts = [self.kind, self.utterance_id, self.run_id, identity]
        return sha256(json.dumps(parts, ensure_ascii=False, sort_keys=True).encode())


@dataclass(frozen=True, slots=True)
class Batch:
    """What one run suggested. `counts`: how many of its proposals are open, accepted and rejected."""

    name: str
    made_at: str
    counts: Mapping[str, int]


class Proposals:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, items: Sequence[NewProposal], at: str) -> int:
        """Add the proposals that were never made before; return how many."""
        rows = {
            item.fingerprint: {
                "kind": item.kind, "utterance_id": item.utterance_id, "operation": item.operation,
                "payload": dict(item.payload) | message_entry(item.reason), "fingerprint": item.fingerprint,
                "reason": str(item.reason),
                "state": "open", "run_id": item.run_id, "made_at": at, "confidence": item.confidence,
                "batch": item.batch, "flag": item.flag,
            }
            for item in items
        }  # fmt: skip
        marks, new = list(rows), 0
        with writing(self._engine) as connection:
            for start in range(0, len(marks), BLOCK):
                block = marks[start : start + BLOCK]
                seen = set(connection.scalars(select(proposal.c.fingerprint).where(proposal.c.fingerprint.in_(block))))
                if fresh := [rows[mark] for mark in block if mark not in seen]:
                    connection.execute(insert(proposal), fresh)
                    new += len(fresh)
        return new

    def fitting(self, items: Sequence[NewProposal]) -> list[NewProposal]:
        """Return those suggestions of a delivery that could be accepted now; nothing is written."""
        with reading(self._engine) as connection:
            return [item for item in items if deliveries.fits(connection, item.utterance_id, item.payload)]

    def next(self, kind: str, after_id: int = 0, run_id: str | None = None) -> Proposal | None:
        """Return the first open proposal of `kind` with an id above `after_id`; None if there is none."""
        query = select(proposal).where(proposal.c.kind == kind, proposal.c.state == "open", proposal.c.id > after_id)
        if run_id is not None:
            query = query.where(proposal.c.run_id == run_id)
        with reading(self._engine) as connection:
            row = connection.execute(query.order_by(proposal.c.id).limit(1)).mappings().one_or_none()
            return None if row is None else record(row)

    def get(self, proposal_id: int) -> Proposal:
        with reading(self._engine) as connection:
            return record(stored_row(connection, proposal_id)._mapping)

    def counts(self, kind: str, run_id: str | None = None) -> dict[str, int]:
        """Return state -> number of proposals."""
        query = select(proposal.c.state, func.count()).where(proposal.c.kind == kind).group_by(proposal.c.state)
        if run_id is not None:
            query = query.where(proposal.c.run_id == run_id)
        with reading(self._engine) as connection:
            numbers = {str(state): int(n) for state, n in connection.execute(query)}
        return {"open": 0, "accepted": 0, "rejected": 0} | numbers

    def waiting(
        self,
        kind: str,
        operation: str | None = None,
        limit: int = BLOCK,
        *,
        min_confidence: float | None = None,
        batch: str | None = None,
        run_id: str | None = None,
    ) -> list[int]:
        """Return the ids of the first open proposals of `kind`, ascending. Each other argument narrows them."""
        c = proposal.c
        conditions = _open_conditions(kind, operation, min_confidence, batch, run_id)
        with reading(self._engine) as connection:
            return list(connection.scalars(select(c.id).where(*conditions).order_by(c.id).limit(limit)))

    def open_by_operation(
        self, kind: str, *, min_confidence: float | None = None, batch: str | None = None, run_id: str | None = None
    ) -> dict[str, int]:
        """Return operation -> number of open proposals of `kind`. Each other argument narrows them."""
        conditions = _open_conditions(kind, None, min_confidence, batch, run_id)
        query = select(proposal.c.operation, func.count()).where(*conditions).group_by(proposal.c.operation)
        with reading(self._engine) as connection:
            return {str(operation): int(n) for operation, n in connection.execute(query)}

    def page(
        self, kind: str, operation: str | None = None, limit: int = 50, *, after_id: int = 0,
        min_confidence: float | None = None, batch: str | None = None, run_id: str | None = None,
    ) -> list[Proposal]:  # fmt: skip
        """As `waiting`, but return the proposals themselves, those with an id above `after_id`."""
        conditions = (*_open_conditions(kind, operation, min_confidence, batch, run_id), proposal.c.id > after_id)
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(proposal).where(*conditions).order_by(proposal.c.id).limit(limit)
            ).mappings()
            return [record(row) for row in rows]

    def batches(self, kind: str = "cleaning") -> list[Batch]:
        """Return the runs that made proposals of `kind`, the latest first."""
        c = proposal.c
        query = select(c.batch, func.min(c.made_at), c.state, func.count()).where(c.kind == kind, c.batch.is_not(None))
        by_name: dict[str, Batch] = {}
        with reading(self._engine) as connection:
            for name, at, state, n in connection.execute(query.group_by(c.batch, c.state)):
                batch = by_name.get(name, Batch(name, at, {"open": 0, "accepted": 0, "rejected": 0}))
                by_name[name] = Batch(name, min(at, batch.made_at), {**batch.counts, state: n})
        return sorted(by_name.values(), key=lambda batch: batch.made_at, reverse=True)

    def batch_sources(self, kind: str) -> dict[str, str]:
        """Return the name of each run -> the source that its suggestions came from, as their payload says."""
        c = proposal.c
        first = select(func.min(c.id)).where(c.kind == kind, c.batch.is_not(None)).group_by(c.batch)
        with reading(self._engine) as connection:
            found = connection.execute(select(c.batch, c.payload).where(c.id.in_(first)))
            return {batch: str(payload.get("source", "")) for batch, payload in found}

    def accept_many(
        self, proposal_ids: Sequence[int], curator: str, at: str, *, act: Act = "accept"
    ) -> dict[int, Outcome]:
        """Accept the open ones of `proposal_ids` by id, in one transaction; return proposal id -> outcome.

        `core.store.proposals.outcomes` has the rule. A refused proposal stays open; the caller decides
        what to do with it.
        """
        outcomes: dict[int, Outcome] = dict.fromkeys(sorted(proposal_ids), "decided")
        with writing(self._engine) as connection:
            for start in range(0, len(proposal_ids), NAMES):
                in_block = (proposal.c.id.in_(proposal_ids[start : start + NAMES]), proposal.c.state == "open")
                rows = connection.execute(select(proposal).where(*in_block).order_by(proposal.c.id)).all()
                outcomes |= _accept(connection, rows, curator, at, act)
        return outcomes

    def undo_batch(self, batch: str, curator: str, at: str) -> tuple[int, int]:
        """Undo all accepted proposals of a run, in one transaction; they are open again.

        Utterances with later decisions are left as they are. Returns (undone, left). `NotFound` if there is no batch.
        """
        undone = left = 0
        with writing(self._engine) as connection:
            if connection.scalar(select(proposal.c.id).where(proposal.c.batch == batch).limit(1)) is None:
                raise NotFound("no batch {batch!r} of proposals", batch=batch)
            for ids in batches.accepted_in(connection, batch):
                counts = batches.take_back(connection, batch, ids, curator, at)
                undone, left = undone + counts[0], left + counts[1]
            counts = deliveries.take_back(connection, batch, curator, at)
            undone, left = undone + counts[0], left + counts[1]
        return undone, left

    def reject_many(self, proposal_ids: Sequence[int], curator: str, at: str) -> int:
        """Reject the open ones of `proposal_ids`, in one transaction; return how many were open."""
        values = {"state": "rejected", "decided_by": curator, "decided_at": at}
        n = 0
        with writing(self._engine) as connection:
            for start in range(0, len(proposal_ids), NAMES):
                in_block = (proposal.c.id.in_(proposal_ids[start : start + NAMES]), proposal.c.state == "open")
                n += connection.execute(update(proposal).where(*in_block).values(values)).rowcount
        return n

    def decide(self, proposal_id: int, accept: bool, curator: str, at: str) -> Proposal:
        """Accept or reject an open proposal, in one transaction; accepting writes what it suggests.

        `Conflict` if it is not open, `Unfit` if it cannot be accepted any more; then nothing is written.
        """
        with writing(self._engine) as connection:
            row = stored_row(connection, proposal_id)
            if row.state != "open":
                raise Conflict(
                    "proposal {proposal_id} was already {state} by {decided_by}",
                    proposal_id=proposal_id,
                    state=Word(row.state),
                    decided_by=row.decided_by,
                )
            if not accept:
                return _set_state(connection, proposal_id, "rejected", curator, at, {})
            outcome = _accept(connection, [row], curator, at, "accept")[proposal_id]
            if outcome not in rule.WRITTEN:
                raise rule.refusal_error(row, outcome)
            return record(stored_row(connection, proposal_id)._mapping)

    def rejected(self, scheme_name: str) -> dict[int, str]:
        """Return utterance id -> when the pseudo-label was suggested that a person rejected, under a scheme."""
        with reading(self._engine) as connection:
            return touched.rejected(connection, scheme_name)

    def singly_accepted(self, scheme_name: str) -> dict[int, str]:
        """Return utterance id -> code of the pseudo-label that a person accepted by itself, under a scheme."""
        with reading(self._engine) as connection:
            return touched.singly_accepted(connection, scheme_name)

    def undo(self, kind: str, curator: str, at: str) -> Proposal | None:
        """Undo the curator's latest decision on a proposal of `kind`: the proposal is open again.

        Returns None if there is no decision. `Conflict` if what it wrote was decided on since.
        """
        with writing(self._engine) as connection:
            row = connection.execute(
                select(proposal)
                .where(proposal.c.kind == kind, proposal.c.decided_by == curator, proposal.c.state != "open")
                .order_by(proposal.c.decided_at.desc(), proposal.c.id.desc())
                .limit(1)
            ).one_or_none()
            if row is None:
                return None
            if row.revision_id is not None:
                decisions.undo(connection, row.revision_id, curator, at)
            if row.result_id is not None:
                take_out(connection, row.result_id)
            return _set_state(connection, row.id, "open", None, None, {"revision_id": None})


def _open_conditions(
    kind: str, operation: str | None, min_confidence: float | None, batch: str | None, run_id: str | None
) -> list[ColumnElement[bool]]:
    c = proposal.c
    conditions = [c.kind == kind, c.state == "open"]
    if operation is not None:
        conditions.append(c.operation == operation)
    if min_confidence is not None:
        conditions.append(c.confidence >= min_confidence)
    if batch is not None:
        conditions.append(c.batch == batch)
    if run_id is not None:
        conditions.append(c.run_id == run_id)
    return conditions


def _accept(connection: Connection, rows: Sequence[Any], curator: str, at: str, act: Act) -> dict[int, Outcome]:
    """Accept open proposals; return proposal id -> outcome."""
    outcomes = batches.accept(connection, [row for row in rows if row.kind in batches.KINDS], curator, at, act)
    for row in rows:
        if row.kind in _CARRY_OUT:
            outcomes[row.id] = _accept_single(connection, row, curator, at, act)
    return outcomes


def _accept_single(connection: Connection, row: Any, curator: str, at: str, act: Act) -> Outcome:
    """Accept one augmentation, pseudo-label or suggestion of a delivery."""
    current = one_utterance(connection, row.utterance_id)
    if not connection.scalar(select(utterance.c.active).where(utterance.c.id == current.id)):
        return "gone"
    payload = dict(row.payload)
    if row.kind == "augmentation" and "before" not in payload:
        payload["before"] = _text_at(connection, current, row.made_at)
    fields = deliveries.fields(connection, current, payload) if row.kind == deliveries.KIND else {}
    if row.kind == "pseudo-label" and _changed_since(connection, current, payload, row.made_at):
        return "changed"
    change = rule.change_for(row.kind, payload, rule.CurrentState(current, current.labels, fields=fields))
    if isinstance(change, str):
        return change
    written = _CARRY_OUT[row.kind](connection, row, current, change, curator, at, act)
    _set_state(connection, row.id, "accepted", curator, at, written)
    return "rebased" if change.rebased else "accepted"


def _changed_since(connection: Connection, current: Utterance, payload: Mapping[str, Any], at: str) -> bool:
    """Return whether what was predicted for is another now: the text of the utterance, or of a turn of its call.

    Where no text was, a transcript may have come since; `judged` of the payload is the text that the run read instead.
    """
    c, ids = revision.c, [current.id]
    if scheme(payload["scheme"]).level == "recording" and current.recording_id is not None:
        ids = list(connection.scalars(select(utterance.c.id).where(utterance.c.recording_id == current.recording_id)))
    query = select(c.utterance_id, c.before).where(c.utterance_id.in_(ids), c.at > at).order_by(c.version.desc())
    texts = {row.utterance_id: row.before["text"] for row in connection.execute(query) if "text" in row.before}
    now = select(utterance.c.id, utterance.c.text).where(utterance.c.id.in_(texts))
    return any((texts[number] or payload.get("judged", text)) != text for number, text in connection.execute(now))


def _text_at(connection: Connection, current: Utterance, at: str) -> str:
    """Return the text that the utterance had at that time; proposals of an earlier program did not store it."""
    c = revision.c
    query = select(c.before).where(c.utterance_id == current.id, c.at > at).order_by(c.version)
    return next((before["text"] for before in connection.scalars(query) if "text" in before), current.text)


def _set_state(
    connection: Connection,
    proposal_id: int,
    state: ProposalState,
    curator: str | None,
    at: str | None,
    written: dict[str, Any],
) -> Proposal:
    values = {"state": state, "decided_by": curator, "decided_at": at, **written}
    connection.execute(update(proposal).where(proposal.c.id == proposal_id).values(values))
    return record(stored_row(connection, proposal_id)._mapping)


def _write_pseudo_label(
    connection: Connection, row: Any, current: Utterance, change: rule.Change, curator: str, at: str, act: Act
) -> dict[str, Any]:
    """Write the pseudo-label as a silver label, by a Revision, but no annotation: it is no answer of a person."""
    value = {"code": row.payload["code"], "grade": "silver", "by": curator}
    made = decisions.decide(
        connection, current.id, current.version, curator, at, labels={row.payload["scheme"]: value}, act=act,
        why=row.operation, proposal_id=row.id, answers={},
    )  # fmt: skip
    return {"revision_id": made.id}


_CARRY_OUT = {"augmentation": add_augmentation, "pseudo-label": _write_pseudo_label, "delivery": deliveries.carry_out}
