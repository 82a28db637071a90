"""core.workflows.cleaning.decisions: every page treats a stale suggestion alike, and accept-all counts the results."""

from typing import Any

import pytest
from store_data import AT, sentences

from core.errors import Conflict, Unfit
from core.store import NewProposal
from core.workflows.cleaning import checks, decisions
from core.workflows.cleaning.decisions import DecisionCounts
from core.workflows.workspace import Workspace

LATER = "2024-05-02T00:00:00.000000+00:00"
BEFORE = "불이  났어요 여기"


def edit(kind: str, number: int, operation: str) -> NewProposal:
    return NewProposal(kind, number, operation, {"text": "불이 났어요 여기", "before": BEFORE}, "why", "r1")


def accept_all_of(ws: Workspace, page: str) -> DecisionCounts:
    """Accept all suggestions as that page does."""
    if page == "quality":
        return checks.accept_all(ws, "untidy-text", "ann")
    if page == "clean":
        return decisions.accept_all(ws, "cleaning", "ann", operation="untidy-text")
    return decisions.accept_all(ws, "augmentation", "ann")


@pytest.mark.parametrize(
    ("page", "kind"), [("quality", "cleaning"), ("clean", "cleaning"), ("augment", "augmentation")]
)
def test_a_text_is_rebased_or_refused_alike_from_every_page(ws: Workspace, page: str, kind: str) -> None:
    ids = sentences(ws.store, *[BEFORE] * 4)
    ws.store.proposals.add([edit(kind, number, "untidy-text") for number in ids], AT)
    ws.store.review.decide(ids[1], 0, "bob", LATER, text="불이  났어요 여기요")
    ws.store.review.decide(ids[2], 0, "bob", LATER, text="산불이야")
    ws.store.review.decide(ids[3], 0, "bob", LATER, text="불이 났어요 여기")
    done = accept_all_of(ws, page)
    assert (done.accepted, done.rebased, done.anew) == (2, 1, 0)
    assert (done.refused, done.changed, done.total) == ({"changed": 1, "same": 1}, 2, 4)
    assert ws.store.proposals.counts(kind) == {"open": 0, "accepted": 2, "rejected": 2}


def test_one_alone_is_refused_by_name_and_stays_open(ws: Workspace) -> None:
    """Clean, Quality, Augment and Pseudo-label all decide like this."""
    a, b = sentences(ws.store, BEFORE, "불이야")
    label = NewProposal("pseudo-label", b, "by r1", {"scheme": "danger", "code": "danger"}, "sure", "r1")
    ws.store.proposals.add([edit("cleaning", a, "gone-step"), edit("augmentation", a, "swap"), label], AT)
    ws.store.review.decide(a, 0, "bob", LATER, text="산불이야")
    ws.store.review.decide(b, 0, "bob", LATER, labels={"danger": "normal"})
    for number, reason in ((1, "changed"), (2, "changed"), (3, "labelled")):
        with pytest.raises(Unfit, match=r"meanwhile|by now") as refused:
            decisions.decide(ws, number, True, "ann")
        assert refused.value.reason == reason
        assert ws.store.proposals.get(number).state == "open"
    assert decisions.decide(ws, 1, False, "ann").state == "rejected"
    with pytest.raises(Conflict, match="proposal 1 was already rejected by ann"):
        decisions.decide(ws, 1, True, "ann")


def test_pseudo_labels_of_one_run_are_accepted_and_counted(ws: Workspace) -> None:
    ids = sentences(ws.store, "가", "나", "다", "라")
    payload: dict[str, Any] = {"scheme": "danger", "code": "danger"}
    ws.store.proposals.add([NewProposal("pseudo-label", n, "by r1", payload, "sure", "r1") for n in ids[:3]], AT)
    ws.store.proposals.add([NewProposal("pseudo-label", ids[3], "by r2", payload, "sure", "r2")], AT)
    ws.store.review.decide(ids[1], 0, "bob", AT, labels={"danger": "normal"})
    ws.store.review.decide(ids[2], 0, "bob", AT, skip=True, act="skip")
    done = decisions.accept_all(ws, "pseudo-label", "ann", run_id="r1")
    assert done == DecisionCounts(1, refused={"labelled": 1, "left-out": 1})
    assert ws.store.corpus.grades("utterance", "danger") == {ids[0]: ("danger", "silver"), ids[1]: ("normal", "gold")}
    assert ws.store.proposals.counts("pseudo-label", "r2")["open"] == 1


def test_what_somebody_decided_meanwhile_is_told_apart(ws: Workspace) -> None:
    a, b = sentences(ws.store, BEFORE, BEFORE)
    ws.store.proposals.add([edit("cleaning", a, "spacing"), edit("cleaning", b, "spacing")], AT)
    seen = ws.store.proposals.page("cleaning")
    ws.store.proposals.decide(1, False, "bob", AT)
    assert decisions.accept(ws, seen, "ann") == DecisionCounts(1, already=1)
    assert ws.store.proposals.get(1).decided_by == "bob"


def test_counts_add_up() -> None:
    first, second = DecisionCounts(2, 1, 1, {"same": 1}, 1), DecisionCounts(1, 0, 0, {"changed": 2, "same": 1})
    assert first + second == DecisionCounts(3, 1, 1, {"changed": 2, "same": 2}, 1)
    assert ((first + second).changed, (first + second).total) == (4, 9)
