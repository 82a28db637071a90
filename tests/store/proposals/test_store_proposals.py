"""core.store.proposals.proposals: added once, decided once, accepted and undone as a whole."""

import pytest
from store_data import AT, call, sentences, state, texts

from core.errors import Conflict, NotFound
from core.filters import Filter
from core.store import NewProposal, Store


def augmentation(parent: int, text: str) -> NewProposal:
    return NewProposal("augmentation", parent, "random-deletion", {"text": text, "seed": 1}, "random-deletion, seed 1")


def pseudo_label(target: int, code: str = "danger", run: str | None = "r1") -> NewProposal:
    payload = {"scheme": "danger", "code": code, "confidence": 0.9, "margin": 0.8}
    return NewProposal("pseudo-label", target, "pseudo-label by r1", payload, "confidence 0.90 >= 0.75", run)


def test_the_same_suggestion_is_made_once(store: Store) -> None:
    (number,) = sentences(store, "집에 불이 났어요")
    items = [
        augmentation(number, "불이 났어요"),
        augmentation(number, "불이 났어요"),
        augmentation(number, "집에 났어요"),
    ]
    assert store.proposals.add(items, AT) == 2
    assert store.proposals.add(items, AT) == 0
    assert store.proposals.counts("augmentation") == {"open": 2, "accepted": 0, "rejected": 0}
    assert store.proposals.counts("pseudo-label") == {"open": 0, "accepted": 0, "rejected": 0}


def test_many_suggestions_at_once(store: Store) -> None:
    (number,) = sentences(store, "집에 불이 났어요")
    assert store.proposals.add([augmentation(number, f"불 {n}") for n in range(2500)], AT) == 2500
    assert store.proposals.add([augmentation(number, f"불 {n}") for n in range(2510)], AT) == 10


def test_next_walks_through_the_open_ones(store: Store) -> None:
    a, b = sentences(store, "가", "나")
    store.proposals.add([pseudo_label(a), pseudo_label(b), pseudo_label(b, run="r2")], AT)
    first = store.proposals.next("pseudo-label")
    assert first is not None
    assert (first.utterance_id, first.state, first.run_id, first.payload["code"]) == (a, "open", "r1", "danger")
    second = store.proposals.next("pseudo-label", first.id)
    assert second is not None
    assert second.utterance_id == b
    assert store.proposals.next("pseudo-label", second.id, "r1") is None
    assert store.proposals.next("augmentation") is None
    with pytest.raises(NotFound, match="no proposal 99"):
        store.proposals.get(99)


def test_an_accepted_augmentation_is_a_silver_utterance_of_its_parents_group(store: Store) -> None:
    parent = call(store, "c1", "네 119입니다", "집에 불이 났어요", labels={"urgency": "high"})[1]
    store.review.decide(parent, 0, "ann", AT, labels={"danger": "danger"})
    store.proposals.add([augmentation(parent, "불이 났어요")], AT)
    assert store.proposals.decide(1, True, "bob", AT).state == "accepted"
    (made,) = store.corpus.find(Filter(origin=("augmented",))).rows
    assert (made.parent_id, made.group, made.text, made.speaker) == (parent, "c1", "불이 났어요", "caller")
    assert made.labels == {"danger": "danger", "urgency": "high"}
    assert (made.voice_usable, made.start_ms) == (False, None)
    assert store.corpus.grades("utterance", "danger")[made.id] == ("danger", "silver")
    assert texts(store, Filter(text="불이")) == ["집에 불이 났어요", "불이 났어요"]
    # A copy with the label of its source is no work: neither done nor to be done.
    assert store.corpus.progress()["danger"] == {"targets": 2, "labelled": 1, "gold": 1, "normal": 0, "danger": 1}


