"""Suggestions of machines that wait for a person: made once, decided once, and a decision can be taken back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, delete, func, insert, select, update

from core.errors import Conflict, NotFound
from core.files import sha256
from core.messages import Word, beside, reread
from core.records import Act, NewUtterance, Proposal, ProposalState, Utterance
from core.store.corpus.corpus import insert_utterance, one_utterance
from core.store.engine import reading, writing
from core.store.proposals import batches, fates
from core.store.proposals.fates import Fate
from core.store.review import decisions
from core.store.rows import NAMES
from core.store.schema import label, proposal, revision, utterance

BLOCK = 1000  # names in one IN list


@dataclass(frozen=True, slots=True)
class NewProposal:
    """`payload`: {"text", ...} of an augmentation, {"scheme", "code", "confidence", "margin"} of a pseudo-label.

    An augmentation has "before" too, its parent's text. Of a cleaning: {"text", "before"}, the text to be and the one
    it was made from. Of an exclude: {"before"} likewise, and {"keep"}, the copy that stays; one is enough for an
    utterance, whatever speaks against it. `batch` names the run that makes it with others.
    """

    kind: str
    utterance_id: int
    operation: str
    payload: Mapping[str, Any]
    reason: str
    run_id: str | None = None
    confidence: float | None = None
    batch: str | None = None

    @property
    def fingerprint(self) -> str:
        """Equal suggestions for one utterance have equal fingerprints, whatever seed or score made them."""
        told = {k: v for k, v in self.payload.items() if k in ("text", "scheme", "code")}
        parts = [self.kind, self.utterance_id, self.run_id, told]
        return sha256(json.dumps(parts, ensure_ascii=False, sort_keys=True).encode())


@dataclass(frozen=True, slots=True)
class Batch:
    """What one run suggested: how many of it are open, accepted, rejected."""

    name: str
    made_at: str
    counts: Mapping[str, int]


class Proposals:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, items: Sequence[NewProposal], at: str) -> int:
        """Add those that were never made before; returns how many."""
        rows = {
            item.fingerprint: {
                "kind": item.kind, "utterance_id": item.utterance_id, "operation": item.operation,
                "payload": dict(item.payload) | beside(item.reason), "fingerprint": item.fingerprint,
                "reason": str(item.reason),
                "state": "open", "run_id": item.run_id, "made_at": at, "confidence": item.confidence,
                "batch": item.batch,
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

    def next(self, kind: str, after_id: int = 0, run_id: str | None = None) -> Proposal | None:
        """The open proposal of `kind` that follows `after_id`."""
        query = select(proposal).where(proposal.c.kind == kind, proposal.c.state == "open", proposal.c.id > after_id)
        if run_id is not None:
            query = query.where(proposal.c.run_id == run_id)
        with reading(self._engine) as connection:
            row = connection.execute(query.order_by(proposal.c.id).limit(1)).mappings().one_or_none()
            return None if row is None else _record(row)

    def get(self, proposal_id: int) -> Proposal:
        with reading(self._engine) as connection:
            return _record(_row(connection, proposal_id)._mapping)

    def counts(self, kind: str, run_id: str | None = None) -> dict[str, int]:
        """state -> how many."""
        query = select(proposal.c.state, func.count()).where(proposal.c.kind == kind).group_by(proposal.c.state)
        if run_id is not None:
            query = query.where(proposal.c.run_id == run_id)
        with reading(self._engine) as connection:
            found = {str(state): int(n) for state, n in connection.execute(query)}
        return {"open": 0, "accepted": 0, "rejected": 0} | found

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
        """The first open proposals of `kind`: by `operation`, at least so sure, of that batch, of that model run."""
        c = proposal.c
        mine = _open(kind, operation, min_confidence, batch, run_id)
        with reading(self._engine) as connection:
            return list(connection.scalars(select(c.id).where(*mine).order_by(c.id).limit(limit)))

    def open_by_operation(
        self, kind: str, *, min_confidence: float | None = None, batch: str | None = None, run_id: str | None = None
    ) -> dict[str, int]:
        """operation -> how many proposals of `kind` are open, at least so sure, of that batch, of that model run."""
        mine = _open(kind, None, min_confidence, batch, run_id)
        query = select(proposal.c.operation, func.count()).where(*mine).group_by(proposal.c.operation)
        with reading(self._engine) as connection:
            return {str(operation): int(n) for operation, n in connection.execute(query)}

    def page(
        self, kind: str, operation: str | None = None, limit: int = 50, *, after_id: int = 0,
        min_confidence: float | None = None, batch: str | None = None, run_id: str | None = None,
    ) -> list[Proposal]:  # fmt: skip
        """As `waiting`, whole, those after `after_id`."""
        mine = (*_open(kind, operation, min_confidence, batch, run_id), proposal.c.id > after_id)
        with reading(self._engine) as connection:
            rows = connection.execute(select(proposal).where(*mine).order_by(proposal.c.id).limit(limit)).mappings()
            return [_record(row) for row in rows]

    def batches(self, kind: str = "cleaning") -> list[Batch]:
        """The runs that made proposals of `kind`, the latest first."""
        c = proposal.c
        query = select(c.batch, func.min(c.made_at), c.state, func.count()).where(c.kind == kind, c.batch.is_not(None))
        found: dict[str, Batch] = {}
        with reading(self._engine) as connection:
            for name, at, state, n in connection.execute(query.group_by(c.batch, c.state)):
                one = found.get(name, Batch(name, at, {"open": 0, "accepted": 0, "rejected": 0}))
                found[name] = Batch(name, min(at, one.made_at), {**one.counts, state: n})
        return sorted(found.values(), key=lambda one: one.made_at, reverse=True)

    def accept_many(
        self, proposal_ids: Sequence[int], curator: str, at: str, *, act: Act = "accept"
    ) -> dict[int, Fate]:
        """Accept those that are open, in one transaction, by id: proposal id -> what became of it.

        `core.store.proposals.fates` holds the rule. What is refused stays open; whoever accepts says what happens to it.
        """
        found: dict[int, Fate] = dict.fromkeys(sorted(proposal_ids), "decided")
        with writing(self._engine) as connection:
            for start in range(0, len(proposal_ids), NAMES):
                mine = (proposal.c.id.in_(proposal_ids[start : start + NAMES]), proposal.c.state == "open")
                rows = connection.execute(select(proposal).where(*mine).order_by(proposal.c.id)).all()
                found |= _accepted(connection, rows, curator, at, act)
        return found

    def undo_batch(self, batch: str, curator: str, at: str) -> tuple[int, int]:
        """Take a whole run back: what was accepted of it is open again, but for what was decided on since.

        (undone, left because of later decisions). All of it is one transaction. `NotFound` for a batch that is none.
        """
        undone = left = 0
        with writing(self._engine) as connection:
            if connection.scalar(select(proposal.c.id).where(proposal.c.batch == batch).limit(1)) is None:
                raise NotFound("no batch {batch!r} of proposals", batch=batch)
            for ids in batches.accepted_in(connection, batch):
                done = batches.take_back(connection, batch, ids, curator, at)
                undone, left = undone + done[0], left + done[1]
        return undone, left

    def reject_many(self, proposal_ids: Sequence[int], curator: str, at: str) -> int:
        """Reject those that are open, in one transaction; how many were."""
        values = {"state": "rejected", "decided_by": curator, "decided_at": at}
        n = 0
        with writing(self._engine) as connection:
            for start in range(0, len(proposal_ids), NAMES):
                mine = (proposal.c.id.in_(proposal_ids[start : start + NAMES]), proposal.c.state == "open")
                n += connection.execute(update(proposal).where(*mine).values(values)).rowcount
        return n

    def decide(self, proposal_id: int, accept: bool, curator: str, at: str) -> Proposal:
        """Accept (and carry out) or reject an open proposal, in one transaction.

        `Conflict` if it is not open, `Unfit` if it no longer fits; then nothing is written.
        """
        with writing(self._engine) as connection:
            row = _row(connection, proposal_id)
            if row.state != "open":
                raise Conflict(
                    "proposal {proposal_id} was already {state} by {decided_by}",
                    proposal_id=proposal_id,
                    state=Word(row.state),
                    decided_by=row.decided_by,
                )
            if not accept:
                return _decided(connection, proposal_id, "rejected", curator, at, {})
            fate = _accepted(connection, [row], curator, at, "accept")[proposal_id]
            if fate not in fates.WRITTEN:
                raise fates.refusal(row, fate)
            return _record(_row(connection, proposal_id)._mapping)

    def undo(self, kind: str, curator: str, at: str) -> Proposal | None:
        """Reopen the curator's latest decision on a proposal of `kind`; what it wrote is taken back."""
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
                _withdraw(connection, row.result_id)
            return _decided(connection, row.id, "open", None, None, {"revision_id": None})


