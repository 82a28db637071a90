"""Decides on Proposals, one or many, of every kind and from every page; also when the text has changed since.

The rule is in `core.store.proposals.outcomes`: a suggestion that still applies is written, and rebased if the text is
now another; any other suggestion is refused, with a reason. If a cleaning and a later edit change the same place, its
step runs again: the new suggestion replaces the old one and waits, since nobody has seen it yet. A single suggestion
that is refused stays open, and the person sees the reason. If many are accepted at once, refused ones are rejected and
counted.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.batches import batches
from core.cleaning import Change, Plan
from core.cleaning.proposing import cleaner
from core.errors import CoreError, Unfit
from core.quality import CHECKS
from core.records import Act, Proposal
from core.store import Outcome, UpdatedProposal
from core.text import nfc, rebase
from core.workflows.cleaning import history, plan
from core.workflows.workspace import Workspace, now

BLOCK = 250  # proposals in one write
READ = 5000  # proposals in one read: the store sorts all open ones for each read
CLEANING, EXCLUDE = "cleaning", "exclude"
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class DecisionCounts:
    """How many Proposals went which way. `rebased` counts those of `accepted` whose text had changed.

    `anew`: made again and waiting, since the text had changed. `refused`: reason -> how many; these are rejected now.
    `already`: decided before by somebody.
    """

    accepted: int = 0
    rebased: int = 0
    anew: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    already: int = 0

    @property
    def changed(self) -> int:
        """How many were refused, for any reason."""
        return sum(self.refused.values())

    @property
    def total(self) -> int:
        return self.accepted + self.anew + self.changed + self.already

    def __add__(self, other: "DecisionCounts") -> "DecisionCounts":
        reasons = sorted({*self.refused, *other.refused})
        return DecisionCounts(
            self.accepted + other.accepted, self.rebased + other.rebased, self.anew + other.anew,
            {r: self.refused.get(r, 0) + other.refused.get(r, 0) for r in reasons},
            self.already + other.already,
        )  # fmt: skip


def waiting(
    ws: Workspace, kind: str, operation: str | None, sure: float | None, batch: str | None = None,
    run_id: str | None = None,
) -> int:  # fmt: skip
    """How many are open: of that step, at least that confident, of that cleaning run, of that model's run."""
    open_by_step = ws.store.proposals.open_by_operation(kind, min_confidence=sure, batch=batch, run_id=run_id)
    return sum(open_by_step.values()) if operation is None else open_by_step.get(operation, 0)


def accept_all(
    ws: Workspace, kind: str, curator: str, *, operation: str | None = None, sure: float | None = None,
    batch: str | None = None, run_id: str | None = None, progress: Progress = lambda counts, total: None,
) -> DecisionCounts:  # fmt: skip
    """Accept what `waiting` counts, block by block, as one decision; those that are refused are rejected."""
    total, at = waiting(ws, kind, operation, sure, batch, run_id), now()
    counts = DecisionCounts()
    for block in _pages(ws, kind, operation, sure, batch, run_id):
        counts += accept(ws, block, curator, at=at)
        progress(counts.total, total)
    return counts


def reject_all(
    ws: Workspace, kind: str, curator: str, *, operation: str | None = None, batch: str | None = None
) -> int:
    """Reject every open Proposal of a step, of a run, as one decision; returns how many."""
    pages, at = _pages(ws, kind, operation, None, batch), now()
    return sum(ws.store.proposals.reject_many([p.id for p in block], curator, at) for block in pages)


def accept(
    ws: Workspace, proposals: Sequence[Proposal], curator: str, act: Act = "accept", at: str | None = None
) -> DecisionCounts:
    """Accept those that fit, in one transaction, by id; then make refused ones anew or reject them.

    `at` is the instant of the decision; None: now.
    """
    outcomes = ws.store.proposals.accept_many([p.id for p in proposals], curator, at or now(), act=act)
    refused = {
        number: outcome for number, outcome in outcomes.items() if outcome not in ("accepted", "rebased", "decided")
    }
    anew = _remake(ws, [p for p in proposals if refused.get(p.id) == "changed"])
    ws.store.proposals.reject_many([number for number in refused if number not in anew], curator, at or now())
    return _counts({number: outcome for number, outcome in outcomes.items() if number not in anew}, len(anew))