def test_undoing_an_augmentation_takes_its_labels_along_and_accepting_again_copies_the_parents(store: Store) -> None:
    (parent,) = sentences(store, "집에 불이 났어요", labels={"danger": "danger"})
    before = state(store), store.corpus.progress(), store.corpus.counts()
    store.proposals.add([augmentation(parent, "불이 났어요")], AT)
    store.proposals.decide(1, True, "ann", AT)
    undone = store.proposals.undo("augmentation", "ann", AT)
    assert undone is not None
    assert (undone.state, undone.decided_by) == ("open", None)
    assert (state(store), store.corpus.progress(), store.corpus.counts()) == before
    assert texts(store, Filter(text="불이")) == ["집에 불이 났어요"]
    with pytest.raises(Conflict, match="utterance 2 was taken out of the corpus"):
        store.review.decide(2, 0, "bob", AT, labels={"danger": "danger"})
    store.review.decide(parent, 0, "ann", AT, labels={"danger": "normal"})
    store.proposals.decide(1, True, "bob", AT)
    (made,) = store.corpus.find(Filter(origin=("augmented",))).rows
    assert (made.id, made.labels) == (2, {"danger": "normal"})
    assert store.corpus.progress()["danger"]["labelled"] == 1


def test_an_augmentation_that_was_decided_on_is_not_taken_back(store: Store) -> None:
    (parent,) = sentences(store, "집에 불이 났어요", labels={"danger": "danger"})
    store.proposals.add([augmentation(parent, "불이 났어요")], AT)
    store.proposals.decide(1, True, "ann", AT)
    store.review.decide(2, 0, "bob", AT, labels={"danger": "normal"})
    with pytest.raises(Conflict, match="the accepted utterance 2 was decided on by bob"):
        store.proposals.undo("augmentation", "ann", AT)
    store.review.undo("bob", AT)
    assert store.proposals.undo("augmentation", "ann", AT) is not None


def test_a_rejected_suggestion_writes_nothing_and_can_come_back(store: Store) -> None:
    (number,) = sentences(store, "집에 불이 났어요")
    before = state(store)
    store.proposals.add([augmentation(number, "불이 났어요")], AT)
    assert store.proposals.decide(1, False, "ann", AT).decided_by == "ann"
    assert state(store) == before
    with pytest.raises(Conflict, match="proposal 1 was already rejected by ann"):
        store.proposals.decide(1, True, "bob", AT)
    assert store.proposals.undo("augmentation", "bob", AT) is None
    reopened = store.proposals.undo("augmentation", "ann", AT)
    assert reopened is not None
    assert reopened.state == "open"
    assert store.proposals.undo("augmentation", "ann", AT) is None


def test_an_accepted_pseudo_label_is_silver_and_a_revision(store: Store) -> None:
    (number,) = sentences(store, "불이 났어요")
    before = state(store)
    store.proposals.add([pseudo_label(number)], AT)
    store.proposals.decide(1, True, "ann", AT)
    assert store.corpus.grades("utterance", "danger") == {number: ("danger", "silver")}
    (made,) = store.review.history(number)
    assert (made.curator, made.act, made.why, made.proposal_id) == ("ann", "accept", "pseudo-label by r1", 1)
    undone = store.proposals.undo("pseudo-label", "ann", AT)
    assert undone is not None
    assert undone.state == "open"
    assert state(store) == before
    assert [(r.act, r.proposal_id) for r in store.review.history(number)] == [("accept", 1), ("undo", None)]
    assert store.proposals.decide(1, True, "ann", AT).state == "accepted"


def test_a_pseudo_label_never_overwrites_a_persons_label(store: Store) -> None:
    (number,) = sentences(store, "불이 났어요")
    store.proposals.add([pseudo_label(number)], AT)
    store.review.decide(number, 0, "bob", AT, labels={"danger": "normal"})
    with pytest.raises(Conflict, match="utterance 1 has a danger label by now"):
        store.proposals.decide(1, True, "ann", AT)
    assert store.corpus.grades("utterance", "danger") == {number: ("normal", "gold")}
    assert store.proposals.get(1).state == "open"


def test_undo_in_review_reopens_the_pseudo_label(store: Store) -> None:
    (number,) = sentences(store, "불이 났어요")
    store.proposals.add([pseudo_label(number)], AT)
    store.proposals.decide(1, True, "ann", AT)
    store.review.undo("ann", AT)
    assert store.proposals.get(1).state == "open"
    assert store.proposals.undo("pseudo-label", "ann", AT) is None
    assert dict(store.corpus.utterance(number).labels) == {}
