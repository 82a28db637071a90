"""core.store.review.decisions: versions, undo, and decisions that survive concurrent writers and kill -9."""

import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from store_data import AT, call, sentences, state

from core.errors import Conflict, NotFound, UnknownName
from core.filters import Filter
from core.settings import ROOT
from core.store import Store, open_store

WRITERS, EACH = 6, 15


def test_a_decision_is_a_revision_an_annotation_and_the_current_answer(store: Store) -> None:
    (number,) = sentences(store, "불이 낫어요")
    made = store.review.decide(number, 0, "ann", AT, text="불이 났어요", labels={"danger": "위험"}, spent_ms=1200)
    now = store.corpus.utterance(number)
    assert (now.text, now.original, now.version, dict(now.labels)) == (
        "불이 났어요", "불이 낫어요", 1, {"danger": "danger"},
    )  # fmt: skip
    assert (made.version, made.before["text"], made.after["text"]) == (1, "불이 낫어요", "불이 났어요")
    assert made.before["labels"] == {"danger": None}
    assert made.after["labels"] == {"danger": {"code": "danger", "grade": "gold", "by": "ann"}}
    assert store.review.history(number) == [made]
    (note,) = store.review.annotations(number)
    assert (note.scheme, note.code, note.curator, note.spent_ms) == ("danger", "danger", "ann", 1200)
    assert store.corpus.grades("utterance", "danger") == {number: ("danger", "gold")}


def test_a_decision_on_an_old_version_is_refused_and_leaves_nothing(store: Store) -> None:
    (number,) = sentences(store, "불이 났어요")
    store.review.decide(number, 0, "ann", AT, labels={"danger": "danger"})
    with pytest.raises(Conflict, match=r"you saw version 0, it is 1"):
        store.review.decide(number, 0, "bob", AT, labels={"danger": "normal"}, text="다른 글")
    assert dict(store.corpus.utterance(number).labels) == {"danger": "danger"}
    assert len(store.review.history(number)) == 1
    assert len(store.review.annotations(number)) == 1


def test_what_cannot_be_decided_is_named(store: Store) -> None:
    (number,) = sentences(store, "불이 났어요")
    with pytest.raises(NotFound, match="no utterance 99"):
        store.review.decide(99, 0, "ann", AT)
    with pytest.raises(UnknownName, match="unknown danger class 'meh'"):
        store.review.decide(number, 0, "ann", AT, labels={"danger": "meh"})
    with pytest.raises(Conflict, match="urgency is a label of a recording"):
        store.review.decide(number, 0, "ann", AT, labels={"urgency": "high"})
    assert store.corpus.utterance(number).version == 0


def test_a_label_of_the_recording_is_shared_by_its_utterances(store: Store) -> None:
    first, second = call(store, "c1", "네 119입니다", "불이 났어요")
    store.review.decide(second, 0, "ann", AT, labels={"urgency": "high"})
    assert store.corpus.utterance(first).labels["urgency"] == "high"
    assert store.corpus.utterance(first).version == 0


def test_a_skip_is_taken_back_by_a_decision(store: Store) -> None:
    (number,) = sentences(store, "불이 났어요")
    store.review.decide(number, 0, "ann", AT, skip=True)
    assert store.corpus.utterance(number).skipped
    store.review.decide(number, 1, "ann", AT, labels={"danger": "danger"})
    assert not store.corpus.utterance(number).skipped


def test_undo_walks_back_through_a_session(store: Store) -> None:
    a, b = sentences(store, "가", "나")
    start = state(store)
    store.review.decide(a, 0, "ann", AT, labels={"danger": "danger"})
    store.review.decide(b, 0, "ann", AT, skip=True)
    assert store.review.decided("ann") == 2
    second = store.review.undo("ann", AT)
    assert second is not None
    assert (second.utterance_id, second.version, second.act, second.why) == (b, 2, "undo", "")
    first = store.review.undo("ann", AT)
    assert first is not None
    assert first.utterance_id == a
    assert store.review.undo("ann", AT) is None
    assert store.review.decided("ann") == 0
    assert state(store) == start
    assert [r.undoes is None for r in store.review.history(a)] == [True, False]


def test_undo_takes_back_only_the_curators_own(store: Store) -> None:
    (number,) = sentences(store, "가")
    store.review.decide(number, 0, "ann", AT, labels={"danger": "danger"})
    assert store.review.undo("bob", AT) is None


def test_undo_waits_for_a_later_decision_of_somebody_else(store: Store) -> None:
    (number,) = sentences(store, "가")
    store.review.decide(number, 0, "ann", AT, labels={"danger": "danger"})
    store.review.decide(number, 1, "bob", AT, labels={"danger": "normal"})
    with pytest.raises(Conflict, match="decided again by bob"):
        store.review.undo("ann", AT)
    assert dict(store.corpus.utterance(number).labels) == {"danger": "normal"}
    store.review.undo("bob", AT)
    store.review.undo("ann", AT)
    assert dict(store.corpus.utterance(number).labels) == {}


