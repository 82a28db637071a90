"""core.store.corpus.marks: decisions, remarks and predictions as conditions; the sets in memory equal plain SQL."""

import random
from dataclasses import replace

import pytest
from sqlalchemy import insert, select
from store_data import AT, call, sentences

from core.filters import Filter
from core.records import Prediction, RunInfo, SnapshotInfo
from core.schemes import Label, Scheme, publish
from core.store import Store, open_store
from core.store.corpus import find
from core.store.engine import engine_for, reading, writing
from core.store.index import chunks, grown
from core.store.schema import label, utterance

DAY = "2026-11-{:02}T09:00:00.000000+00:00"


@pytest.fixture
def url(database_url: str) -> str:
    return database_url


@pytest.fixture
def store(url: str) -> Store:
    opened = open_store(url)
    sentences(opened, *(f"문장 {n}" for n in range(6)))
    call(opened, "c1", "불이 났어요", "네")
    with writing(engine_for(url)) as connection:
        chunks.settle(connection, 0, 0)
    return opened


def ids(store: Store, **wanted: object) -> list[int]:
    return [u.id for u in store.corpus.find(Filter(**wanted)).rows]  # type: ignore[arg-type]


def by_sql(url: str, wanted: Filter) -> list[int]:
    with reading(engine_for(url)) as connection:
        return list(connection.scalars(select(utterance.c.id).where(*find.where(wanted)).order_by(utterance.c.id)))


def decide(store: Store, number: int, curator: str, day: int, code: str = "danger") -> None:
    version = store.corpus.utterance(number).version
    store.review.decide(number, version, curator, DAY.format(day), labels={"danger": code})


def predict(store: Store, run_id: str, codes: dict[int, str], target: str = "danger") -> None:
    if not store.ledger.runs():
        store.ledger.add_snapshot(SnapshotInfo("s", "danger", "0", AT, {}))
    if run_id not in {run.id for run in store.ledger.runs()}:
        store.ledger.put_run(RunInfo(run_id, "ngram", "", "danger", "text", "s", "done", AT, {}))
    store.ledger.put_pool(run_id, target, list(codes), [(code, 0.9, 0.5) for code in codes.values()])


def test_who_decided_and_when_an_undone_decision_counts_no_more(store: Store) -> None:
    decide(store, 1, "kim", 1)
    decide(store, 2, "lee", 2)
    decide(store, 2, "kim", 3)
    assert ids(store, curator=("kim",)) == [1, 2]
    assert ids(store, curator=("lee", "nobody")) == [2]
    assert ids(store, since="2026-11-02") == [2]
    assert ids(store, until="2026-11-01") == [1]  # the day is included
    assert ids(store, since="2026-11-01T18:00+09:00", until="2026-11-01T18:01+09:00") == [1]
    assert ids(store, curator=("kim",), since="2026-11-02", until="2026-11-02") == []
    store.review.undo("kim", DAY.format(4))
    assert ids(store, curator=("kim",)) == [1]
    assert ids(store, since="2026-11-03") == []


def test_the_last_flag_or_unflag_decides_and_a_comment_is_open_until_somebody_decides(store: Store) -> None:
    for number, kind in ((1, "flag"), (2, "flag"), (2, "unflag"), (3, "comment"), (4, "comment")):
        store.remarks.add(number, "kim", DAY.format(5), kind, "듣기 어렵다")  # type: ignore[arg-type]
    assert ids(store, flagged=True) == [1]
    assert ids(store, flagged=False, comment="any") == [3, 4]
    decide(store, 3, "lee", 6)
    assert ids(store, comment="open") == [4]
    assert ids(store, comment="none", flagged=True) == [1]
    store.review.decide(5, 0, "lee", DAY.format(7), labels={"danger": "normal"}, comment="다시 들어 보세요")
    assert ids(store, comment="open") == [4, 5]  # written with the decision, so that somebody looks at it
    store.review.undo("lee", DAY.format(8))
    assert ids(store, comment="open") == [4, 5]


def test_a_prediction_is_wrong_or_right_by_the_label_of_a_person_as_it_is_now(store: Store) -> None:
    decide(store, 1, "kim", 1, "danger")
    decide(store, 2, "kim", 1, "danger")
    predict(store, "r1", {1: "danger", 2: "normal", 3: "danger"})
    assert ids(store, run="r1") == [1, 2, 3]
    assert ids(store, run="r1", predicted=("danger",)) == [1, 3]
    assert ids(store, run="r1", wrong=True) == [2]
    assert ids(store, run="r1", wrong=False) == [1]
    assert ids(store, run="r1", target="urgency") == ids(store, run="gone") == []
    decide(store, 2, "kim", 2, "normal")
    assert ids(store, run="r1", wrong=True) == []
    predict(store, "r1", {2: "danger"})  # written again: nobody answers by what was read before
    assert ids(store, run="r1", predicted=("danger",)) == [1, 2, 3]
    assert ids(store, run="r1", wrong=True) == [2]
    evaluated = Prediction("r1", "danger", 4, "evaluation", "normal", 0.9, 0.5, "test", "danger")
    store.ledger.put_predictions([evaluated, replace(evaluated, utterance_id=1)])
    assert ids(store, run="r1", predicted=("normal",)) == [4]  # a prediction on the pool is later than 1's evaluation


