"""What a person who decides on Proposals is shown: the next that waits with its utterance, and how many are where.

Deciding itself is done by `core.workflows.cleaning.decisions`; each maker of Proposals has a module of its own.
"""

from dataclasses import dataclass

from core.records import Proposal, Utterance
from core.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ProposalCard:
    """A Proposal and the utterance that it is about, as that stands now."""

    proposal: Proposal
    utterance: Utterance


def next_waiting(
    ws: Workspace,
    kind: str,
    after_id: int = 0,
    run_id: str | None = None,
    *,
    operation: str | None = None,
    batch: str | None = None,
) -> ProposalCard | None:
    """What `next_proposal` finds, with its utterance.

    With `operation` and `batch` of that step of that cleaning run.
    """
    if operation is None and batch is None:
        found = next_proposal(ws, kind, after_id, run_id)
    else:
        find = ws.store.proposals.page
        rows = find(kind, operation, 1, after_id=after_id, batch=batch) or find(kind, operation, 1, batch=batch)
        found = rows[0] if rows else None
    return None if found is None else _card(ws, found)


def next_proposal(ws: Workspace, kind: str, after_id: int = 0, run_id: str | None = None) -> Proposal | None:
    """The next open Proposal of `kind` after `after_id`, from the start again at the end; None when none waits.

    With `run_id` of that training run.
    """
    found = ws.store.proposals.next(kind, after_id, run_id)
    return found or (ws.store.proposals.next(kind, 0, run_id) if after_id else None)


def card(ws: Workspace, proposal_id: int) -> ProposalCard:
    """One Proposal, whatever its state; `NotFound` for an unknown id."""
    return _card(ws, ws.store.proposals.get(proposal_id))


def counts(
    ws: Workspace, kind: str, run_id: str | None = None, *, operation: str | None = None, batch: str | None = None
) -> dict[str, int]:
    """How many Proposals of `kind` are open, accepted and rejected, by these names."""
    if operation is None or batch is None:
        return ws.store.proposals.counts(kind, run_id)
    return ws.store.cleanings.tally(batch).get(operation, {"open": 0, "accepted": 0, "rejected": 0})


def _card(ws: Workspace, proposal: Proposal) -> ProposalCard:
    return ProposalCard(proposal, ws.store.corpus.utterance(proposal.utterance_id))
