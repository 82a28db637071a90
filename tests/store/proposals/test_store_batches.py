"""core.store.proposals.batches: accepting many writes the same as single decisions, and is undone as a whole."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from store_data import AT, fresh, sentences, state, texts

from core.errors import Conflict, NotFound
from core.filters import Filter
from core.store import NewProposal, Store, open_store
from core.store.engine import engine_for, reading
from core.store.proposals.outcomes import WRITTEN
from core.store.schema import proposal, revision, utterance

LATER = "2024-05-02T00:00:00.000000+00:00"


def clean(
    number: int, before: str, text: str, step: str = "spacing", sure: float = 0.9, batch: str = "b1"
) -> NewProposal:
    payload = {"text": text, "before": before}
    return NewProposal("cleaning", number, step, payload, "why", confidence=sure, batch=batch)


def exclude(number: int, before: str, batch: str | None = "b1") -> NewProposal:
    return NewProposal("exclude", number, "duplicate", {"before": before}, "as another", confidence=0.5, batch=batch)


def rows(url: str) -> dict[str, list[Any]]:
    """Return all rows of the tables that accepting writes."""
    with reading(engine_for(url)) as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(table.c.id))]
            for table in (utterance, revision, proposal)
        }


def open_ids(store: Store, **more: Any) -> list[int]:
    return [*store.proposals.waiting("cleaning", **more), *store.proposals.waiting("exclude", **more)]


PLANS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["가", "나", "다"]),
        st.sampled_from(["가", "나", "다", "라 "]),
        st.booleans(),
    ),
    min_size=1,
    max_size=10,
)


@pytest.mark.slow
@given(plan=PLANS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_accepting_many_writes_what_single_decisions_write(
    tmp_path_factory: pytest.TempPathFactory, plan: list[tuple[int, str, str, bool]]
) -> None:
    folder = tmp_path_factory.mktemp("batch")
    urls = [fresh(folder, name) for name in ("once", "single")]
    stores = [open_store(url) for url in urls]
    for store in stores:
        ids = sentences(store, "가", "나", "다")
        items = [
            exclude(ids[n], a) if out else clean(ids[n], a, b, step=f"s{k}") for k, (n, a, b, out) in enumerate(plan)
        ]
        store.proposals.add(items, AT)
    before = state(stores[0])
    numbers = sorted(open_ids(stores[0]))
    accepted = rejected = 0
    for number in numbers:
        try:
            stores[1].proposals.decide(number, True, "ann", LATER)
            accepted += 1
        except Conflict:
            stores[1].proposals.decide(number, False, "ann", LATER)
            rejected += 1
    outcomes = stores[0].proposals.accept_many(numbers, "ann", LATER)
    refused = [number for number, outcome in outcomes.items() if outcome not in WRITTEN]
    assert (len(outcomes) - len(refused), len(refused)) == (accepted, rejected)
    assert stores[0].proposals.reject_many(refused, "ann", LATER) == rejected
    assert rows(urls[0]) == rows(urls[1])
    assert stores[0].proposals.undo_batch("b1", "ann", LATER) == (accepted, 0)
    assert state(stores[0]) == before
    assert sum(stores[0].proposals.counts(kind)["open"] for kind in ("cleaning", "exclude")) == accepted


def test_what_is_waiting_is_chosen_by_step_confidence_and_batch(store: Store) -> None:
    a, b, c = sentences(store, "가", "나", "다")
    store.proposals.add([clean(a, "가", "가.", sure=0.5), clean(b, "나", "나.", step="tags")], AT)
    store.proposals.add([clean(c, "다", "다.", batch="b2"), exclude(a, "가", None)], LATER)
    ways: list[tuple[dict[str, Any], list[int]]] = [
        ({}, [1, 2, 3]), ({"operation": "spacing"}, [1, 3]), ({"min_confidence": 0.9}, [2, 3]),
        ({"batch": "b1"}, [1, 2]), ({"batch": "b1", "min_confidence": 0.6, "operation": "spacing"}, []),
        ({"limit": 1}, [1]),
    ]  # fmt: skip
    for chosen, wanted in ways:
        assert store.proposals.waiting("cleaning", **chosen) == wanted
    assert [p.id for p in store.proposals.page("cleaning", after_id=1)] == [2, 3]
    assert ((single := store.proposals.get(1)).confidence, single.batch) == (0.5, "b1")
    assert store.proposals.open_by_operation("cleaning", min_confidence=0.9) == {"spacing": 1, "tags": 1}
    assert [(b.name, b.made_at, b.counts["open"]) for b in store.proposals.batches()] == [
        ("b2", LATER, 1),
        ("b1", AT, 2),
    ]
    assert store.proposals.reject_many([1, 2, 99], "ann", AT) == 2
    assert store.proposals.batches()[1].counts == {"open": 0, "accepted": 0, "rejected": 2}


def test_steps_build_on_each_other(store: Store) -> None:
    (a,) = sentences(store, "불이  낫어요")
    store.proposals.add(
        [clean(a, "불이  낫어요", "불이 낫어요"), clean(a, "불이 낫어요", "불이 났어요", "spelling")], AT
    )
    store.proposals.add([clean(a, "불이 낫어요", "불이 낳아요", "other")], AT)
    assert store.proposals.accept_many([1, 2, 3], "ann", AT) == {1: "accepted", 2: "accepted", 3: "changed"}
    assert texts(store, Filter(text="났어요")) == ["불이 났어요"]
    assert [(r.version, r.act, r.why, r.proposal_id, r.after) for r in store.review.history(a)] == [
        (1, "accept", "spacing", 1, {"text": "불이 낫어요"}), (2, "accept", "spelling", 2, {"text": "불이 났어요"}),
    ]  # fmt: skip
    assert store.proposals.get(3).state == "open", "what is refused stays as it was"
    assert store.review.undo("ann", AT) is not None
    assert store.proposals.get(2).state == "open"
    assert store.review.undo("ann", AT, hand_made=True) is None


def test_undoing_a_batch_leaves_what_was_decided_on_since(store: Store) -> None:
    a, b, c = sentences(store, "가", "나", "다")
    store.proposals.add([clean(a, "가", "가.", step="x"), clean(a, "가.", "가!", step="y"), clean(b, "나", "나.")], AT)
    store.proposals.add([exclude(c, "다"), clean(c, "다", "다.", batch="b2")], AT)
    store.proposals.accept_many([1, 2, 3, 4, 5], "ann", AT)
    store.review.decide(b, 1, "bob", AT, labels={"danger": "normal"})
    assert store.proposals.undo_batch("b1", "eve", LATER) == (2, 2)
    assert [store.corpus.utterance(n).text for n in (a, b, c)] == ["가", "나.", "다."]
    assert store.corpus.utterance(c).skipped, "another batch wrote on it since"
    assert [store.proposals.get(n).state for n in range(1, 6)] == ["open", "open", "accepted", "accepted", "accepted"]
    assert [(r.curator, r.act, r.undoes) for r in store.review.history(a)[2:]] == [
        ("eve", "undo", 2), ("eve", "undo", 1),
    ]  # fmt: skip
    store.review.undo("bob", LATER)
    assert store.proposals.undo_batch("b2", "eve", LATER) == (1, 0)
    assert store.proposals.undo_batch("b1", "eve", LATER) == (2, 0)
    assert [(u.text, u.skipped) for u in store.corpus.every(Filter())] == [("가", False), ("나", False), ("다", False)]
    assert store.proposals.accept_many([1, 2, 3, 4], "ann", LATER) == dict.fromkeys(range(1, 5), "accepted")
    with pytest.raises(NotFound, match="no batch 'b3'"):
        store.proposals.undo_batch("b3", "eve", LATER)


def test_labels_and_augmentations_are_accepted_among_them(store: Store) -> None:
    a, b = sentences(store, "가", "나")
    label = NewProposal("pseudo-label", a, "by r1", {"scheme": "danger", "code": "danger"}, "sure", "r1", 0.9, "b1")
    store.proposals.add([label, clean(b, "나", "나.")], AT)
    store.proposals.add([NewProposal("augmentation", b, "swap", {"text": "낳"}, "seed 1")], AT)
    assert store.proposals.accept_many([1, 2, 3], "ann", AT) == dict.fromkeys((1, 2, 3), "accepted")
    assert store.corpus.grades("utterance", "danger") == {a: ("danger", "silver")}
    assert store.proposals.undo_batch("b1", "ann", AT) == (1, 0)
    assert store.corpus.grades("utterance", "danger") == {a: ("danger", "silver")}, "labels are not a clean run's"


def test_what_was_accepted_is_found_by_its_new_text(store: Store, tmp_path: Path) -> None:
    ids = sentences(store, *(f"불이 {n}" for n in range(1200)))
    store.proposals.add([clean(number, f"불이 {n}", f"연기 {n}") for n, number in enumerate(ids)], AT)
    waiting = store.proposals.waiting("cleaning", limit=5000)
    assert store.proposals.accept_many(waiting, "ann", AT) == dict.fromkeys(waiting, "accepted")
    assert [store.corpus.find(Filter(text=word), limit=0).total for word in ("연기", "불이")] == [1200, 0]
    assert store.proposals.undo_batch("b1", "ann", AT) == (1200, 0)
    assert [store.corpus.find(Filter(text=word), limit=0).total for word in ("연기", "불이")] == [0, 1200]
