"""Settling what curators who answered blind do not agree on: the next dispute with every opinion, and its end.

A settled label is gold and wins in snapshots, whoever answers later. Nothing is forgotten: the answers stay, the reason
is in the Revision's `why`, and undo opens the dispute again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InputError, NotFound
from core.filters import Filter
from core.ingest.votes import NAMELESS, PREFIX
from core.messages import SchemeName
from core.records import Opinion, Remark, Revision, Utterance
from core.schemes import scheme
from core.store import Ask
from core.workflows.review import leases
from core.workflows.workspace import Workspace, now

LONGEST_REASON = 2_000
NOBODY = ""  # who only counts


@dataclass(frozen=True, slots=True)
class Dispute:
    """One target that curators answered differently; of a recording, its first utterance stands for it.

    `opinions`: whoever answered first in front, whose code is the label that stands until this is settled. `guesses` of
    models: {scheme, code, confidence, run}. `before` and `after` are what was said around the utterance. `audio`: there
    is sound of its recording. `left`: disputes under the scheme, this one among them.
    """

    scheme: str
    target_id: int
    utterance: Utterance
    opinions: tuple[Opinion, ...]
    guesses: tuple[Mapping[str, Any], ...]
    remarks: tuple[Remark, ...]
    before: str
    after: str
    audio: bool
    left: int

    @property
    def version(self) -> int:
        return self.utterance.version


@dataclass(frozen=True, slots=True)
class Undone:
    """`revision` is the undo; `dispute` is None where what was taken back was no settlement."""

    revision: Revision
    dispute: Dispute | None


def disputes(ws: Workspace, name: str) -> int:
    """How many targets under scheme `name` wait to be settled, those somebody has on the screen among them."""
    return ws.store.leases.left(_ask(name, NOBODY, ()))


def next_dispute(ws: Workspace, name: str, curator: str, passed: Sequence[int] = ()) -> Dispute | None:
    """The next dispute for `curator`, leased, so that two adjudicators never have the same; None when there is none.

    `passed`: ids of utterances that were put off and do not come again.
    """
    ids, left = ws.store.leases.take(_ask(name, curator, passed))
    return _dispute(ws, name, ids[0], left) if ids else None


def rater(answer: Opinion) -> str | None:
    """Who gave an answer, a vote's rater without the mark of votes; None where nobody knows who voted.

    >>> rater(Opinion(1, "vote:kim", "danger", "", None, "vote"))
    'kim'
    """
    if answer.curator.startswith(NAMELESS):
        return None
    return answer.curator.removeprefix(PREFIX) if answer.kind == "vote" else answer.curator


def settle(
    ws: Workspace, dispute: Dispute, code: str, curator: str, reason: str = "", spent_ms: int | None = None
) -> Revision:
    """End `dispute` with `code`, on disk when this returns; `reason` is kept.

    `Stale` where somebody decided on the utterance meanwhile.
    """
    told = " ".join(reason.split())
    if len(told) > LONGEST_REASON:
        raise InputError(
            "a reason of {n:,} characters; at most {longest_reason:,}", n=len(told), longest_reason=LONGEST_REASON
        )
    return ws.store.review.settle(
        dispute.target_id, dispute.scheme, code, curator, now(), told, version=dispute.version, spent_ms=spent_ms
    )


def put_off(ws: Workspace, dispute: Dispute, curator: str) -> None:
    """Give the dispute back undecided."""
    ws.store.leases.release(curator, dispute.utterance.id)


def undo(ws: Workspace, curator: str) -> Undone | None:
    """Take back the curator's latest decision by hand that stands, as undo on the Review page; None: none is left.

    A settlement's dispute is open again and the curator's. `Conflict` if somebody decided on the utterance since.
    """
    made = ws.store.review.undo(curator, now(), hand_made=True)
    if made is None:
        return None
    old = next(one for one in ws.store.review.history(made.utterance_id) if one.id == made.undoes)
    if old.act != "settle":
        return Undone(made, None)
    (name,) = old.after["labels"]
    at, until = _span()
    ws.store.leases.hold(made.utterance_id, curator, at, until)
    return Undone(made, _dispute(ws, name, made.utterance_id, disputes(ws, name)))


def _dispute(ws: Workspace, name: str, utterance_id: int, left: int) -> Dispute:
    (about,) = ws.store.cards.about([utterance_id], [name])
    target = utterance_id if scheme(name).level == "utterance" else about.utterance.recording_id
    if target is None:
        raise NotFound(
            "utterance {utterance_id} is of no recording, which {name} is a label of",
            utterance_id=utterance_id,
            name=SchemeName(name),
        )
    heard = ws.store.review.opinions_on(name, target)
    return Dispute(
        name, target, about.utterance, tuple(heard), about.guesses, about.remarks, about.before, about.after,
        about.has_audio, left,
    )  # fmt: skip


def _ask(name: str, curator: str, passed: Sequence[int]) -> Ask:
    at, until = _span()
    have = tuple(passed)
    return Ask(curator, (scheme(name).name,), Filter(), 1, at, until, have=have, disputed=True, blind=False)


def _span() -> tuple[str, str]:
    """From when to when a lease is, that begins now."""
    at = now()
    return at, leases.ends_at(at)
