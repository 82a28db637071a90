"""Deciding on Proposals, one or many, of every kind and from every page; and what to do when the text has moved on.

`core.store.proposals.fates` holds the rule: a suggestion that still applies is written, rebased where the text is another one by
now; any other is refused, with a reason. Where a cleaning and a later edit touch the same place, its step is asked
again: the new suggestion takes the old one's place and waits, since nobody has seen it. One that is refused alone stays
open and the person is told the reason; of many that are accepted at once, those refused are rejected and counted.
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
from core.store import Fate, Remade
from core.text import nfc, rebased
from core.workflows.cleaning import history, plan
from core.workflows.workspace import Workspace, now

BLOCK = 250  # proposals in one write
READ = 5000  # and in one read: the store sorts what waits anew for each
CLEANING, EXCLUDE = "cleaning", "exclude"
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Decided:
    """How many went which way: `rebased` are those of the `accepted` that were made on another text.

    `anew`: made anew and waiting, since the text had changed. `refused`: reason -> how many, which are rejected now.
    `already`: somebody had decided on them before.
    """

    accepted: int = 0
    rebased: int = 0
    anew: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    already: int = 0

    @property
    def changed(self) -> int:
        """How many were refused, for whatever reason."""
        return sum(self.refused.values())

    @property
    def total(self) -> int:
        return self.accepted + self.anew + self.changed + self.already

    def __add__(self, other: "Decided") -> "Decided":
        reasons = sorted({*self.refused, *other.refused})
        return Decided(
            self.accepted + other.accepted, self.rebased + other.rebased, self.anew + other.anew,
            {one: self.refused.get(one, 0) + other.refused.get(one, 0) for one in reasons},
            self.already + other.already,
        )  # fmt: skip


def waiting(
    ws: Workspace, kind: str, operation: str | None, sure: float | None, batch: str | None = None,
    run_id: str | None = None,
) -> int:  # fmt: skip
    """How many are open: of that step, at least so sure, of that cleaning run, of that model's run."""
    found = ws.store.proposals.open_by_operation(kind, min_confidence=sure, batch=batch, run_id=run_id)
    return sum(found.values()) if operation is None else found.get(operation, 0)


def accept_all(
    ws: Workspace, kind: str, curator: str, *, operation: str | None = None, sure: float | None = None,
    batch: str | None = None, run_id: str | None = None, progress: Progress = lambda done, total: None,
) -> Decided:  # fmt: skip
    """Accept what `waiting` counts, block by block; what is refused is rejected."""
    total = waiting(ws, kind, operation, sure, batch, run_id)
    done = Decided()
    for block in _pages(ws, kind, operation, sure, batch, run_id):
        done += accept(ws, block, curator)
        progress(done.total, total)
    return done


def reject_all(
    ws: Workspace, kind: str, curator: str, *, operation: str | None = None, batch: str | None = None
) -> int:
    """Reject every open one of a step, of a run."""
    pages = _pages(ws, kind, operation, None, batch)
    return sum(ws.store.proposals.reject_many([one.id for one in block], curator, now()) for block in pages)


def accept(ws: Workspace, proposals: Sequence[Proposal], curator: str, act: Act = "accept") -> Decided:
    """Accept those: in one transaction what fits, by id; then what is refused is made anew or rejected."""
    fates = ws.store.proposals.accept_many([one.id for one in proposals], curator, now(), act=act)
    refused = {number: fate for number, fate in fates.items() if fate not in ("accepted", "rebased", "decided")}
    anew = _made_anew(ws, [one for one in proposals if refused.get(one.id) == "changed"])
    ws.store.proposals.reject_many([number for number in refused if number not in anew], curator, now())
    return _counted({number: fate for number, fate in fates.items() if number not in anew}, len(anew))


def decide(ws: Workspace, proposal_id: int, yes: bool, curator: str) -> Proposal:
    """Accept or reject one. `Unfit`, and it stays open, where its change is no longer to be made or was made anew."""
    try:
        return ws.store.proposals.decide(proposal_id, yes, curator, now())
    except Unfit as error:
        one = ws.store.proposals.get(proposal_id)
        if error.reason != "changed" or not _made_anew(ws, [one]):
            raise
        raise Unfit(
            "the text of utterance {utterance_id} was changed meanwhile: the suggestion was made anew; look at it and "
            "decide again",
            reason="anew",
            utterance_id=one.utterance_id,
        ) from error


def _counted(fates: Mapping[int, Fate], anew: int) -> Decided:
    n = Counter(fates.values())
    rebased, already = n.pop("rebased", 0), n.pop("decided", 0)
    return Decided(n.pop("accepted", 0) + rebased, rebased, anew, dict(sorted(n.items())), already)


def as_it_stands(one: Proposal, text: str) -> str | None:
    """What accepting a cleaning or an augmentation makes of `text` as it is now; None where it would be refused."""
    return rebased(nfc(str(one.payload.get("before", text))), nfc(str(one.payload["text"])), text)


def _pages(
    ws: Workspace, kind: str, operation: str | None, sure: float | None, batch: str | None, run_id: str | None = None
) -> Iterable[list[Proposal]]:
    after, read = 0, ws.store.proposals.page
    while found := read(kind, operation, READ, after_id=after, min_confidence=sure, batch=batch, run_id=run_id):
        after = found[-1].id
        yield from batches(iter(found), BLOCK)


def _made_anew(ws: Workspace, proposals: Sequence[Proposal]) -> set[int]:
    """Ask the steps of those cleanings again, on the texts that stand; the ids of what waits now with a new text."""
    stuck = [one for one in proposals if one.kind == CLEANING]
    texts = ws.store.texts.of(sorted({one.utterance_id for one in stuck}))
    again = _asked_again(ws, [(one, texts[one.utterance_id]) for one in stuck if one.utterance_id in texts])
    ws.store.cleanings.remake(again)
    return {one.id for one in again}


def _asked_again(ws: Workspace, stuck: Sequence[tuple[Proposal, str]]) -> list[Remade]:
    made = []
    groups: dict[tuple[str | None, str], list[tuple[Proposal, str]]] = {}
    for one, text in stuck:
        groups.setdefault((one.batch, one.operation), []).append((one, text))
    for (batch, operation), items in groups.items():
        changes = _changes(ws, batch, operation, [text for _, text in items])
        for (one, text), change in zip(items, changes, strict=True):
            if change is not None and change.after != text:
                told = replace(change, after=nfc(change.after))
                payload = {**one.payload, "before": text, "text": told.after}
                made.append(Remade(one.id, payload, told.reason, told.confidence))
    return made


def _changes(ws: Workspace, batch: str | None, operation: str, texts: Sequence[str]) -> list[Change | None]:
    """What the step of that run, or the check of that name, says of the texts; nothing where it is gone."""
    if (check := CHECKS.get(operation)) is not None and (mend := check.mend) is not None:
        return [Change(after, check.what, 1.0) if (after := mend(text)) else None for text in texts]
    step = next((step for step in _plan(ws, batch).steps if step.name == operation and not step.of_corpus), None)
    if step is None:
        return [None] * len(texts)
    return cleaner(step, allow_remote=plan.acceptance(ws) is not None)(texts)


def _plan(ws: Workspace, batch: str | None) -> Plan:
    try:
        return history.plan_of(history.get(ws, batch or ""))
    except CoreError:
        return plan.load(ws)
