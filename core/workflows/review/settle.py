"""Settle disputes: curators answered blind and differ, and one person decides which class stands.

A settled label is gold; snapshots take it even if somebody answers later. The curators' answers stay in the store, the
reason is in the Revision's `why`, and undo opens the dispute again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InputError, NotFound
from core.filters import Filter
from core.ingest.votes import NAMELESS, PREFIX
from core.messages import SchemeName
from core.records import Remark, Revision, StandingAnswer, Utterance
from core.schemes import scheme
from core.store import QueueRequest
from core.workflows.review import leases
from core.workflows.workspace import Workspace, now

LONGEST_REASON = 2_000
NOBODY = ""  # the curator of a request that only counts


@dataclass(frozen=True, slots=True)
class Dispute:
    """One target (an utterance or a recording) that curators answered differently.

    `utterance` is the target itself or, if the target is a recording, its first utterance. `answers` are in the order
    in which they were given; the code of the first is the label until the dispute is settled. `predictions` of models:
    {scheme, code, confidence, run}. `before` and `after` are the texts of the neighbouring utterances. `audio` says
    whether the recording's audio is there. `left` counts the open disputes under the scheme, with this one.
    """

    scheme: str
    target_id: int
    utterance: Utterance
    answers: tuple[StandingAnswer, ...]
    predictions: tuple[Mapping[str, Any], ...]
    remarks: tuple[Remark, ...]
    before: str
    after: str
    audio: bool
    left: int

    @property
    def version(self) -> int:
        """The version of the utterance as shown; saving needs it."""
        return self.utterance.version


@dataclass(frozen=True, slots=True)
class UndoResult:
    """`revision` is the undo. `dispute` is open again; None if the decision that was undone was not a settlement."""

    revision: Revision
    dispute: Dispute | None


def disputes(ws: Workspace, name: str) -> int:
    """Number of targets under scheme `name` that wait to be settled, including those on somebody's screen."""
    return ws.store.leases.left(_request(name, NOBODY, ()))


def next_dispute(ws: Workspace, name: str, curator: str, passed: Sequence[int] = ()) -> Dispute | None:
    """Lease and return the next dispute for `curator`; None if none is left. No other curator gets it meanwhile.

    `passed` are ids of utterances that the curator put off; they are not offered again.
    """
    ids, left = ws.store.leases.take(_request(name, curator, passed))
    return _dispute(ws, name, ids[0], left) if ids else None


def rater(answer: StandingAnswer) -> str | None:
    """The name of the person who gave `answer`, without the prefix of votes; None for a vote without a name.

    >>> rater(StandingAnswer(1, "vote:kim", "danger", "", None, "vote"))
    'kim'
    """
    if answer.curator.startswith(NAMELESS):
        return None
    return answer.curator.removeprefix(PREFIX) if answer.kind == "vote" else answer.curator


def settle(
    ws: Workspace, dispute: Dispute, code: str, curator: str, reason: str = "", spent_ms: int | None = None
) -> Revision:
    """End `dispute` with the class `code`. The decision and its `reason` are on disk when this returns.

    `Stale` if somebody decided on the utterance meanwhile, `InputError` if the reason is too long.
    """
    why = " ".join(reason.split())
    if len(why) > LONGEST_REASON:
        raise InputError(
            "a reason of {n:,} characters; at most {longest_reason:,}", n=len(why), longest_reason=LONGEST_REASON
        )
    return ws.store.review.settle(
        dispute.target_id, dispute.scheme, code, curator, now(), why, version=dispute.version, spent_ms=spent_ms
    )


def put_off(ws: Workspace, dispute: Dispute, curator: str) -> None:
    """End the lease of the dispute without a decision."""
    ws.store.leases.release(curator, dispute.utterance.id)


def undo(ws: Workspace, curator: str) -> UndoResult | None:
    """Undo the curator's latest decision made by hand, as the Review page does; None if there is none left.

    If it was a settlement, its dispute is open again and leased to the curator. `Conflict` if somebody decided on the
    utterance since.
    """
    undo_revision = ws.store.review.undo(curator, now(), hand_made=True)
    if undo_revision is None:
        return None
    history = ws.store.review.history(undo_revision.utterance_id)
    undone = next(revision for revision in history if revision.id == undo_revision.undoes)
    if undone.act != "settle":
        return UndoResult(undo_revision, None)
    (name,) = undone.after["labels"]
    at, until = _lease_times()
    ws.store.leases.hold(undo_revision.utterance_id, curator, at, until)
    return UndoResult(undo_revision, _dispute(ws, name, undo_revision.utterance_id, disputes(ws, name)))


def _dispute(ws: Workspace, name: str, utterance_id: int, left: int) -> Dispute:
    """The dispute under scheme `name`; `NotFound` if its scheme is of recordings and the utterance has none."""
    (context,) = ws.store.cards.of([utterance_id], [name])
    target = utterance_id if scheme(name).level == "utterance" else context.utterance.recording_id
    if target is None:
        raise NotFound(
            "utterance {utterance_id} is of no recording, which {name} is a label of",
            utterance_id=utterance_id,
            name=SchemeName(name),
        )
    answers = ws.store.review.standing_answers_of(name, target)
    return Dispute(
        name, target, context.utterance, tuple(answers), context.predictions, context.remarks,
        context.before, context.after, context.has_audio, left,
    )  # fmt: skip


def _request(name: str, curator: str, passed: Sequence[int]) -> QueueRequest:
    at, until = _lease_times()
    have = tuple(passed)
    return QueueRequest(
        curator, (scheme(name).name,), Filter(), 1, at, until, on_screen=have, disputed=True, blind=False
    )


def _lease_times() -> tuple[str, str]:
    """Begin and end of a lease that begins now."""
    at = now()
    return at, leases.ends_at(at)
