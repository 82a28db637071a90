"""core.store.review.answers: blind answers, disputes and their settlement, votes, and counts of decisions."""

from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from store_data import AT, call, fresh, sentences

from core.errors import Conflict, InputError, NotFound, Stale, UnknownName
from core.filters import Filter
from core.records import StandingAnswer, Vote
from core.store import QueueRequest, Store, Tally, open_store
from core.store.engine import engine_for, reading
from core.store.schema import label, overlap, utterance

LATER = "2024-05-02T09:00:00.000000+00:00"


def blind(store: Store, number: int, *schemes: str, copies: int = 2) -> None:
    """Make the utterance one that several curators answer blind."""
    ask = QueueRequest(
        "nobody", schemes or ("danger",), Filter(), 1, AT, LATER, overlap=1.0, copies=copies, blind=False
    )
    taken, _ = store.leases.take(replace(ask, wanted=Filter(after_id=number - 1)))
    assert taken == [number]
    store.leases.release("nobody")


def answer(store: Store, number: int, curator: str, code: str, scheme: str = "danger", at: str = AT) -> None:
    store.review.decide(number, store.corpus.utterance(number).version, curator, at, labels={scheme: code})


def grade(store: Store, number: int, level: str = "utterance", scheme: str = "danger") -> tuple[str, str] | None:
    return store.corpus.grades(level, scheme).get(number)  # type: ignore[arg-type]


def answers_of(store: Store, number: int, scheme: str = "danger") -> dict[str, str]:
    return {a.curator: a.code for a in store.review.standing_answers_of(scheme, number)}


def test_the_first_of_blind_answers_is_gold_until_one_disagrees(store: Store) -> None:
    (a,) = sentences(store, "가")
    blind(store, a, copies=3)
    answer(store, a, "ann", "danger")
    answer(store, a, "bob", "danger")
    assert grade(store, a) == ("danger", "gold")
    answer(store, a, "eve", "normal")
    assert grade(store, a) == ("danger", "disputed")
    assert answers_of(store, a) == {"ann": "danger", "bob": "danger", "eve": "normal"}
    last = store.review.history(a)[-1]
    assert last.after == {
        "labels": {"danger": {"code": "danger", "grade": "disputed", "by": "ann"}}, "answers": {"danger": "normal"},
    }  # fmt: skip
    answer(store, a, "eve", "danger")
    assert grade(store, a) == ("danger", "gold"), "she thought better of it"
    assert store.corpus.progress()["danger"] == {"targets": 1, "labelled": 1, "gold": 1, "normal": 0, "danger": 1}


def test_undoing_a_disagreement_ends_it(store: Store) -> None:
    (a,) = sentences(store, "가")
    blind(store, a)
    answer(store, a, "ann", "danger")
    answer(store, a, "bob", "normal")
    with pytest.raises(Conflict, match="decided again by bob"):
        store.review.undo("ann", AT)
    store.review.undo("bob", AT)
    assert (grade(store, a), answers_of(store, a)) == (("danger", "gold"), {"ann": "danger"})
    answer(store, a, "bob", "normal")
    assert grade(store, a) == ("danger", "disputed")


def test_a_settlement_holds_whatever_is_answered_after_it(store: Store) -> None:
    (a,) = sentences(store, "가")
    blind(store, a, copies=3)
    answer(store, a, "ann", "danger")
    answer(store, a, "bob", "normal")
    made = store.review.settle(a, "danger", "normal", "judge", AT, "들어 보니 아니다", version=2, spent_ms=900)
    assert (made.act, made.why, made.spent_ms, made.after["labels"]["danger"]["by"]) == (
        "settle", "들어 보니 아니다", 900, "judge",
    )  # fmt: skip
    assert grade(store, a) == ("normal", "gold")
    answer(store, a, "eve", "danger")
    assert grade(store, a) == ("normal", "gold")
    assert answers_of(store, a) == {"ann": "danger", "bob": "normal", "eve": "danger"}
    settled = store.review.standing_answers_of("danger", a, kinds=("settlement",))
    assert [(a.curator, a.code) for a in settled] == [("judge", "normal")]
    with pytest.raises(Stale, match="you saw version 2, it is 4"):
        store.review.settle(a, "danger", "danger", "judge", AT, "", version=2)
    store.review.undo("eve", AT)
    store.review.undo("judge", AT)
    assert grade(store, a) == ("danger", "disputed")