def decide(ws: Workspace, proposal_id: int, yes: bool, curator: str) -> Proposal:
    """Accept or reject one Proposal.

    `Unfit` if its change does not apply any more; it stays open, or was made anew on the new text.
    """
    try:
        return ws.store.proposals.decide(proposal_id, yes, curator, now())
    except Unfit as error:
        proposal = ws.store.proposals.get(proposal_id)
        if error.reason != "changed" or not _remake(ws, [proposal]):
            raise
        raise Unfit(
            "the text of utterance {utterance_id} was changed meanwhile: the suggestion was made anew; look at it and "
            "decide again",
            reason="anew",
            utterance_id=proposal.utterance_id,
        ) from error


def undo(ws: Workspace, kind: str, curator: str) -> Proposal | None:
    """Undo this curator's latest decision on a Proposal of `kind`; None if there is none."""
    return ws.store.proposals.undo(kind, curator, now())


def undo_as_one(ws: Workspace, kind: str, curator: str) -> tuple[int | None, int, int]:
    """Undo this curator's latest decision on Proposals of `kind`, on one or on many at once.

    Return the first Proposal that waits again, how many do, and how many were left because somebody decided on since;
    (None, 0, 0) if there is no decision. `Conflict` if all are barred.
    """
    last, opened, left = ws.store.candidates.undo_decision(kind, curator, now())
    return (None, 0, 0) if last is None else (min(opened, default=None), len(opened), left)


def _counts(outcomes: Mapping[int, Outcome], anew: int) -> DecisionCounts:
    """Count the outcomes of Proposals (id -> outcome)."""
    n = Counter(outcomes.values())
    rebased, already = n.pop("rebased", 0), n.pop("decided", 0)
    return DecisionCounts(n.pop("accepted", 0) + rebased, rebased, anew, dict(sorted(n.items())), already)


def text_if_accepted(proposal: Proposal, text: str) -> str | None:
    """The text after accepting this cleaning or augmentation on `text`; None if it would be refused."""
    return rebase(nfc(str(proposal.payload.get("before", text))), nfc(str(proposal.payload["text"])), text)


def _pages(
    ws: Workspace, kind: str, operation: str | None, sure: float | None, batch: str | None, run_id: str | None = None
) -> Iterable[list[Proposal]]:
    """The open Proposals by id, in blocks of `BLOCK`."""
    after, read = 0, ws.store.proposals.page
    while proposals := read(kind, operation, READ, after_id=after, min_confidence=sure, batch=batch, run_id=run_id):
        after = proposals[-1].id
        yield from batches(iter(proposals), BLOCK)


def _remake(ws: Workspace, proposals: Sequence[Proposal]) -> set[int]:
    """Run the steps of those cleanings again on the current texts; returns the ids of those that wait now with a new
    text.
    """
    stuck = [p for p in proposals if p.kind == CLEANING]
    texts = ws.store.texts.of(sorted({p.utterance_id for p in stuck}))
    remade = _new_suggestions(ws, [(p, texts[p.utterance_id]) for p in stuck if p.utterance_id in texts])
    ws.store.cleanings.update_open(remade)
    return {p.id for p in remade}


def _new_suggestions(ws: Workspace, stuck: Sequence[tuple[Proposal, str]]) -> list[UpdatedProposal]:
    """What the steps of those (Proposal, current text) pairs suggest now, where it changes the text."""
    suggestions = []
    groups: dict[tuple[str | None, str], list[tuple[Proposal, str]]] = {}
    for proposal, text in stuck:
        groups.setdefault((proposal.batch, proposal.operation), []).append((proposal, text))
    for (batch, operation), items in groups.items():
        changes = _changes(ws, batch, operation, [text for _, text in items])
        for (proposal, text), change in zip(items, changes, strict=True):
            if change is not None and change.after != text:
                normalised = replace(change, after=nfc(change.after))
                payload = {**proposal.payload, "before": text, "text": normalised.after}
                suggestions.append(UpdatedProposal(proposal.id, payload, normalised.reason, normalised.confidence))
    return suggestions


def _changes(ws: Workspace, batch: str | None, operation: str, texts: Sequence[str]) -> list[Change | None]:
    """What the step of that run, or the check of that name, suggests for the texts; None for each if it no longer
    exists.
    """
    if (check := CHECKS.get(operation)) is not None and (mend := check.rewrite) is not None:
        return [Change(after, check.what, 1.0) if (after := mend(text)) else None for text in texts]
    step = next((step for step in _plan(ws, batch).steps if step.name == operation and not step.of_corpus), None)
    if step is None:
        return [None] * len(texts)
    return cleaner(step, allow_remote=plan.acceptance(ws) is not None)(texts)


def _plan(ws: Workspace, batch: str | None) -> Plan:
    """The plan of that cleaning run; if the run is unknown, the plan of the workspace."""
    try:
        return history.plan_of(history.get(ws, batch or ""))
    except CoreError:
        return plan.load(ws)
