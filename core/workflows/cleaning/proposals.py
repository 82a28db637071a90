"""Shows Proposals to the person who decides on them: the next one with its utterance, and the counts by state.

`core.workflows.cleaning.decisions` decides; each maker of Proposals has its own module.
"""

from dataclasses import dataclass

from core.records import Proposal, Utterance
from core.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ProposalCard:
    """A Proposal and its utterance as it is now."""

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
    """The Proposal that `next_proposal` returns, with its utterance; None if none waits.

    With `operation` and `batch`: the next one of that step of that cleaning run.
    """
    if operation is None and batch is None:
        proposal = next_proposal(ws, kind, after_id, run_id)
    else:
        find = ws.store.proposals.page
        rows = find(kind, operation, 1, after_id=after_id, batch=batch) or find(kind, operation, 1, batch=batch)
        proposal = rows[0] if rows else None
    return None if proposal is None else _card(ws, proposal)


def next_proposal(ws: Workspace, kind: str, after_id: int = 0, run_id: str | None = None) -> Proposal | None:
    """The next open Proposal of `kind` after `after_id`, or else the first one; None if none waits.

    With `run_id`: only Proposals of that training run.
    """
    proposal = ws.store.proposals.next(kind, after_id, run_id)
    return proposal or (ws.store.proposals.next(kind, 0, run_id) if after_id else None)


def card(ws: Workspace, proposal_id: int) -> ProposalCard:
    """One Proposal in any state, with its utterance. `NotFound` for an unknown id."""
    return _card(ws, ws.store.proposals.get(proposal_id))


def counts(
    ws: Workspace, kind: str, run_id: str | None = None, *, operation: str | None = None, batch: str | None = None
) -> dict[str, int]:
    """How many Proposals of `kind` are open, accepted and rejected; these are the keys."""
    if batch is None:
        return ws.store.proposals.counts(kind, run_id)
    tally = ws.store.cleanings.tally(batch)
    chosen = tally.values() if operation is None else [tally.get(operation, {})]
    return {state: sum(n.get(state, 0) for n in chosen) for state in ("open", "accepted", "rejected")}


def _card(ws: Workspace, proposal: Proposal) -> ProposalCard:
    return ProposalCard(proposal, ws.store.corpus.utterance(proposal.utterance_id))