def test_recordings_are_disputed_and_settled_too(store: Store) -> None:
    first, second = call(store, "c1", "네", "불이요")
    blind(store, first, "urgency")
    answer(store, first, "ann", "high", "urgency")
    answer(store, second, "bob", "low", "urgency")
    assert grade(store, 1, "recording", "urgency") == ("high", "disputed")
    store.review.settle(1, "urgency", "low", "judge", AT, "")
    assert grade(store, 1, "recording", "urgency") == ("low", "gold")
    assert [(r.act, r.why) for r in store.review.history(first)[-1:]] == [("settle", "")]
    with pytest.raises(NotFound, match="no recording 9"):
        store.review.settle(9, "urgency", "low", "judge", AT, "")
    with pytest.raises(UnknownName, match="unknown urgency class 'huge'"):
        store.review.settle(1, "urgency", "huge", "judge", AT, "")


def test_standing_answers_come_whole_in_blocks(store: Store) -> None:
    ids = sentences(store, *"가나다", labels={"danger": "normal"})
    blind(store, ids[0])
    for number in ids:
        answer(store, number, "ann", "danger")
    answer(store, ids[0], "bob", "normal", at=LATER)
    answer(store, ids[1], "ann", "normal", at=LATER)
    answer(store, ids[2], "bob", "danger")
    store.review.undo("bob", LATER)  # the latest by time: his answer to the first
    votes = [Vote("danger", ids[2], "위험", f"w{n}", AT, 100 + n) for n in range(3)]
    assert store.review.add_votes(votes) == 3
    blocks = list(store.review.standing_answers("danger", block=3))
    assert [[(o.target_id, o.curator, o.code) for o in block] for block in blocks] == [
        [(ids[0], "ann", "danger")],
        [(ids[1], "ann", "normal")],
        [(ids[2], who, "danger") for who in ("ann", "bob", "w0", "w1", "w2")],
    ]
    assert blocks[-1][-1] == StandingAnswer(ids[2], "w2", "danger", AT, 102, "vote")
    assert list(store.review.standing_answers("danger", kinds=("settlement",))) == []
    assert list(store.review.standing_answers("urgency")) == []


def test_votes_are_no_labels_and_come_once(store: Store) -> None:
    (a,) = sentences(store, "가")
    votes = [Vote("danger", a, code, who, AT) for who, code in (("w1", "danger"), ("w2", "normal"), ("w1", "normal"))]
    assert store.review.add_votes(votes) == 2
    assert store.review.add_votes(votes) == 0
    assert (grade(store, a), answers_of(store, a)) == (None, {"w1": "danger", "w2": "normal"})
    with pytest.raises(UnknownName, match="unknown danger class 'meh'"):
        store.review.add_votes([Vote("danger", a, "danger", "w3", AT), Vote("danger", a, "meh", "w4", AT)])
    assert len(answers_of(store, a)) == 2
    answer(store, a, "ann", "danger")
    assert grade(store, a) == ("danger", "gold"), "votes dispute nothing"