def _open(
    kind: str, operation: str | None, min_confidence: float | None, batch: str | None, run_id: str | None
) -> list[ColumnElement[bool]]:
    c = proposal.c
    mine = [c.kind == kind, c.state == "open"]
    if operation is not None:
        mine.append(c.operation == operation)
    if min_confidence is not None:
        mine.append(c.confidence >= min_confidence)
    if batch is not None:
        mine.append(c.batch == batch)
    if run_id is not None:
        mine.append(c.run_id == run_id)
    return mine


def _accepted(connection: Connection, rows: Sequence[Any], curator: str, at: str, act: Act) -> dict[int, Fate]:
    """Accept those open proposals: proposal id -> what became of it."""
    found = batches.accept(connection, [row for row in rows if row.kind in batches.KINDS], curator, at, act)
    for row in rows:
        if row.kind in _CARRY_OUT:
            found[row.id] = _carried_out(connection, row, curator, at, act)
    return found


def _carried_out(connection: Connection, row: Any, curator: str, at: str, act: Act) -> Fate:
    """Accept a proposal that is no change of a text and leaves nothing out."""
    now = one_utterance(connection, row.utterance_id)
    if not connection.scalar(select(utterance.c.active).where(utterance.c.id == now.id)):
        return "gone"
    payload = dict(row.payload)
    if row.kind == "augmentation" and "before" not in payload:
        payload["before"] = _text_at(connection, now, row.made_at)
    fate = fates.of(row.kind, payload, fates.Now(now, now.labels))
    if isinstance(fate, str):
        return fate
    done = _CARRY_OUT[row.kind](connection, row, now, fate, curator, at, act)
    _decided(connection, row.id, "accepted", curator, at, done)
    return "rebased" if fate.rebased else "accepted"


