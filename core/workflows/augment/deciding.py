"""Decides on candidates: one by key, or many that a `Where` chooses; a decision on many is taken back as one.

The rule for accepting is that of all Proposals (`core.workflows.cleaning.decisions`). All that one decision accepts or
rejects has one instant, which is what undoing it needs.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import InputError, UnknownName
from core.records import Proposal, Utterance
from core.store import NO_FLAG, Choice
from core.workflows.augment import batches
from core.workflows.augment.check import DISAGREES
from core.workflows.augment.plan import KIND
from core.workflows.cleaning import decisions
from core.workflows.cleaning.decisions import DecisionCounts, Progress
from core.workflows.workspace import Workspace, now

BLOCK = 250  # proposals in one write
FLAGS = (DISAGREES,)
KEYS = ("operation", "reason", "score", "batch", "id")
UNFLAGGED = NO_FLAG
_SPAN = re.compile(r"(0|1|0?\.\d{1,6}|1\.0*|0\.0*)?-(0|1|0?\.\d{1,6}|1\.0*|0\.0*)?")


@dataclass(frozen=True, slots=True)
class Where:
    """Which candidates that wait; an empty tuple or None means any. Of several values of a field, one is enough.

    `reason` is why a person should look (`label-disagreement`), `UNFLAGGED` for candidates without one. `low` <= score
    < `high`; the score is the probability that the run in use gives to the label, and a candidate that no run judged is
    in no span.
    """

    operation: tuple[str, ...] = ()
    reason: tuple[str, ...] = ()
    batch: tuple[str, ...] = ()
    id: tuple[int, ...] = ()
    low: float | None = None
    high: float | None = None

    def choice(self) -> Choice:
        """The condition as the store takes it."""
        return Choice(KIND, self.operation, self.reason, self.batch, self.id, self.low, self.high)


@dataclass(frozen=True, slots=True)
class CandidateCard:
    """A candidate that waits, and its source as it is now."""

    proposal: Proposal
    source: Utterance

    @property
    def checked_code(self) -> str | None:
        """The class that the run in use gave, None if no run judged it."""
        return (self.proposal.payload.get("checked") or {}).get("code")


@dataclass(frozen=True, slots=True)
class Undone:
    """What undoing opened again: how many had been accepted and rejected, the first id; `left`: decided on since."""

    opened: int
    left: int = 0
    first: int | None = None


@dataclass(frozen=True, slots=True)
class OperationCount:
    """The candidates of one operation by state. `flagged` counts those of any state; `in_corpus` counts utterances."""

    operation: str
    open: int = 0
    accepted: int = 0
    rejected: int = 0
    flagged: int = 0
    in_corpus: int = 0

    @property
    def share_accepted(self) -> float | None:
        """The share of the decided ones that were accepted; None if none was decided."""
        decided = self.accepted + self.rejected
        return self.accepted / decided if decided else None


def read_where(ws: Workspace, pairs: Sequence[str]) -> Where:
    """Read KEY=VALUE pairs: operation, reason (`label-disagreement`, `-` for none), score (`0.5-`), batch, id.

    `UnknownName` for a key, a reason or an operation that no candidate has, `InputError` for a value of the wrong form,
    `NotFound` for an unknown run.
    """
    given: dict[str, list[str]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise InputError("--where {pair!r} is no KEY=VALUE pair such as operation=random-swap", pair=pair)
        if key not in KEYS:
            raise UnknownName("condition", key, KEYS)
        given.setdefault(key, []).append(value)
    low, high = _span(given.get("score", []))
    reasons = [_known("reason", value, (*FLAGS, UNFLAGGED)) for value in given.get("reason", ())]
    made = tuple(ws.store.candidates.tally(Choice(KIND)))
    operations = [_known("operation", value, made) for value in given.get("operation", ())]
    runs = [batches.get(ws, value).id for value in given.get("batch", ())]
    ids = [_number(value) for value in given.get("id", ())]
    return Where(tuple(operations), tuple(reasons), tuple(runs), tuple(ids), low, high)


def _known(what: str, value: str, names: Sequence[str]) -> str:
    if value not in names:
        raise UnknownName(what, value, names)
    return value


def _number(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", value):
        raise InputError("--where id={value}: expected the number of a candidate", value=value)
    return int(value)


def _span(values: Sequence[str]) -> tuple[float | None, float | None]:
    if not values:
        return None, None
    match = _SPAN.fullmatch(values[0])
    if len(values) > 1 or match is None or match.group() == "-":
        raise InputError(
            "--where score={span}: expected one span of probabilities such as 0.5-, -0.3 or 0.2-0.6",
            span=", ".join(values),
        )
    low, high = (float(end) if end else None for end in match.groups())
    return low, high


def count(ws: Workspace, where: Where = Where()) -> int:
    """How many candidates wait."""
    return ws.store.candidates.count(where.choice())


def page(ws: Workspace, where: Where, limit: int, after_id: int = 0) -> list[CandidateCard]:
    """The first candidates that wait, by id."""
    return _cards(ws, ws.store.candidates.page(where.choice(), limit, after_id=after_id))


def next_card(ws: Workspace, where: Where, after_id: int = 0) -> CandidateCard | None:
    """The next candidate after `after_id`, or else the first one; None if none waits."""
    cards = page(ws, where, 1, after_id) or (page(ws, where, 1) if after_id else [])
    return cards[0] if cards else None


def card(ws: Workspace, proposal_id: int) -> CandidateCard:
    """One candidate in any state. `NotFound` for an unknown id, or one of another kind of suggestion."""
    proposal = ws.store.proposals.get(proposal_id)
    if proposal.kind != KIND:
        raise InputError("suggestion {id} is not a variant: python -m core augment list shows those", id=proposal_id)
    return _cards(ws, [proposal])[0]


def _cards(ws: Workspace, proposals: Sequence[Proposal]) -> list[CandidateCard]:
    sources = {u.id: u for u in ws.store.corpus.utterances([p.utterance_id for p in proposals])}
    return [CandidateCard(p, sources[p.utterance_id]) for p in proposals]


def accept(ws: Workspace, where: Where, curator: str, progress: Progress = lambda done, total: None) -> DecisionCounts:
    """Accept all that wait, as one decision; those whose source has changed too much are rejected and counted."""
    total, at, counts = count(ws, where), now(), DecisionCounts()
    for block in ws.store.candidates.every(where.choice(), BLOCK):
        counts += decisions.accept(ws, block, curator, at=at)
        progress(counts.total, total)
    return counts


def reject(ws: Workspace, where: Where, curator: str) -> int:
    """Reject all that wait, as one decision; returns how many."""
    at = now()
    blocks = ws.store.candidates.every(where.choice(), BLOCK)
    return sum(ws.store.proposals.reject_many([p.id for p in block], curator, at) for block in blocks)


def undo(ws: Workspace, curator: str) -> Undone | None:
    """Take back this curator's latest decision, on one candidate or on many; None if there is none.

    One that later decisions bar as a whole is left, and the one before it is taken back; `Conflict` if all are barred.
    """
    last, opened, left = ws.store.candidates.undo_decision(KIND, curator, now())
    return None if last is None else Undone(len(opened), left, min(opened, default=None))


def undo_batch(ws: Workspace, batch_id: str, curator: str) -> Undone:
    """Take back all decisions on the candidates of one run. `NotFound` for an unknown run."""
    batch = batches.get(ws, batch_id)
    opened, left = ws.store.candidates.undo_batch(KIND, batch.id, curator, now())
    return Undone(len(opened), left, min(opened, default=None))


def statistics(ws: Workspace, where: Where = Where()) -> list[OperationCount]:
    """The candidates by operation, in any state, the most first; variants of the corpus without a candidate too.

    If `where` narrows them, `in_corpus` counts only the variants that these candidates became.
    """
    candidates, choice = ws.store.candidates, where.choice()
    present = ws.store.derivations.tally() if where == Where() else candidates.in_corpus(choice)
    tally = candidates.tally(choice)
    names = [*tally, *(name for name in present if name not in tally)]
    rows = [OperationCount(name, **tally.get(name, {}), in_corpus=present.get(name, 0)) for name in names]
    return sorted(rows, key=lambda row: (-(row.open + row.accepted + row.rejected), row.operation))
