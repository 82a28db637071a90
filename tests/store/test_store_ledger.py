"""core.store.ledger and board: snapshots, runs, predictions, jobs."""

from dataclasses import replace

import pytest
from store_data import AT, sentences

from core.confidence import best_class
from core.errors import InputError, NotFound, UnknownName
from core.records import Prediction, RunInfo, SnapshotInfo
from core.store import Store

SNAPSHOT = SnapshotInfo("s1", "danger", "ab" * 32, AT, {"n": 3})
RUN = RunInfo("r1", "danger-text", "ngram", "danger", "text", "s1", "running", AT, {})
CODES = ("normal", "danger")


def test_a_snapshot_is_frozen(store: Store) -> None:
    store.ledger.add_snapshot(SNAPSHOT)
    with pytest.raises(InputError, match="snapshot 's1' exists already; snapshots are frozen"):
        store.ledger.add_snapshot(replace(SNAPSHOT, scheme="urgency"))
    later = replace(SNAPSHOT, name="s2", created_at=AT.replace("2024", "2025"))
    store.ledger.add_snapshot(later)
    assert store.ledger.snapshots() == [later, SNAPSHOT]
    assert store.ledger.snapshot("s1") == SNAPSHOT
    with pytest.raises(NotFound, match="no snapshot 's3'; there are: s2, s1"):
        store.ledger.snapshot("s3")
    with pytest.raises(UnknownName, match="unknown scheme 'mood'"):
        store.ledger.add_snapshot(replace(SNAPSHOT, name="s3", scheme="mood"))


def test_a_run_is_announced_again_by_a_resumed_job(store: Store) -> None:
    store.ledger.add_snapshot(SNAPSHOT)
    store.ledger.put_run(RUN)
    store.ledger.put_run(replace(RUN, state="queued"))
    assert [r.state for r in store.ledger.runs()] == ["queued"]
    store.ledger.set_run("r1", "done", {"test": {"n": 3}})
    assert store.ledger.run("r1") == replace(RUN, state="done", metrics={"test": {"n": 3}})
    store.ledger.put_run(replace(RUN, id="r2", started_at=AT.replace("2024", "2025")))
    assert [r.id for r in store.ledger.runs()] == ["r2", "r1"]
    assert [r.id for r in store.ledger.runs("done")] == ["r1"]
    with pytest.raises(NotFound, match="no run 'r9'; there are: r2, r1"):
        store.ledger.run("r9")


def test_predictions_of_a_cell_come_surest_first_and_are_replaced(store: Store) -> None:
    a, b, c = sentences(store, "가", "나", "다")
    store.ledger.add_snapshot(SNAPSHOT)
    store.ledger.put_run(RUN)
    items = [
        Prediction("r1", "danger", a, "evaluation", *best_class(CODES, (0.6, 0.4)), "test", "danger"),
        Prediction("r1", "danger", b, "evaluation", *best_class(CODES, (0.9, 0.1)), "test", "danger"),
        Prediction("r1", "danger", c, "evaluation", *best_class(CODES, (0.2, 0.8)), "validation", "danger"),
    ]
    store.ledger.put_predictions(items)
    assert store.ledger.predictions("r1", side="test", gold="danger", code="normal") == [items[1], items[0]]
    assert store.ledger.predictions("r1", code="danger") == [items[2]]
    store.ledger.put_predictions([replace(items[0], code="danger", confidence=0.7)])
    assert [p.utterance_id for p in store.ledger.predictions("r1", side="test", code="normal")] == [b]
    assert store.ledger.sides("r1") == {"test": 2, "validation": 1}
    store.ledger.put_predictions([])


def test_the_pool_is_written_in_bulk_and_replaces_its_own_rows_only(store: Store) -> None:
    a, b = sentences(store, "가", "나")
    store.ledger.add_snapshot(SNAPSHOT)
    store.ledger.put_run(RUN)
    tested = Prediction("r1", "danger", a, "evaluation", "normal", 0.6, 0.2, "test", "danger")
    store.ledger.put_predictions([tested])
    store.ledger.put_pool("r1", "danger", [a, b], [("danger", 0.9, 0.8), ("normal", 0.7, 0.4)])
    store.ledger.put_pool("r1", "danger", [b], [("danger", 0.6, 0.2)])
    store.ledger.put_pool("r1", "danger", [], [])
    assert store.ledger.predictions("r1", purpose="pool") == [
        Prediction("r1", "danger", a, "pool", "danger", 0.9, 0.8),
        Prediction("r1", "danger", b, "pool", "danger", 0.6, 0.2),
    ]
    assert store.ledger.predictions("r1", purpose="evaluation") == [tested]
    with pytest.raises(UnknownName, match="unknown scheme 'mood'"):
        store.ledger.put_pool("r1", "mood", [a], [("joy", 0.9, 0.8)])


def test_outcomes_are_those_of_the_evaluation_and_have_a_stamp(store: Store) -> None:
    a, b, c, d = sentences(store, "가", "나", "다", "라")
    store.ledger.add_snapshot(SNAPSHOT)
    store.ledger.put_run(RUN)
    gold = {a: "danger", b: "danger", c: "normal", d: None}
    items = [Prediction("r1", "danger", one, "evaluation", "danger", 0.6, 0.2, "test", gold[one]) for one in gold]
    store.ledger.put_predictions(items)
    before = store.ledger.predictions_stamp("r1")
    store.ledger.put_pool("r1", "danger", [c], [("normal", 0.9, 0.8)])  # no outcome: nobody knew the answer
    right, wrong = store.ledger.outcomes("r1", "danger")
    assert (sorted(right.tolist()), wrong.tolist()) == ([a, b], [c])
    assert store.ledger.predictions_stamp("r1") != before or before is None, "a database server has no stamps"
    assert [ids.tolist() for ids in store.ledger.outcomes("r1", "urgency")] == [[], []]
    assert store.ledger.predictions_stamp("r2") is None


def test_a_job_on_the_board(store: Store) -> None:
    store.board.add("j1", "train", "danger-text · s1", {"seed": 1}, AT)
    store.board.add("j1", "train", "again", {}, AT)
    job = store.board.get("j1")
    assert (job.title, job.state, job.params, job.cancel_requested) == (
        "danger-text · s1",
        "queued",
        {"seed": 1},
        False,
    )
    assert store.board.update("j1", AT, state="running", progress={"done": 1, "total": 2}) is False
    store.board.cancel("j1", AT)
    assert store.board.update("j1", AT, progress={"done": 2, "total": 2}) is True
    assert (store.board.get("j1").state, store.board.get("j1").progress) == ("running", {"done": 2, "total": 2})
    store.board.update("j1", AT, state="failed", error="no data")
    assert (store.board.get("j1").state, store.board.get("j1").error) == ("failed", "no data")
    store.board.add("j2", "train", "t", {}, AT.replace("2024", "2025"))
    store.board.cancel("j2", AT)
    assert store.board.get("j2").state == "cancelled"
    assert [j.id for j in store.board.list()] == ["j2", "j1"]
    with pytest.raises(NotFound, match="no job 'j3'"):
        store.board.get("j3")