def test_a_tally_counts_what_was_decided_by_hand_and_stands(store: Store) -> None:
    ids = [*sentences(store, *"가나다라"), *call(store, "c1", "네")]
    decide = store.review.decide
    decide(ids[0], 0, "ann", AT, labels={"danger": "danger"}, spent_ms=1000)
    decide(ids[1], 0, "ann", AT, skip=True, act="skip", why="소음", spent_ms=500)
    decide(ids[4], 0, "ann", LATER, labels={"danger": "danger", "urgency": "low"}, spent_ms=4000)
    decide(ids[2], 0, "bob", AT, text="고침", spent_ms=700)
    decide(ids[3], 0, "bob", AT, labels={"danger": "normal"}, spent_ms=9000)
    store.review.undo("bob", AT)
    store.bulk.label(ids[:4], "danger", "normal", "bob", AT)
    assert store.review.tally() == [
        Tally("ann", "", "2024-05-01", 2, 1500), Tally("ann", "", "2024-05-02", 1, 4000),
        Tally("ann", "danger", "2024-05-01", 1, 1000), Tally("ann", "danger", "2024-05-02", 1, 4000),
        Tally("ann", "urgency", "2024-05-02", 1, 4000), Tally("bob", "", "2024-05-01", 1, 700),
    ]  # fmt: skip
    assert store.review.tally(since=LATER) == [t for t in store.review.tally() if t.day == "2024-05-02"]
    assert store.review.tally(until=AT) == []
    far_east = store.review.tally(zone=timezone(timedelta(hours=20)))
    assert {t.day for t in far_east} == {"2024-05-01", "2024-05-03"}, "the days of the reader, not of UTC"
    assert sum(t.decisions for t in far_east) == sum(t.decisions for t in store.review.tally())
    assert (store.review.pace("ann", AT), store.review.pace("ann", LATER)) == ((3, 5500), (1, 4000))


# -- times, restore, stale


def test_times_can_be_nudged_inside_of_the_recording(store: Store) -> None:
    _, two = call(store, "c1", "네", "불이요", path="audio/a.wav")
    made = store.review.decide(two, 0, "ann", AT, start_ms=900, end_ms=1950)
    now = store.corpus.utterance(two)
    assert (now.start_ms, now.end_ms, now.voice_usable, now.version) == (900, 1950, True, 1)
    assert (made.before, made.after) == ({"start_ms": 1000, "end_ms": 1900}, {"start_ms": 900, "end_ms": 1950})
    short = store.review.decide(two, 1, "ann", AT, start_ms=1800)
    assert short.after == {"start_ms": 1800, "voice_usable": False}
    store.review.undo("ann", AT)
    assert store.corpus.utterance(two).voice_usable
    for start, end in ((-1, 500), (500, 500), (600, 500), (0, 2001)):
        with pytest.raises(InputError, match=f"utterance 2: {start}-{end} ms is no span of its recording of 2000 ms"):
            store.review.decide(two, 3, "ann", AT, start_ms=start, end_ms=end)
    (sentence,) = sentences(store, "가")
    with pytest.raises(InputError, match="has no times that could be changed"):
        store.review.decide(sentence, 0, "ann", AT, start_ms=0)


def test_any_version_can_be_put_back(store: Store) -> None:
    number, _ = call(store, "c1", "불이 낫어요", "네", labels={"urgency": "low"})
    review = store.review
    review.decide(number, 0, "ann", AT, text="불이 났어요", labels={"danger": "danger"})
    review.decide(number, 1, "bob", AT, labels={"danger": "normal", "urgency": "high"}, end_ms=800)
    review.decide(number, 2, "bob", AT, skip=True)
    made = review.restore(number, 1, 3, "ann", LATER)
    now = store.corpus.utterance(number)
    assert (now.text, now.end_ms, now.skipped, dict(now.labels)) == (
        "불이 났어요", 900, False, {"danger": "danger", "urgency": "low"},
    )  # fmt: skip
    assert (made.version, made.act, made.restores, made.why, made.undoes) == (4, "restore", 1, "", None)
    assert answers_of(store, number) == {"ann": "danger", "bob": "normal"}
    review.restore(number, 0, 4, "eve", LATER)
    now = store.corpus.utterance(number)
    assert (now.text, dict(now.labels)) == ("불이 낫어요", {"urgency": "low"})
    review.undo("eve", LATER)
    assert store.corpus.utterance(number).text == "불이 났어요"
    with pytest.raises(Stale, match="you saw version 4, it is 6"):
        review.restore(number, 0, 4, "ann", LATER)
    with pytest.raises(NotFound, match="utterance 1 has no version 7; its latest is 6"):
        review.restore(number, 7, 6, "ann", LATER)


