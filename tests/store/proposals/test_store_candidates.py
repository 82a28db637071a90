"""core.store.proposals.candidates: many proposals chosen by operation, flag and score, and a decision undone as one."""

import pytest
from store_data import AT, sentences

from core.errors import Conflict
from core.filters import Filter
from core.records import Derivation, NewUtterance, RestoredUtterance
from core.store import NO_FLAG, Choice, NewProposal, Store

KIND = "augmentation"
T1, T2, T3 = (f"2026-01-0{day}T00:00:00.000000+00:00" for day in (1, 2, 3))


def candidate(number: int, text: str, operation: str, score: float | None, flag: str | None) -> NewProposal:
    payload = {"text": text, "before": "불이 났어요", "parent": number, "seed": 4, "parameters": {"alpha": 0.2}}
    return NewProposal(KIND, number, operation, payload, "why", confidence=score, batch="b1", flag=flag)


@pytest.fixture
def parent(store: Store) -> int:
    """A sentence with five candidates, of two operations."""
    (number,) = sentences(store, "불이 났어요")
    items = [
        candidate(number, "불이 , 났어요", "punctuation", 0.9, None),
        candidate(number, "불이 ! 났어요", "punctuation", 0.4, "label-disagreement"),
        candidate(number, "불이 났습니다", "register", 0.2, "label-disagreement"),
        candidate(number, "불 났어요", "register", 0.8, None),
        candidate(number, "화재 났어요", "register", None, None),
    ]
    store.proposals.add(items, AT)
    return number


def chosen(store: Store, **values: object) -> list[int]:
    return [row.id for row in store.candidates.page(Choice(KIND, **values), 99)]  # type: ignore[arg-type]


def test_each_condition_narrows(store: Store, parent: int) -> None:
    assert chosen(store) == [1, 2, 3, 4, 5]
    assert chosen(store, operation=("punctuation",)) == [1, 2]
    assert chosen(store, flag=("label-disagreement",)) == [2, 3]
    assert chosen(store, flag=(NO_FLAG,)) == [1, 4, 5]
    assert chosen(store, flag=(NO_FLAG, "label-disagreement")) == [1, 2, 3, 4, 5]
    assert chosen(store, low=0.4, high=0.9) == [2, 4]
    assert chosen(store, batch=("b2",)) == []
    assert chosen(store, ids=(2, 5), flag=(NO_FLAG,)) == [5]
    assert store.candidates.count(Choice(KIND, operation=("register",))) == 3
    assert [len(block) for block in store.candidates.every(Choice(KIND), 2)] == [2, 2, 1]


def test_statistics_count_by_operation_and_state(store: Store, parent: int) -> None:
    store.proposals.accept_many([1], "ann", T1)
    store.proposals.reject_many([3], "ann", T1)
    assert store.candidates.tally(Choice(KIND)) == {
        "punctuation": {"open": 1, "accepted": 1, "rejected": 0, "flagged": 1},
        "register": {"open": 2, "accepted": 0, "rejected": 1, "flagged": 1},
    }
    assert store.candidates.by_source(KIND, ("open", "accepted")) == {parent: 4}
    assert store.derivations.of([2])[2] == Derivation(2, "punctuation", {"alpha": 0.2}, 4, made_at=AT, batch="b1")


def test_a_decision_on_many_is_undone_as_one(store: Store, parent: int) -> None:
    store.proposals.accept_many([1, 4], "ann", T1)
    store.proposals.reject_many([2, 3], "ann", T2)
    store.proposals.reject_many([5], "bob", T3)
    last, *opened = store.candidates.undo_decision(KIND, "ann", AT)
    assert last is not None
    assert (last.at, last.accepted, last.rejected, opened) == (T2, 0, 2, [[2, 3], 0])
    assert store.candidates.undo_decision(KIND, "ann", AT)[1:] == ([1, 4], 0)
    assert store.candidates.undo_decision(KIND, "ann", AT) == (None, [], 0)
    assert store.proposals.counts(KIND) == {"open": 4, "accepted": 0, "rejected": 1}
    assert store.corpus.find(Filter(origin=("augmented",))).total == 0


def test_what_was_decided_on_since_is_left(store: Store, parent: int) -> None:
    store.proposals.accept_many([1, 4], "ann", T1)
    first, second = [u.id for u in store.corpus.every(Filter(origin=("augmented",)))]
    store.review.decide(first, 0, "bob", T2, labels={"danger": "danger"})
    assert store.candidates.undo_batch(KIND, "b1", "ann", T3) == ([4], 1)
    assert [u.id for u in store.corpus.every(Filter(origin=("augmented",)))] == [first]
    with pytest.raises(Conflict, match=f"the accepted utterance {first} was decided on by bob"):
        store.candidates.undo_batch(KIND, "b1", "ann", T3)
    store.proposals.accept_many([4], "ann", T3)
    assert store.derivations.tally() == {"punctuation": 1, "register": 1}
    assert store.derivations.of([second])[second].operation == "register"


def test_a_decision_that_can_not_be_opened_does_not_bar_the_one_before(store: Store, parent: int) -> None:
    store.proposals.reject_many([3], "ann", T1)
    store.proposals.accept_many([1, 4], "ann", T2)
    first, _ = [u.id for u in store.corpus.every(Filter(origin=("augmented",)))]
    store.review.decide(first, 0, "bob", T3, labels={"danger": "danger"})
    assert store.candidates.undo_decision(KIND, "ann", AT)[1:] == ([4], 1)
    last, *counts = store.candidates.undo_decision(KIND, "ann", AT)
    assert last is not None
    assert (last.at, counts) == (T1, [[3], 1])
    with pytest.raises(Conflict, match=f"the accepted utterance {first} was decided on by bob"):
        store.candidates.undo_decision(KIND, "ann", AT)
    assert store.proposals.counts(KIND) == {"open": 4, "accepted": 1, "rejected": 0}


def test_texts_of_an_import_are_present_and_copies_of_voices_are_not(store: Store, parent: int) -> None:
    store.proposals.accept_many([1], "ann", T1)
    key = store.corpus.utterance(parent).key
    source = store.corpus.add_source("old", "exports", "ours", "0", AT)
    items = [
        RestoredUtterance(NewUtterance(name, name, "g", origin="augmented", meta=meta), name, parent=key)
        for name, meta in (("한 번", {"operation": "register"}), ("두 번", {}), ("세 번", {"operation": "voice:speed"}))
    ]
    store.transfer.restore(source, items, {}, AT)
    assert store.candidates.present(KIND) == {parent: 4 + 1 + 2}
    store.candidates.undo_batch(KIND, "b1", "ann", T2)
    assert store.candidates.present(KIND) == {parent: 5 + 2}


def test_only_the_chosen_proposals_that_are_in_the_corpus_count(store: Store, parent: int) -> None:
    store.proposals.accept_many([1, 4, 5], "ann", T1)
    assert store.candidates.in_corpus(Choice(KIND)) == {"punctuation": 1, "register": 2}
    assert store.candidates.in_corpus(Choice(KIND, ids=(2, 5))) == {"register": 1}
    skipped = [u.id for u in store.corpus.every(Filter(origin=("augmented",)))][2]
    store.review.decide(skipped, 0, "bob", T2, skip=True, act="skip")
    assert store.candidates.in_corpus(Choice(KIND, ids=(5,))) == {}
