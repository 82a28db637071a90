"""Many proposals at once: what changes a text or leaves an utterance out, accepted and taken back block by block.

The rows are those that as many single decisions would leave: one Revision a proposal, in the order of the proposals,
each on what the one before it made of the utterance. `core.store.proposals.fates` says what becomes of each; one that it refuses
stays open. Labels and augmentations are not written here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from core.records import Act
from core.store.engine import allot, insert_many
from core.store.proposals import fates
from core.store.proposals.fates import Fate, Refusal
from core.store.review.answers import stands
from core.store.rows import NAMES
from core.store.schema import proposal, revision, utterance

COLUMNS = (
    "id", "utterance_id", "version", "curator", "at", "before", "after", "act", "why", "undoes", "proposal_id",
)  # fmt: skip
KINDS = ("cleaning", "exclude")


@dataclass(slots=True)
class _Now:
    """An utterance as it stands, what is to be written included."""

    id: int
    version: int
    text: str
    skipped: bool
    active: bool
    written: list[tuple[Any, ...]] = field(default_factory=list)

    def change(
        self, after: Mapping[str, Any], act: Act, why: str = "", undoes: int | None = None, of: int | None = None
    ) -> None:
        """One Revision more, `of` a proposal; what is so already is left out of it."""
        changed = {name: value for name, value in after.items() if value != getattr(self, name)}
        before = {name: getattr(self, name) for name in changed}
        for name, value in changed.items():
            setattr(self, name, value)
        self.written.append((before, changed, act, why, undoes, of))


def accept(connection: Connection, rows: Sequence[Any], curator: str, at: str, act: Act = "accept") -> dict[int, Fate]:
    """Accept open proposals of `KINDS`, in that order: proposal id -> what became of it. What is refused stays open."""
    copies = {int(row.payload["keep"]) for row in rows if row.payload.get("keep") is not None}
    now = _standing(connection, {row.utterance_id for row in rows} | copies)
    found: dict[int, Fate] = {}
    accepted: list[tuple[int, _Now, int]] = []
    for row in rows:
        one = now.get(row.utterance_id)
        fate = _fate(row, one, now)
        if one is None or isinstance(fate, str):
            found[row.id] = fate if isinstance(fate, str) else "gone"
            continue
        found[row.id] = "rebased" if fate.rebased else "accepted"
        accepted.append((row.id, one, len(one.written)))
        if row.kind == "exclude":
            one.change({"skipped": True}, act, f"{row.operation}: {row.reason}", of=row.id)
        else:
            one.change({"text": fate.text}, act, row.operation, of=row.id)
    made_of = _write(connection, [(one, place) for _, one, place in accepted], curator, at)
    decided = [{"of": number, "made": made} for (number, _, _), made in zip(accepted, made_of, strict=True)]
    if decided:
        marks = {"state": "accepted", "revision_id": bindparam("made"), "decided_by": curator, "decided_at": at}
        connection.execute(update(proposal).where(proposal.c.id == bindparam("of")).values(marks), decided)
    return found


def _fate(row: Any, one: _Now | None, now: Mapping[int, _Now]) -> fates.Change | Refusal:
    if one is None or not one.active:
        return "gone"
    copy = now.get(row.payload.get("keep", 0))
    if copy is not None and not copy.active:
        return "no-copy"
    return fates.of(row.kind, row.payload, fates.Now(one, copy=copy))


def accepted_in(connection: Connection, batch: str) -> Iterator[list[int]]:
    """The utterances that accepted proposals of the batch changed, in blocks."""
    c = proposal.c
    mine = (c.batch == batch, c.state == "accepted", c.kind.in_(KINDS), c.revision_id.is_not(None))
    ids = sorted(set(connection.scalars(select(c.utterance_id).where(*mine))))
    for start in range(0, len(ids), NAMES):
        yield ids[start : start + NAMES]


def take_back(connection: Connection, batch: str, ids: Sequence[int], curator: str, at: str) -> tuple[int, int]:
    """Undo what accepted proposals of the batch wrote on those utterances, the latest first, until something that is
    not the batch's: (undone, left). What was undone is open again."""
    c, r = proposal.c, revision.c
    mine = (c.batch == batch, c.state == "accepted", c.kind.in_(KINDS), c.revision_id.is_not(None))
    written = select(c.id, c.revision_id).where(*mine, c.utterance_id.in_(ids))
    by_revision = {row.revision_id: row.id for row in connection.execute(written)}
    now = _standing(connection, set(ids))
    stopped = {number for number in ids if number not in now or not now[number].active}
    reopened: list[int] = []
    changes: list[tuple[_Now, int]] = []
    columns = (r.id, r.utterance_id, r.before)
    query = select(*columns).where(r.utterance_id.in_(ids), *stands()).order_by(r.utterance_id, r.version.desc())
    for row in connection.execute(query):
        if row.utterance_id in stopped:
            continue
        if row.id not in by_revision:
            stopped.add(row.utterance_id)
            continue
        one = now[row.utterance_id]
        changes.append((one, len(one.written)))
        one.change(row.before, "undo", undoes=row.id)
        reopened.append(by_revision[row.id])
    _write(connection, changes, curator, at)
    values = {"state": "open", "decided_by": None, "decided_at": None, "revision_id": None}
    for start in range(0, len(reopened), NAMES):
        connection.execute(update(proposal).where(c.id.in_(reopened[start : start + NAMES])).values(values))
    return len(reopened), len(by_revision) - len(reopened)


def _standing(connection: Connection, ids: set[int]) -> dict[int, _Now]:
    """The utterances as they stand, those out of the corpus among them."""
    u = utterance.c
    found: dict[int, _Now] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), NAMES):
        query = select(u.id, u.version, u.text, u.skipped, u.active).where(u.id.in_(wanted[start : start + NAMES]))
        found |= {row.id: _Now(*row) for row in connection.execute(query)}
    return found


def _write(connection: Connection, changes: Sequence[tuple[_Now, int]], curator: str, at: str) -> list[int]:
    """The revisions of `changes` (an utterance, and which of what is written of it), in that order, and the utterances
    as they are then; the ids of the revisions."""
    numbers = allot(connection, revision, len(changes))
    rows = []
    for number, (one, place) in zip(numbers, changes, strict=True):
        rows.append((number, one.id, one.version + place + 1, curator, at, *one.written[place]))
    insert_many(connection, revision, COLUMNS, rows)
    changed = {one.id: one for one, _ in changes}.values()
    if changed:
        values = [
            {
                "of": one.id, "to": one.version + len(one.written), "now": one.text, "long": len(one.text),
                "out": one.skipped,
            }
            for one in changed
        ]  # fmt: skip
        new: dict[str, Any] = {"version": bindparam("to"), "text": bindparam("now"), "chars": bindparam("long")}
        new["skipped"] = bindparam("out")
        connection.execute(update(utterance).where(utterance.c.id == bindparam("of")).values(new), values)
    return numbers
