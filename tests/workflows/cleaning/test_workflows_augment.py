"""core.workflows.cleaning.augment: each variant is suggested once, in the parent's group."""

from pathlib import Path

from workflow_data import import_calls, import_sentences

from core.filters import Filter
from core.workflows.cleaning import augment, decisions, proposals
from core.workflows.cleaning.augment import AugmentPlan
from core.workflows.review import desk
from core.workflows.review.desk import Desk
from core.workflows.workspace import Workspace


def test_augmentations_are_suggested_once_and_stay_in_the_parents_group(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path, 20)
    plan = AugmentPlan("punctuation-insertion", limit=4, strength=0.4, seed=3)
    assert augment.propose(ws, plan) == 4
    assert augment.propose(ws, plan) == 0
    first = proposals.next_proposal(ws, augment.KIND)
    assert first is not None
    parent = ws.store.corpus.utterance(first.utterance_id)
    assert parent.labels == {"danger": "danger"}
    assert first.payload["text"] != parent.text
    assert (first.operation, first.payload["seed"]) == ("punctuation-insertion", 3)
    accepted = decisions.decide(ws, first.id, True, "ann")
    assert (accepted.state, accepted.decided_by) == ("accepted", "ann")
    (made,) = ws.store.corpus.find(Filter(origin=("augmented",))).rows
    assert (made.group, made.parent_id, made.labels) == (parent.group, parent.id, parent.labels)
    second = proposals.next_proposal(ws, augment.KIND, first.id)
    assert second is not None
    decisions.decide(ws, second.id, False, "ann")
    assert ws.store.proposals.counts(augment.KIND) == {"open": 2, "accepted": 1, "rejected": 1}
    reopened = decisions.undo(ws, augment.KIND, "ann")
    assert reopened is not None
    assert reopened.id == second.id
    last = proposals.next_proposal(ws, augment.KIND, 4)
    assert last is not None
    assert last.id == second.id
    assert [u.origin for u in ws.store.corpus.every(Filter(text=made.text))] == ["augmented"]


def test_a_label_that_is_disputed_is_not_handed_down(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 1)
    for who, code in (("ann", "danger"), ("bob", "normal")):
        (card,) = desk.take(ws, Desk(who, ("danger",), overlap=1.0), 1)
        desk.decide(ws, Desk(who, ("danger",)), card.utterance.id, card.utterance.version, {"danger": code})
    assert augment.propose(ws, AugmentPlan("punctuation-insertion")) == 1
    decisions.decide(ws, 1, True, "ann")
    assert ws.store.corpus.grades("utterance", "danger") == {1: ("danger", "disputed")}


def test_an_augmented_utterance_has_no_neighbours_in_the_call(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 1)
    ann = Desk("ann", ("danger",))
    desk.decide(ws, ann, 2, 0, {"danger": "danger"})
    assert augment.propose(ws, AugmentPlan("punctuation-insertion")) == 1
    decisions.decide(ws, 1, True, "ann")
    assert (desk.card(ws, ann, 4).before, desk.card(ws, ann, 3).after) == ("", "")
