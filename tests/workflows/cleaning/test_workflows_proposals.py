"""core.workflows.cleaning.proposals: the next open Proposal with its utterance, also of one run or step, and the
counts.
"""

import pytest
from store_data import AT, sentences

from core.errors import NotFound
from core.store import NewProposal
from core.workflows.cleaning import history, proposals
from core.workflows.workspace import Workspace


def add_proposals(ws: Workspace) -> list[int]:
    """Add three suggestions of one cleaning run by two steps, and one of another run; returns their ids."""
    first, second = sentences(ws.store, "불이야!!!!", "네!!!!")
    items = [
        NewProposal("cleaning", first, "repeats", {"before": "불이야!!!!", "text": "불이야"}, "", batch="old"),
        NewProposal("cleaning", first, "tags", {"before": "불이야!!!!", "text": "불"}, "", batch="new"),
        NewProposal("cleaning", second, "repeats", {"before": "네!!!!", "text": "네"}, "", batch="new"),
        NewProposal("cleaning", second, "tags", {"before": "네!!!!", "text": "네!"}, "", batch="new"),
    ]
    ws.store.proposals.add(items, AT)
    return [proposal.id for proposal in ws.store.proposals.page("cleaning")]


def shown(card: proposals.ProposalCard | None) -> tuple[int, str] | None:
    return card and (card.proposal.id, card.utterance.text)


def test_the_next_that_waits_comes_with_its_utterance(ws: Workspace) -> None:
    assert proposals.next_waiting(ws, "cleaning") is None
    ids = add_proposals(ws)
    assert shown(proposals.next_waiting(ws, "cleaning")) == (ids[0], "불이야!!!!")
    assert shown(proposals.next_waiting(ws, "cleaning", ids[1])) == (ids[2], "네!!!!")
    assert shown(proposals.next_waiting(ws, "cleaning", ids[3])) == (ids[0], "불이야!!!!"), "from the start again"
    assert proposals.next_waiting(ws, "augmentation") is None


def test_of_a_step_of_a_run_only_that_comes(ws: Workspace) -> None:
    ids = add_proposals(ws)
    step = {"operation": "tags", "batch": "new"}
    assert shown(proposals.next_waiting(ws, "cleaning", **step)) == (ids[1], "불이야!!!!")
    assert shown(proposals.next_waiting(ws, "cleaning", ids[1], **step)) == (ids[3], "네!!!!")
    assert shown(proposals.next_waiting(ws, "cleaning", ids[3], **step)) == (ids[1], "불이야!!!!")
    assert proposals.next_waiting(ws, "cleaning", operation="tags", batch="old") is None


def test_one_is_shown_whatever_became_of_it(ws: Workspace) -> None:
    ids = add_proposals(ws)
    ws.store.proposals.decide(ids[0], True, "ann", AT)
    card = proposals.card(ws, ids[0])
    assert (card.proposal.state, card.utterance.text) == ("accepted", "불이야")
    with pytest.raises(NotFound):
        proposals.card(ws, 99)


def test_they_are_counted_by_state(ws: Workspace) -> None:
    none = {"open": 0, "accepted": 0, "rejected": 0}
    ids = add_proposals(ws)
    ws.store.proposals.decide(ids[2], False, "ann", AT)
    assert proposals.counts(ws, "cleaning") == {"open": 3, "accepted": 0, "rejected": 1}
    assert proposals.counts(ws, "cleaning", operation="repeats", batch="new") == none | {"rejected": 1}
    assert proposals.counts(ws, "cleaning", operation="unicode", batch="new") == none
    assert proposals.counts(ws, "augmentation") == none
    assert history.tally(ws, "new") == {"repeats": none | {"rejected": 1}, "tags": none | {"open": 2}}