def test_a_stale_decision_shows_both_versions(store: Store) -> None:
    (a,) = sentences(store, "가")
    store.review.decide(a, 0, "ann", AT, text="나", labels={"danger": "danger"})
    with pytest.raises(Stale) as caught:
        store.review.decide(a, 0, "bob", LATER, text="다", labels={"danger": "normal"})
    assert caught.value.mine == {"version": 0, "text": "다", "skipped": False, "labels": {"danger": "normal"}}
    assert caught.value.theirs == {
        "version": 1, "text": "나", "skipped": False, "start_ms": None, "end_ms": None, "labels": {"danger": "danger"},
        "curator": "ann", "at": AT,
    }  # fmt: skip


# -- any sequence

DECISIONS = st.lists(
    st.fixed_dictionaries(
        {
            "which": st.integers(0, 3),
            "curator": st.sampled_from(["ann", "bob", "eve"]),
            "text": st.none() | st.text(alphabet="불났어요 a", max_size=4),
            "danger": st.none() | st.sampled_from(["danger", "normal"]),
            "urgency": st.none() | st.sampled_from(["low", "high"]),
            "end_ms": st.none() | st.integers(100, 1000),
            "skip": st.booleans(),
            "do": st.sampled_from(["decide", "decide", "decide", "settle", "restore"]),
        }
    ),
    min_size=1,
    max_size=8,
)


def everything(url: str) -> dict[str, Any]:
    """Return all that a decision may change, without the version, which only grows."""
    held = (utterance.c.id, utterance.c.text, utterance.c.chars, utterance.c.skipped, utterance.c.start_ms)
    held += (utterance.c.end_ms, utterance.c.voice_usable)
    with reading(engine_for(url)) as connection:
        tables = {"utterance": [tuple(row) for row in connection.execute(select(*held))]}
        for table in (label, overlap):
            rows = connection.execute(select(table).order_by(*table.primary_key.columns))
            tables[table.name] = [tuple(row) for row in rows]
        return tables


def act(store: Store, number: int, decision: dict[str, Any]) -> None:
    now = store.corpus.utterance(number)
    labels = {name: decision[name] for name in ("danger", "urgency") if decision[name]}
    if now.recording_id is None:
        labels.pop("urgency", None)
    if decision["do"] == "restore":
        store.review.restore(number, now.version // 2, now.version, decision["curator"], AT)
    else:
        store.review.decide(
            number, now.version, decision["curator"], AT, text=decision["text"], labels=labels, skip=decision["skip"],
            end_ms=None if now.start_ms is None or decision["end_ms"] is None else now.start_ms + decision["end_ms"],
            act="settle" if decision["do"] == "settle" else "review",
        )  # fmt: skip


@pytest.mark.slow
@given(decisions=DECISIONS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_undoing_any_sequence_restores_the_exact_state(
    tmp_path_factory: pytest.TempPathFactory, decisions: list[dict[str, Any]]
) -> None:
    url = fresh(tmp_path_factory.mktemp("undo"))
    store = open_store(url)
    ids = [
        *sentences(store, "불이 났어요", "괜찮아요"),
        *call(store, "c1", "네", "불이요", labels={"urgency": "low"}, path="audio/a.wav"),
    ]
    blind(store, ids[0], copies=3)
    blind(store, ids[2], "danger", "urgency")
    states = [everything(url)]
    for decision in decisions:
        act(store, ids[decision["which"]], decision)
        states.append(everything(url))
    for decision in reversed(decisions):
        assert states.pop() == everything(url)
        assert store.review.undo(decision["curator"], AT, hand_made=True) is not None
    assert states == [everything(url)]
    assert store.review.tally() == []
