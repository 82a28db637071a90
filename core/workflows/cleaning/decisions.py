"""Many Proposals decided at once, of one step or above a confidence; and what to do when the text has moved on.

A cleaning suggestion was made from a text. If that is not the text that stands (another step was accepted first, an
earlier one refused, a curator typed), its edit is carried over where the two touch different places. Where they touch
the same place its step is asked again: the new suggestion takes the old one's place and waits, since nobody has seen
it. What is left without a suggestion is rejected. An exclusion holds on while the letters are the same, or still those
of the utterance that stays in its place.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from core.cleaning import Change, Plan, rebased
from core.cleaning.proposing import cleaner
from core.errors import Conflict, CoreError
from core.records import Proposal
from core.store import Remade
from core.text import letters, nfc
from core.workflows.cleaning import history, plan
from core.workflows.imports.report import batches
from core.workflows.workspace import Workspace, now

BLOCK = 250  # proposals in one write
READ = 5000  # and in one read: the store sorts what waits anew for each
CLEANING, EXCLUDE = "cleaning", "exclude"
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Decided:
    """`changed`: rejected because they fit no longer; `anew`: made anew and waiting, since the text had changed."""

    accepted: int = 0
    changed: int = 0
    anew: int = 0


def waiting(ws: Workspace, kind: str, operation: str | None, sure: float | None, batch: str | None = None) -> int:
    """How many are open: of that step, at least so sure, of that run."""
    found = ws.store.proposals.open_by_operation(kind, min_confidence=sure, batch=batch)
    return sum(found.values()) if operation is None else found.get(operation, 0)


def accept_all(
    ws: Workspace, kind: str, curator: str, *, operation: str | None = None, sure: float | None = None,
    batch: str | None = None, after: int = 0, progress: Progress = lambda done, total: None,
) -> Decided:  # fmt: skip
    """Accept what `waiting` counts (with an id greater than `after`), block by block."""
    total = waiting(ws, kind, operation, sure, batch)
    accepted = changed = anew = 0
    for block in _pages(ws, kind, operation, sure, batch, after):
        done = accept(ws, block, curator)
        accepted, changed, anew = accepted + done.accepted, changed + done.changed, anew + done.anew
        progress(accepted + changed + anew, total)
    return Decided(accepted, changed, anew)


def reject_all(
    ws: Workspace, kind: str, curator: str, *, operation: str | None = None, batch: str | None = None
) -> int:
    """Reject every open one of a step, of a run."""
    pages = _pages(ws, kind, operation, None, batch, 0)
    return sum(ws.store.proposals.reject_many([one.id for one in block], curator, now()) for block in pages)


def accept(ws: Workspace, proposals: Sequence[Proposal], curator: str) -> Decided:
    """Accept those; in one transaction what fits, as they come."""
    remade, anew = _settled(ws, proposals)
    ws.store.cleanings.remake(remade)
    ids = [one.id for one in proposals if one.id not in anew]
    accepted, changed = ws.store.proposals.accept_many(ids, curator, now())
    return Decided(accepted, changed, len(anew))


def decide(ws: Workspace, proposal_id: int, yes: bool, curator: str) -> Proposal:
    """Accept or reject one. `Conflict` where it was made anew, or its change is no longer to be made."""
    one = ws.store.proposals.get(proposal_id)
    if not yes or one.state != "open" or one.kind not in (CLEANING, EXCLUDE):
        return ws.store.proposals.decide(proposal_id, yes, curator, now())
    remade, anew = _settled(ws, [one])
    ws.store.cleanings.remake(remade)
    if anew:
        raise Conflict(
            "the text of utterance {utterance_id} was changed meanwhile: the suggestion was made "
            "anew; look at it and decide again",
            utterance_id=one.utterance_id,
        )
    return ws.store.proposals.decide(proposal_id, True, curator, now())


def as_it_stands(one: Proposal, text: str) -> str | None:
    """What accepting a cleaning would make of `text`; None where its step has to be asked again."""
    return rebased(nfc(str(one.payload["before"])), nfc(str(one.payload["text"])), text)


def _pages(
    ws: Workspace, kind: str, operation: str | None, sure: float | None, batch: str | None, after: int
) -> Iterable[list[Proposal]]:
    def page(last: int) -> list[Proposal]:
        return ws.store.proposals.page(kind, operation, READ, after_id=last, min_confidence=sure, batch=batch)

    while found := page(after):
        after = found[-1].id
        yield from batches(iter(found), BLOCK)


def _settled(ws: Workspace, proposals: Sequence[Proposal]) -> tuple[list[Remade], set[int]]:
    """What those say on the texts that stand, each after the ones before it; and which must be looked at again."""
    texts = ws.store.texts.of(sorted({one.utterance_id for one in proposals if one.kind in (CLEANING, EXCLUDE)}))
    remade: list[Remade] = []
    stuck: list[tuple[Proposal, str]] = []
    for one in proposals:
        text = texts.get(one.utterance_id)
        if text is None or "before" not in one.payload:
            continue
        stale = nfc(str(one.payload["before"])) != text
        if one.kind == EXCLUDE:
            if stale and _holds(ws, one, text):
                remade.append(_says(one, before=text))
            continue
        after = as_it_stands(one, text)
        if after is None:
            stuck.append((one, text))
        elif after != text:
            texts[one.utterance_id] = after
            if stale:
                remade.append(_says(one, before=text, text=after))
    again = _asked_again(ws, stuck)
    return [*remade, *again], {one.id for one in again}


def _holds(ws: Workspace, one: Proposal, text: str) -> bool:
    if letters(text) == letters(str(one.payload["before"])):
        return True
    keep = one.payload.get("keep")
    return keep is not None and letters(ws.store.texts.of([keep]).get(keep, "")) == letters(text)


def _says(one: Proposal, **payload: str) -> Remade:
    return Remade(one.id, {**one.payload, **payload}, one.reason, one.confidence)


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
    """What the step of that run says of the texts; nothing where it is gone or its package is."""
    step = next((step for step in _plan(ws, batch).steps if step.name == operation and not step.of_corpus), None)
    if step is None:
        return [None] * len(texts)
    return cleaner(step, allow_remote=plan.acceptance(ws) is not None)(texts)


def _plan(ws: Workspace, batch: str | None) -> Plan:
    try:
        return history.plan_of(history.get(ws, batch or ""))
    except CoreError:
        return plan.load(ws)
