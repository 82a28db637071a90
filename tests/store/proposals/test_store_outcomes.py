"""core.store.proposals.outcomes: what accepting each kind of proposal comes to, one alone and many."""

from typing import Any

import pytest
from store_data import AT, sentences

from core.errors import Conflict, Unfit
from core.filters import Filter
from core.store import NewProposal, Store
from core.store.proposals import outcomes

LATER = "2024-05-02T00:00:00.000000+00:00"
LABEL = {"scheme": "danger", "code": "danger"}


class State:
    def __init__(self, text: str, skipped: bool = False) -> None:
        self.text, self.skipped = text, skipped


def current(
    text: str, skipped: bool = False, labelled: tuple[str, ...] = (), copy: State | None = None
) -> outcomes.CurrentState:
    return outcomes.CurrentState(State(text, skipped), labelled, copy)


EDIT = {"before": "불이  낫어요 빨리", "text": "불이 낫어요 빨리"}
CASES: list[tuple[str, dict[str, Any], outcomes.CurrentState, Any]] = [
    ("cleaning", EDIT, current("불이  낫어요 빨리"), outcomes.Change("불이 낫어요 빨리")),
    ("cleaning", EDIT, current("불이  낫어요 빨리요", True), outcomes.Change("불이 낫어요 빨리요", rebased=True)),
    ("cleaning", EDIT, current("불이   낫어요 빨리"), "changed"),
    ("cleaning", EDIT, current("불이 낫어요 빨리"), "same"),
    ("augmentation", EDIT, current("불이  낫어요 빨리요"), outcomes.Change("불이 낫어요 빨리요", rebased=True)),
    ("augmentation", EDIT, current("산불이야"), "changed"),
    ("augmentation", EDIT, current("불이  낫어요 빨리", True), "left-out"),
    ("exclude", {"before": "불이야"}, current("불이야"), outcomes.Change(skip=True)),
    ("exclude", {"before": "불이야"}, current("불 이야!"), outcomes.Change(skip=True, rebased=True)),
    ("exclude", {"before": "불이야"}, current("산불이야"), "changed"),
    ("exclude", {"before": "불이야"}, current("불이야", True), "left-out"),
    ("exclude", {"before": "불이야"}, current("산불", copy=State("산불!")), outcomes.Change(skip=True, rebased=True)),
    ("exclude", {"before": "불이야"}, current("불이야", copy=State("불이야", True)), "no-copy"),
    ("pseudo-label", LABEL, current("불이야", labelled=("mood",)), outcomes.Change()),
    ("pseudo-label", LABEL, current("불이야", labelled=("danger",)), "labelled"),
    ("pseudo-label", LABEL, current("불이야", True), "left-out"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "payload", "standing", "wanted"), CASES)
def test_a_suggestion_is_written_rebased_or_refused(
    kind: str, payload: dict[str, Any], standing: outcomes.CurrentState, wanted: Any
) -> None:
    assert outcomes.change_for(kind, payload, standing) == wanted


def augmentation(parent: int, text: str, before: str | None) -> NewProposal:
    payload = {"text": text} | ({} if before is None else {"before": before})
    return NewProposal("augmentation", parent, "swap", payload, "seed 1")


def made(store: Store) -> list[str]:
    return [u.text for u in store.corpus.every(Filter(origin=("augmented",)))]


@pytest.mark.parametrize("before", ["집에 불이 낫어요", None])
def test_an_augmentation_of_a_text_that_was_corrected_is_corrected_too(store: Store, before: str | None) -> None:
    """Without `before` (an earlier program made it), the text at that time is read from the history."""
    (parent,) = sentences(store, "집에 불이 낫어요")
    store.proposals.add([augmentation(parent, "불이 낫어요", before)], AT)
    store.review.decide(parent, 0, "ann", LATER, text="집에 불이 났어요")
    assert store.proposals.accept_many([1], "ann", LATER) == {1: "rebased"}
    assert made(store) == ["불이 났어요"]


def test_an_augmentation_whose_parent_says_something_else_is_refused_by_name(store: Store) -> None:
    a, b = sentences(store, "집에 불이 났어요", "산에 불이 났어요")
    store.proposals.add([augmentation(a, "불이 났어요", "집에 불이 났어요")], AT)
    store.proposals.add([augmentation(b, "불이 났어요", "산에 불이 났어요")], AT)
    store.review.decide(a, 0, "ann", LATER, text="괜찮습니다")
    store.review.decide(b, 0, "ann", LATER, skip=True, act="skip")
    with pytest.raises(Unfit, match="the text of utterance 1 was changed meanwhile") as refused:
        store.proposals.decide(1, True, "ann", LATER)
    assert refused.value.reason == "changed"
    assert store.proposals.accept_many([1, 2], "ann", LATER) == {1: "changed", 2: "left-out"}
    assert (made(store), store.proposals.counts("augmentation")["open"]) == ([], 2)


def test_an_augmentation_that_was_taken_back_comes_again_as_its_parent_is_now(store: Store) -> None:
    (parent,) = sentences(store, "집에 불이 낫어요")
    store.proposals.add([augmentation(parent, "불이 낫어요", "집에 불이 낫어요")], AT)
    store.proposals.decide(1, True, "ann", AT)
    store.proposals.undo("augmentation", "ann", AT)
    store.review.decide(parent, 0, "ann", LATER, text="집에 불이 났어요")
    store.proposals.decide(1, True, "ann", LATER)
    assert made(store) == ["불이 났어요"]
    store.proposals.undo("augmentation", "ann", LATER)
    store.proposals.decide(1, True, "ann", LATER)
    assert made(store) == ["불이 났어요"]


def test_what_left_the_corpus_or_was_decided_before_is_counted_as_that(store: Store) -> None:
    (parent,) = sentences(store, "집에 불이 났어요")
    store.proposals.add([augmentation(parent, "불이 났어요", "집에 불이 났어요")], AT)
    store.proposals.decide(1, True, "ann", AT)
    label = NewProposal("pseudo-label", 2, "by r1", LABEL, "sure", "r1")
    clean = NewProposal("cleaning", 2, "stop", {"text": "불이", "before": "불이 났어요"}, "stop")
    store.proposals.add([label, clean], AT)
    store.proposals.undo("augmentation", "ann", AT)
    assert store.proposals.accept_many([2, 3], "ann", AT) == {2: "gone", 3: "gone"}
    store.proposals.decide(3, False, "bob", AT)
    assert store.proposals.accept_many([3], "ann", AT) == {3: "decided"}
    with pytest.raises(Conflict, match="utterance 2 was taken out of the corpus"):
        store.proposals.decide(2, True, "ann", AT)


def test_both_copies_are_never_left_out(store: Store) -> None:
    a, b = sentences(store, "불이야", "불이야")
    store.proposals.add([NewProposal("exclude", b, "same-text", {"before": "불이야", "keep": a}, "as 1")], AT)
    store.review.decide(a, 0, "ann", AT, skip=True, act="skip")
    assert store.proposals.accept_many([1], "ann", AT) == {1: "last-copy"}
    assert not store.corpus.utterance(b).skipped
    store.review.undo("ann", AT)
    assert store.proposals.accept_many([1], "ann", AT) == {1: "accepted"}