def test_a_call_and_single_utterances_are_found_by_their_numbers(store: Store) -> None:
    assert ids(store, recording_id=1) == [7, 8]
    assert ids(store, ids=(8, 2, 99)) == [2, 8]
    assert ids(store, ids=(8, 2), recording_id=1) == [8]


CODES = ("a", "b", "ab", "c")
TOPIC = Scheme(
    "topic", "주제", "Topic", "utterance", tuple(Label(c, c, c, "", "#000000") for c in CODES), kind="multi"
)  # fmt: skip


def asked(codes: set[str], predicted: tuple[str, ...]) -> bool:
    """Whether `codes` have all classes of one of `predicted`; no class is had by none only."""
    wanted = [set(code.split("|")) - {""} for code in predicted]
    return not wanted or any(some <= codes if some else not codes for some in wanted)


@pytest.mark.parametrize("settled", [True, False])
def test_of_several_classes_a_prediction_is_found_and_judged_as_a_set(store: Store, url: str, settled: bool) -> None:
    try:
        store.schemes.put("topic", lambda old: TOPIC, "ann", AT)
        draw = random.Random(5)
        run, person = dict[int, set[str]](), dict[int, set[str]]()
        for number in sentences(store, *(f"말 {n}" for n in range(150))):
            run[number], own = (set(draw.sample(CODES, draw.randint(0, 3))) for _ in range(2))
            own = run[number] if draw.random() < 0.3 else own
            who = draw.choice(("person", "machine", "nobody"))
            if own and who == "person":
                person[number] = own
                store.review.decide(number, 0, "kim", AT, labels={"topic": TOPIC.join(own)})
            elif who == "machine":
                rows = [{"level": "utterance", "target_id": number, "scheme": "topic", "code": code, "grade": "silver",
                         "by": "r0"} for code in own]  # fmt: skip
                with writing(engine_for(url)) as connection:
                    connection.execute(insert(label), rows) if rows else None
        predict(store, "r1", {number: TOPIC.join(codes) for number, codes in run.items()}, "topic")
        if settled:
            with writing(engine_for(url)) as connection:
                chunks.settle(connection, 0, 0)
        sizes = []
        for predicted in ((), ("a",), ("b", "c"), ("a|ab",), ("a|c",), ("c|a",), ("",), ("", "b|c"), ("a|b|c",)):
            for wrong in (None, True, False):
                wanted = Filter(run="r1", target="topic", predicted=predicted, wrong=wrong)
                is_wrong = {number: codes != run[number] for number, codes in person.items()}
                judged = run if wrong is None else [n for n, so in is_wrong.items() if so == wrong]
                expected = [number for number in sorted(judged) if asked(run[number], predicted)]
                sizes.append(len(expected))
                assert by_sql(url, wanted) == expected, wanted
                assert [u.id for u in store.corpus.find(wanted, limit=500).rows] == expected, wanted
        assert sum(size > 0 for size in sizes) > 20
    finally:
        publish(None, [])


def test_sets_in_memory_equal_sql_after_every_change(store: Store, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grown, "MANY", 3)
    draw = random.Random(7)
    wanted = [
        Filter(curator=("kim",)), Filter(since="2026-11-10", until="2026-11-20"), Filter(flagged=True),
        Filter(flagged=False), Filter(comment="any"), Filter(comment="open"), Filter(comment="none"),
        Filter(run="r1", predicted=("danger",)), Filter(run="r1", wrong=True), Filter(run="r1", wrong=False),
        Filter(curator=("lee",), flagged=True), Filter(ids=(1, 2, 3), comment="any"),
    ]  # fmt: skip
    for step in range(40):
        number, day = draw.randint(1, 8), 1 + step // 2
        match draw.randrange(5):
            case 0:
                decide(store, number, draw.choice(("kim", "lee")), day, draw.choice(("danger", "normal")))
            case 1:
                store.review.undo(draw.choice(("kim", "lee")), DAY.format(day))
            case 2:
                kind = draw.choice(("flag", "unflag", "comment"))
                store.remarks.add(number, "kim", DAY.format(day), kind, "말")  # type: ignore[arg-type]
            case 3:
                predict(store, "r1", {number: draw.choice(("danger", "normal"))})
            case 4 if step % 8 == 0:
                with writing(engine_for(url)) as connection:
                    chunks.settle(connection, 0, 0)
        if step % 3 == 0:
            for condition in wanted:
                found = [u.id for u in store.corpus.find(condition).rows]
                assert found == by_sql(url, condition), (step, condition)