def _text_at(connection: Connection, now: Utterance, at: str) -> str:
    """The text of the utterance at that time: for suggestions of an earlier program, which did not note it."""
    c = revision.c
    query = select(c.before).where(c.utterance_id == now.id, c.at > at).order_by(c.version)
    return next((before["text"] for before in connection.scalars(query) if "text" in before), now.text)


def _row(connection: Connection, proposal_id: int) -> Any:
    row = connection.execute(select(proposal).where(proposal.c.id == proposal_id)).one_or_none()
    if row is None:
        raise NotFound("no proposal {proposal_id}", proposal_id=proposal_id)
    return row


def _record(row: Mapping[Any, Any]) -> Proposal:
    hidden = {"fingerprint", "decided_at", "result_id", "revision_id"}
    shown = {name: value for name, value in row.items() if name not in hidden}
    held = row["payload"]
    return Proposal(**shown | {"payload": _payload(held), "reason": reread(row["reason"], held)})


def _payload(held: Mapping[str, Any]) -> dict[str, Any]:
    """What the suggestion would write, without the message that is stored beside it."""
    return {name: value for name, value in held.items() if name != "message"}


def _decided(
    connection: Connection,
    proposal_id: int,
    state: ProposalState,
    curator: str | None,
    at: str | None,
    done: dict[str, Any],
) -> Proposal:
    values = {"state": state, "decided_by": curator, "decided_at": at, **done}
    connection.execute(update(proposal).where(proposal.c.id == proposal_id).values(values))
    return _record(_row(connection, proposal_id)._mapping)


def _augment(
    connection: Connection, row: Any, parent: Utterance, fate: fates.Change, curator: str, at: str, act: Act
) -> dict[str, Any]:
    """Add an utterance to its parent's group, with its parent's labels as silver, but for those that are disputed.

    One that was taken back comes to life again, if its text is the same still.
    """
    text = str(fate.text)
    earlier = row.result_id and one_utterance(connection, row.result_id)
    if earlier and earlier.text == text:
        connection.execute(update(utterance).where(utterance.c.id == earlier.id).values(active=True))
        _copy_labels(connection, parent.id, earlier.id, curator)
        return {"result_id": earlier.id}
    new = NewUtterance(
        key=f"{parent.key}+{row.id}" + (f"@{parent.version}" if earlier else ""), text=text, group=parent.group,
        speaker=parent.speaker, origin="augmented",
        meta={"operation": row.operation, **_payload(row.payload), "text": text},
    )  # fmt: skip
    new_id = insert_utterance(connection, parent.source_id, parent.recording_id, new, parent.id)
    _copy_labels(connection, parent.id, new_id, curator)
    return {"result_id": new_id}


def _copy_labels(connection: Connection, parent_id: int, new_id: int, curator: str) -> None:
    mine = (label.c.level == "utterance", label.c.target_id == parent_id, label.c.grade != "disputed")
    own = select(label).where(*mine)
    for old in connection.execute(own).mappings().all():
        connection.execute(insert(label).values(dict(old) | {"target_id": new_id, "grade": "silver", "by": curator}))


def _withdraw(connection: Connection, utterance_id: int) -> None:
    """Take a derived utterance out of the corpus, its labels with it; its row stays for whoever refers to it."""
    if (later := decisions.standing(connection, utterance_id)) is not None:
        raise Conflict(
            "the accepted utterance {utterance_id} was decided on by {who}; that has to be undone first",
            utterance_id=utterance_id,
            who=later,
        )
    connection.execute(delete(label).where(label.c.level == "utterance", label.c.target_id == utterance_id))
    connection.execute(update(utterance).where(utterance.c.id == utterance_id).values(active=False))


def _label(
    connection: Connection, row: Any, now: Utterance, fate: fates.Change, curator: str, at: str, act: Act
) -> dict[str, Any]:
    """Write the pseudo-label as a silver label, through a Revision."""
    value = {"code": row.payload["code"], "grade": "silver", "by": curator}
    written = decisions.decide(
        connection, now.id, now.version, curator, at, labels={row.payload["scheme"]: value}, act=act,
        why=row.operation, proposal_id=row.id,
    )  # fmt: skip
    return {"revision_id": written.id}


_CARRY_OUT = {"augmentation": _augment, "pseudo-label": _label}
