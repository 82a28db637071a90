"""Accepts and undoes many proposals at once: those that change a text or leave an utterance out.

The result is the same as that of single decisions: one Revision for each proposal, in the order of the proposals, each
on the text that the one before it wrote. `core.store.proposals.outcomes` decides on each proposal; a refused one stays
open. Labels and augmentations are not written here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from core.records import Act
from core.store.engine import allot, insert_many
from core.store.proposals import outcomes as rule
from core.store.proposals.copies import Copies
from core.store.proposals.outcomes import Outcome, Refusal
from core.store.review.answers import stands
from core.store.rows import NAMES
from core.store.schema import proposal, revision, utterance

COLUMNS = (
    "id", "utterance_id", "version", "curator", "at", "before", "after", "act", "why", "undoes", "proposal_id",
)  # fmt: skip
KINDS = ("cleaning", "exclude", "transcript")


@dataclass(slots=True)
class _UtteranceState:
    """The current state of an utterance, with the changes that are still to be written.

    `version` is that of the database; `written` has one row of `revision` for each change.
    """

    id: int
    version: int
    text: str
    skipped: bool
    active: bool
    written: list[tuple[Any, ...]] = field(default_factory=list)

    def change(
        self,
        after: Mapping[str, Any],
        act: Act,
        why: str = "",
        undoes: int | None = None,
        proposal_id: int | None = None,
    ) -> None:
        """Add one Revision; values that are so already are left out of it."""
        changed = {name: value for name, value in after.items() if value != getattr(self, name)}
        before = {name: getattr(self, name) for name in changed}
        for name, value in changed.items():
            setattr(self, name, value)
        self.written.append((before, changed, act, why, undoes, proposal_id))


def accept(
    connection: Connection, rows: Sequence[Any], curator: str, at: str, act: Act = "accept"
) -> dict[int, Outcome]:
    """Accept open proposals of `KINDS` in the order of `rows`; return proposal id -> outcome. The refused stay open."""
    copies = {int(row.payload["keep"]) for row in rows if row.payload.get("keep") is not None}
    states = _current_states(connection, {row.utterance_id for row in rows} | copies, lock=True)
    judge = Copies(connection, states, lambda ids: states.update(_current_states(connection, ids, lock=True)))
    outcomes: dict[int, Outcome] = {}
    accepted: list[tuple[int, _UtteranceState, int]] = []
    for row in rows:
        state = states.get(row.utterance_id)
        outcome = _change_for(row, state, judge)
        if state is None or isinstance(outcome, str):
            outcomes[row.id] = outcome if isinstance(outcome, str) else "gone"
            continue
        outcomes[row.id] = "rebased" if outcome.rebased else "accepted"
        accepted.append((row.id, state, len(state.written)))
        if row.kind == "exclude":
            state.change({"skipped": True}, act, f"{row.operation}: {row.reason}", proposal_id=row.id)
        else:
            state.change({"text": outcome.text}, act, row.operation, proposal_id=row.id)
    made_of = _write(connection, [(state, place) for _, state, place in accepted], curator, at)
    decided = [{"of": number, "made": made} for (number, _, _), made in zip(accepted, made_of, strict=True)]
    if decided:
        marks = {"state": "accepted", "revision_id": bindparam("made"), "decided_by": curator, "decided_at": at}
        connection.execute(update(proposal).where(proposal.c.id == bindparam("of")).values(marks), decided)
    return outcomes


def _change_for(row: Any, state: _UtteranceState | None, judge: Copies) -> rule.Change | Refusal:
    if state is None or not state.active:
        return "gone"
    may_go, copy = judge.staying(row, state) if row.kind == "exclude" and not state.skipped else (True, None)
    if not may_go and row.operation == "near-text":
        return "no-copy"
    return rule.change_for(row.kind, row.payload, rule.CurrentState(state, copy=copy, last_copy=not may_go))


def accepted_in(connection: Connection, batch: str) -> Iterator[list[int]]:
    """Yield the ids of the utterances that accepted proposals of the batch changed, in blocks."""
    c = proposal.c
    conditions = (c.batch == batch, c.state == "accepted", c.kind.in_(KINDS), c.revision_id.is_not(None))
    ids = sorted(set(connection.scalars(select(c.utterance_id).where(*conditions))))
    for start in range(0, len(ids), NAMES):
        yield ids[start : start + NAMES]


def take_back(connection: Connection, batch: str, ids: Sequence[int], curator: str, at: str) -> tuple[int, int]:
    """Undo what accepted proposals of the batch wrote on the utterances `ids`; return (undone, left as they are).

    It starts with the last Revision of each utterance and stops at the first that is not of the batch. A proposal that
    was undone is open again.
    """
    c, r = proposal.c, revision.c
    conditions = (c.batch == batch, c.state == "accepted", c.kind.in_(KINDS), c.revision_id.is_not(None))
    written = select(c.id, c.revision_id).where(*conditions, c.utterance_id.in_(ids))
    by_revision = {row.revision_id: row.id for row in connection.execute(written)}
    states = _current_states(connection, set(ids))
    stopped = {number for number in ids if number not in states or not states[number].active}
    reopened: list[int] = []
    changes: list[tuple[_UtteranceState, int]] = []
    columns = (r.id, r.utterance_id, r.before)
    query = select(*columns).where(r.utterance_id.in_(ids), *stands()).order_by(r.utterance_id, r.version.desc())
    for row in connection.execute(query):
        if row.utterance_id in stopped:
            continue
        if row.id not in by_revision:
            stopped.add(row.utterance_id)
            continue
        state = states[row.utterance_id]
        changes.append((state, len(state.written)))
        state.change(row.before, "undo", undoes=row.id)
        reopened.append(by_revision[row.id])
    _write(connection, changes, curator, at)
    values = {"state": "open", "decided_by": None, "decided_at": None, "revision_id": None}
    for start in range(0, len(reopened), NAMES):
        connection.execute(update(proposal).where(c.id.in_(reopened[start : start + NAMES])).values(values))
    return len(reopened), len(by_revision) - len(reopened)


def _current_states(connection: Connection, ids: set[int], lock: bool = False) -> dict[int, _UtteranceState]:
    """Return id -> current state, also of utterances that were taken out of the corpus.

    `lock`: no other transaction may change them before this one ends (SQLite has one writer at a time anyway).
    """
    u = utterance.c
    states: dict[int, _UtteranceState] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), NAMES):
        query = select(u.id, u.version, u.text, u.skipped, u.active).where(u.id.in_(wanted[start : start + NAMES]))
        query = query.order_by(u.id).with_for_update() if lock else query
        states |= {row.id: _UtteranceState(*row) for row in connection.execute(query)}
    return states


def _write(connection: Connection, changes: Sequence[tuple[_UtteranceState, int]], curator: str, at: str) -> list[int]:
    """Insert the revisions of `changes` and update the utterances; return the ids of the revisions.

    `changes`: (state of an utterance, index into its `written`), in the order of the revisions.
    """
    numbers = allot(connection, revision, len(changes))
    rows = []
    for number, (state, place) in zip(numbers, changes, strict=True):
        rows.append((number, state.id, state.version + place + 1, curator, at, *state.written[place]))
    insert_many(connection, revision, COLUMNS, rows)
    changed = {state.id: state for state, _ in changes}.values()
    if changed:
        values = [
            {
                "of": state.id, "to": state.version + len(state.written), "now": state.text, "long": len(state.text),
                "out": state.skipped,
            }
            for state in changed
        ]  # fmt: skip
        columns: dict[str, Any] = {"version": bindparam("to"), "text": bindparam("now"), "chars": bindparam("long")}
        columns["skipped"] = bindparam("out")
        connection.execute(update(utterance).where(utterance.c.id == bindparam("of")).values(columns), values)
    return numbers