def test_undo_does_not_overwrite_a_recordings_label_decided_at_another_utterance(store: Store) -> None:
    first, second = call(store, "c1", "네 119입니다", "불이 났어요", labels={"urgency": "low"})
    store.review.decide(first, 0, "ann", AT, labels={"urgency": "medium"})
    store.review.decide(second, 0, "bob", AT, labels={"urgency": "high"})
    with pytest.raises(Conflict, match="urgency of utterance 1 was decided again by bob"):
        store.review.undo("ann", AT)
    store.review.undo("bob", AT)
    store.review.undo("ann", AT)
    assert store.corpus.utterance(first).labels["urgency"] == "low"


DECISIONS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(["ann", "bob"]),
        st.none() | st.text(alphabet="불났어요 a%_\"'", max_size=6),
        st.none() | st.sampled_from(["danger", "normal"]),
        st.none() | st.sampled_from(["low", "high"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


@pytest.mark.slow
@given(decisions=DECISIONS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_undoing_every_decision_restores_the_exact_state(
    tmp_path_factory: pytest.TempPathFactory, decisions: list[tuple[Any, ...]]
) -> None:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('undo') / 'store.db'}")
    ids = [*sentences(store, "불이 났어요", "괜찮아요"), *call(store, "c1", "네", "불이요", labels={"urgency": "low"})]
    states = [state(store)]
    by: list[str] = []
    for which, curator, text, danger, urgency, skip in decisions:
        now = store.corpus.utterance(ids[which])
        labels = {"danger": danger} if danger else {}
        if urgency and now.recording_id:
            labels["urgency"] = urgency
        store.review.decide(now.id, now.version, curator, AT, text=text, labels=labels, skip=skip)
        states.append(state(store))
        by.append(curator)
    while by:
        states.pop()
        assert store.review.undo(by.pop(), AT) is not None
        assert state(store) == states[-1]
    for utterance_id in ids:
        versions = [r.version for r in store.review.history(utterance_id)]
        assert versions == list(range(1, len(versions) + 1))
    for found in (store.corpus.find(Filter(text="불이 났")), store.corpus.find(Filter(text="났어"))):
        assert [u.id for u in found.rows] == [ids[0]]


WRITER = """
import sys
from core.errors import Conflict
from core.store import open_store
url, curator, each, shared = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
store = open_store(url)
accepted = refused = 0
while accepted < each:
    version = store.corpus.utterance(shared).version
    try:
        text = f"{curator} {accepted}"
        made = store.review.decide(shared, version, curator, "t", labels={"danger": "danger"}, text=text)
        accepted += 1
        print(made.id, flush=True)
    except Conflict:
        refused += 1
"""


@pytest.mark.slow
def test_concurrent_writers_lose_nothing(store: Store, database_url: str) -> None:
    (number,) = sentences(store, "가")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, database_url, f"w{n}", str(EACH), str(number)], cwd=ROOT,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for n in range(WRITERS)
    ]  # fmt: skip
    outputs = [writer.communicate() for writer in writers]
    assert [error for _, error in outputs] == [""] * WRITERS
    accepted = sorted(int(line) for out, _ in outputs for line in out.split())
    history = store.review.history(number)
    assert accepted == sorted(r.id for r in history)
    assert [r.version for r in history] == list(range(1, WRITERS * EACH + 1))
    assert store.corpus.utterance(number).text == history[-1].after["text"]
    assert len(store.review.annotations(number)) == WRITERS * EACH


HAMMER = """
import sys
from core.store import open_store
store = open_store(sys.argv[1])
for utterance_id in range(1, int(sys.argv[2]) + 1):
    made = store.review.decide(utterance_id, 0, "ann", "t", labels={"danger": "danger"}, text=f"고침 {utterance_id}")
    print(utterance_id, flush=True)
"""


@pytest.mark.integration
def test_kill_9_right_after_a_decision_loses_nothing(store: Store, database_url: str) -> None:
    ids = sentences(store, *(f"문장 {n}" for n in range(400)))
    process = subprocess.Popen(
        [sys.executable, "-c", HAMMER, database_url, str(len(ids))], cwd=ROOT,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    confirmed = [int(process.stdout.readline()) for _ in range(20)]
    os.kill(process.pid, signal.SIGKILL)
    confirmed += [int(line) for line in process.stdout.read().split()]
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    assert len(confirmed) < len(ids)
    again = open_store(database_url)
    for utterance_id in confirmed:
        one = again.corpus.utterance(utterance_id)
        assert (one.text, one.version, dict(one.labels)) == (f"고침 {utterance_id}", 1, {"danger": "danger"})
    # at most the one decision whose number was not yet printed came on top
    assert again.review.decided("ann") - len(confirmed) in (0, 1)
    assert again.corpus.find(Filter(text="고침")).total == again.review.decided("ann")


@pytest.mark.sqlite
def test_a_card_reads_its_labels_by_the_index(store: Store) -> None:
    """A card comes after every key: it must not read the labels of the whole corpus."""
    ids = sentences(store, "불이 났어요", "네 알겠습니다")
    engine, asked = store.cards._engine, list[tuple[str, Any]]()
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
    store.cards.of(ids, ["danger"])
    queries = [(statement, values) for statement, values in asked if statement.startswith("SELECT")]
    with engine.connect() as connection:
        plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all() for sql, values in queries]
    steps = [str(row[3]) for plan in plans for row in plan]
    assert any("label" in step for step in steps)
    assert [step for step in steps if step.startswith("SCAN label")] == []
