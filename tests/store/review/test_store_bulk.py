"""core.store.review.bulk: the same rows as single decisions, exact undo as one action, tags, later decisions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from store_data import AT, call, fresh, sentences, state, texts

from core.errors import Conflict, NotFound, UnknownName
from core.filters import Filter
from core.records import NewUtterance
from core.schemes import SCHEMES
from core.store import QueueRequest, Store, open_store
from core.store.corpus.corpus import Corpus
from core.store.engine import engine_for, migrate, reading, revision_of, writing
from core.store.index import chunks
from core.store.review import decisions, labels
from core.store.rows import one_utterance
from core.store.schema import annotation, label, revision, utterance

LATER = "2024-05-02T00:00:00.000000+00:00"


def rows(store_url: str) -> dict[str, list[Any]]:
    """Return all rows that a decision writes, without the kind of act."""
    with reading(engine_for(store_url)) as connection:
        tables = {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in (utterance, label, annotation)
        }
        columns = [column for column in revision.c if column.name not in ("act", "bulk_id")]
        tables["revision"] = [tuple(row) for row in connection.execute(select(*columns).order_by(revision.c.id))]
        return tables


def stored_rows(store_url: str) -> list[Any]:
    """Return the rows that no later schema changed."""
    with reading(engine_for(store_url)) as connection:
        old = [column for column in label.columns if column.name != "round_id"]
        queries = (select(utterance), select(*old))
        return [tuple(row) for query in queries for row in connection.execute(query)]


def corpus(store: Store) -> list[int]:
    """Two calls and some sentences: labelled by the delivery, by a machine, by a person, skipped, not at all."""
    ids = call(store, "c1", "네 119입니다", "불이 났어요", "어디세요", labels={"urgency": "low"})
    ids += call(store, "c2", "네 119입니다", "사람이 쓰러졌어요")
    ids += sentences(store, "가", "나", "다", labels={"danger": "normal"})
    ids += sentences(store, "라", "마", "바")
    store.review.decide(ids[-1], 0, "bob", AT, labels={"danger": "danger"})
    store.review.decide(ids[-2], 0, "bob", AT, skip=True)
    return ids


def one_by_one(url: str, ids: list[int], scheme: str, code: str) -> None:
    """Write by single decisions what the bulk label writes."""
    answer = {"code": code, "grade": "gold", "by": "ann"}
    with writing(engine_for(url)) as connection:
        for number in ids:
            now = one_utterance(connection, number)
            if SCHEMES[scheme].level == "recording" and now.recording_id is None:
                continue
            standing = labels.current_label(connection, now, scheme)
            if standing is None or (standing["code"], standing["grade"]) != (code, "gold"):
                decisions.decide(connection, number, now.version, "ann", LATER, labels={scheme: answer}, act="review")


@pytest.mark.parametrize(
    ("scheme", "code", "changed", "already", "unfit"),
    [("danger", "danger", 10, 1, 0), ("danger", "normal", 8, 3, 0), ("urgency", "high", 2, 3, 6),
     ("urgency", "low", 1, 4, 6)],
)  # fmt: skip
def test_a_bulk_label_writes_what_single_decisions_write(
    new_database: Callable[[], str], scheme: str, code: str, changed: int, already: int, unfit: int
) -> None:
    urls = [new_database(), new_database()]
    stores = [open_store(url) for url in urls]
    ids, _same = (corpus(store) for store in stores)
    done = stores[0].bulk.label(Filter(), scheme, code, "ann", LATER)
    one_by_one(urls[1], ids, scheme, code)
    assert rows(urls[0]) == rows(urls[1])
    assert (done.count, done.what["already"], done.what["unfit"]) == (changed, already, unfit)
    history = [r for u in ids for r in stores[0].review.history(u)]
    assert {(r.act, r.bulk_id, r.why) for r in history} == {("review", None, ""), ("bulk", done.id, "")}
    undone = stores[0].bulk.undo(done.id, "ann", LATER)
    for _ in range(changed):
        stores[1].review.undo("ann", LATER)
    assert (undone.what["undone"], undone.what["since"], undone.undone_at) == (changed, 0, LATER)
    assert state(stores[0]) == state(stores[1])


def blind(who: str, scheme: str, n: int = 0) -> QueueRequest:
    """Return the request of `who`, if three curators shall answer everything blind."""
    return QueueRequest(who, (scheme,), Filter(labels={scheme: ("-",)}), n, AT, LATER, overlap=1.0, copies=3)


def test_where_several_answer_blind_a_bulk_label_is_one_answer_among_theirs(store: Store) -> None:
    ids = sentences(store, "가", "나", "다")
    store.leases.take(blind("bob", "danger", 3))
    for who, codes in (("bob", ("danger",) * 3), ("eve", ("normal", "danger"))):
        for number, code in zip(ids, codes, strict=False):
            version = store.corpus.utterance(number).version
            store.review.decide(number, version, who, AT, labels={"danger": code})
    before, waiting = state(store), {who: store.leases.left(blind(who, "danger")) for who in ("ann", "dan")}
    assert waiting == {"ann": 3, "dan": 3}
    done = store.bulk.label(ids, "danger", "normal", "ann", LATER)
    assert done.count == 3
    assert set(store.corpus.grades("utterance", "danger").values()) == {("danger", "disputed")}
    assert store.review.history(ids[2])[-1].after["answers"] == {"danger": "normal"}
    assert [(a.curator, a.code) for a in store.review.standing_answers_of("danger", ids[0])] == [
        ("bob", "danger"), ("eve", "normal"), ("ann", "normal"),
    ]  # fmt: skip
    assert [store.leases.left(blind(who, "danger")) for who in ("ann", "dan")] == [0, 1], "only the last wants one more"
    store.bulk.undo(done.id, "ann", LATER)
    assert state(store) == before
    assert {a.curator for block in store.review.standing_answers("danger") for a in block} == {"bob", "eve"}
    assert {who: store.leases.left(blind(who, "danger")) for who in ("ann", "dan")} == waiting


def test_a_bulk_label_of_a_call_that_several_answer_blind_is_written_once(store: Store) -> None:
    ids = call(store, "c1", "가", "나")
    store.leases.take(blind("bob", "urgency", 1))
    store.review.decide(ids[0], 0, "bob", AT, labels={"urgency": "high"})
    done = store.bulk.label(ids, "urgency", "low", "ann", LATER)
    assert (done.count, done.what["already"]) == (1, 1)
    assert list(store.corpus.grades("recording", "urgency").values()) == [("high", "disputed")]


DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["danger", "urgency", "tag", "untag"]),
        st.sets(st.integers(0, 10), min_size=1),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


@pytest.mark.slow
@given(deeds=DEEDS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_undoing_every_bulk_action_restores_labels_and_tags_exactly(
    tmp_path_factory: pytest.TempPathFactory, deeds: list[tuple[str, set[int], bool]]
) -> None:
    store = open_store(fresh(tmp_path_factory.mktemp("bulk")))
    ids = corpus(store)
    done, states = [], [(state(store), store.bulk.tags_of(ids))]
    for deed, places, first in deeds:
        which = [ids[place] for place in places]
        if deed == "danger":
            done.append(store.bulk.label(which, deed, "danger" if first else "normal", "ann", AT))
        elif deed == "urgency":
            done.append(store.bulk.label(which, deed, "high" if first else "low", "ann", AT))
        else:
            done.append(store.bulk.tag(which, "a" if first else "b", "ann", AT, remove=deed == "untag"))
        states.append((state(store), store.bulk.tags_of(ids)))
    for action, after in zip(reversed(done), reversed(states), strict=False):
        assert (state(store), store.bulk.tags_of(ids)) == after
        assert store.bulk.undo(action.id, "ann", AT).what["undone"] == action.count
    assert (state(store), store.bulk.tags_of(ids)) == states[0]


def test_what_was_decided_on_since_is_left_and_counted(store: Store) -> None:
    ids = sentences(store, *"가나다라")
    done = store.bulk.label(ids, "danger", "danger", "ann", AT)
    store.review.decide(ids[0], 1, "bob", AT, labels={"danger": "normal"})
    store.review.undo("ann", AT)  # the last row of the action, on its own
    undone = store.bulk.undo(done.id, "bob", AT)
    assert (undone.count, undone.what["undone"], undone.what["since"]) == (4, 2, 1)
    assert store.corpus.grades("utterance", "danger") == {ids[0]: ("normal", "gold")}
    with pytest.raises(Conflict, match=f"bulk action {done.id} was undone already"):
        store.bulk.undo(done.id, "bob", AT)


def test_nothing_is_undone_where_all_was_decided_on_since(store: Store) -> None:
    ids = sentences(store, *"가나")
    first = store.bulk.label(ids, "danger", "danger", "ann", AT)
    second = store.bulk.label(ids, "danger", "normal", "bob", AT)
    with pytest.raises(Conflict, match=f"nothing of bulk action {first.id} can be undone: 2 were decided on since"):
        store.bulk.undo(first.id, "ann", AT)
    store.bulk.undo(second.id, "ann", AT)
    assert store.bulk.undo(first.id, "ann", AT).what["undone"] == 2
    assert store.corpus.grades("utterance", "danger") == {}


def test_a_recordings_label_decided_at_another_utterance_is_not_overwritten(store: Store) -> None:
    first, second = call(store, "c1", "네 119입니다", "불이 났어요", labels={"urgency": "low"})
    done = store.bulk.label([first, second], "urgency", "medium", "ann", AT)
    assert (done.count, done.what["already"]) == (1, 1)
    store.review.decide(second, 0, "bob", AT, labels={"urgency": "high"})
    with pytest.raises(Conflict, match="1 were decided on since"):
        store.bulk.undo(done.id, "ann", AT)
    assert store.corpus.utterance(first).labels["urgency"] == "high"


def test_a_tag_changed_by_a_later_action_is_left(store: Store) -> None:
    a, b = sentences(store, "가", "나")
    first = store.bulk.tag([a, b], "x", "ann", AT)
    second = store.bulk.tag([a], "x", "ann", AT, remove=True)
    undone = store.bulk.undo(first.id, "ann", AT)
    assert (undone.what["undone"], undone.what["since"]) == (1, 1)
    assert store.bulk.tags_of([a, b]) == {}
    store.bulk.undo(second.id, "ann", AT)
    assert store.bulk.tags_of([a, b]) == {a: ["x"]}


def test_a_filter_by_tag_goes_with_every_other(store: Store, database_url: str) -> None:
    ids = sentences(store, "불이 났어요", "산불이요", "괜찮아요")
    store.bulk.tag(ids[1:], "다시", "ann", AT)
    store.bulk.tag(ids[2:], "b", "ann", AT)
    for _ in ("stale", "settled"):
        assert texts(store, Filter(tag=("다시",))) == ["산불이요", "괜찮아요"]
        assert texts(store, Filter(tag=("다시", "b"), text="불")) == ["산불이요"]
        assert texts(store, Filter(tag=("c",))) == []
        assert store.bulk.tags() == ["b", "다시"]
        with writing(engine_for(database_url)) as connection:
            chunks.settle(connection, 0, 0)


def test_what_a_filter_finds_follows_a_bulk_label(store: Store, database_url: str) -> None:
    ids = sentences(store, *"가나다")
    with writing(engine_for(database_url)) as connection:
        chunks.settle(connection, 0, 0)
    done = store.bulk.label(Filter(text="나"), "danger", "danger", "ann", AT)
    assert texts(store, Filter(labels={"danger": ("danger",)})) == ["나"]
    assert store.corpus.progress()["danger"]["gold"] == 1
    store.bulk.undo(done.id, "ann", AT)
    assert texts(store, Filter(labels={"danger": ("danger",)})) == []
    assert [a.code for a in store.review.annotations(ids[1])] == ["danger", None]


def test_a_refused_action_leaves_nothing(store: Store) -> None:
    (number,) = sentences(store, "가")
    with pytest.raises(UnknownName, match="unknown danger class 'meh'"):
        store.bulk.label([number], "danger", "meh", "ann", AT)
    with pytest.raises(NotFound, match="no bulk action 7"):
        store.bulk.undo(7, "ann", AT)
    assert store.bulk.latest() is None
    done = store.bulk.label([number, number, 99], "danger", "danger", "ann", AT)
    assert (done.count, done.what["already"], done.what["unfit"], done.what["out"]) == (1, 0, 1, 1)
    assert store.bulk.latest() == done


def test_another_number_of_matches_than_was_asked_about_is_refused(store: Store) -> None:
    ids = sentences(store, "불이야", "불났어", "괜찮아")
    before = state(store)
    for wrong in (0, 1, 3):
        with pytest.raises(Conflict, match=f"2 utterances match now, not {wrong} as when this was asked"):
            store.bulk.label(Filter(text="불"), "danger", "danger", "ann", AT, expected=wrong)
        with pytest.raises(Conflict, match=f"2 utterances match now, not {wrong} as when this was asked"):
            store.bulk.tag(Filter(text="불"), "x", "ann", AT, expected=wrong)
    assert (state(store), store.bulk.tags(), store.bulk.latest()) == (before, [], None)
    assert store.bulk.label(Filter(text="불"), "danger", "danger", "ann", AT, expected=2).count == 2
    assert store.bulk.tag([*ids, 99], "x", "ann", AT, expected=4).count == 3, "ids do not change"


def test_what_an_action_left_as_it_was_is_counted_by_reason(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.store.review.bulk.NAMES", 2)  # a call is cut by blocks
    first, second = call(store, "c1", "가", "나", "다"), call(store, "c2", "라", "마", labels={"urgency": "high"})
    alone = sentences(store, "바")
    done = store.bulk.label([*first, *second, *alone, 999], "urgency", "high", "ann", LATER)
    assert done.count == 1
    assert {key: done.what[key] for key in ("already", "same_call", "unfit", "out")} == {
        "already": 4, "same_call": 2, "unfit": 2, "out": 1
    }  # fmt: skip
    tagged = store.bulk.tag([*first, 999], "t", "ann", LATER)
    assert (tagged.count, tagged.what["unfit"], tagged.what["out"]) == (3, 1, 1)
    empty = store.bulk.label(Filter(text="없다"), "danger", "danger", "ann", AT)
    assert empty.count == 0
    assert store.bulk.undo(empty.id, "ann", AT).what["undone"] == 0


@pytest.mark.slow
def test_more_than_a_block_at_once(store: Store) -> None:
    sentences(store, *(f"문장 {n}" for n in range(6001)))
    done = store.bulk.label(Filter(), "danger", "danger", "ann", AT)
    assert done.count == 6001
    assert store.corpus.progress()["danger"]["danger"] == 6001
    assert store.bulk.undo(done.id, "ann", AT).what["undone"] == 6001
    assert store.corpus.grades("utterance", "danger") == {}
    assert {len(store.review.history(n)) for n in (1, 5001, 6001)} == {2}


def test_views_are_kept_by_name(store: Store) -> None:
    query = {"text": ["화재"], "danger": ["danger", "-"]}
    saved = store.views.save("불", query, "ann", AT)
    assert store.views.list() == [saved]
    assert saved.query == query
    with pytest.raises(Conflict, match="ann saved a view '불' already"):
        store.views.save("불", {}, "bob", AT)
    store.views.delete("불")
    assert store.views.list() == []
    with pytest.raises(NotFound, match="no view '불'"):
        store.views.delete("불")


def test_a_filled_database_of_the_schema_before_goes_on(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    migrate(url, to="0003")
    before = Corpus(engine_for(url))
    source = before.add_source("s", "test", "ours", "0", AT)
    items = [NewUtterance(f"k{n}", f"불 {n}", f"k{n}", labels={"danger": "normal"}) for n in range(3)]
    before.add_sentences(source, items, AT)
    with writing(engine_for(url)) as connection:  # as the program of that schema decided
        answer = '{"labels": {"danger": {"code": "danger", "grade": "gold", "by": "ann"}}}'
        connection.exec_driver_sql(
            "INSERT INTO revision VALUES (1, 1, 1, 'ann', ?, '{}', ?, 'review', NULL)", (AT, answer)
        )
        connection.exec_driver_sql("UPDATE utterance SET version = 1 WHERE id = 1")
        connection.exec_driver_sql("UPDATE label SET code = 'danger', \"by\" = 'ann' WHERE target_id = 1")
    old = stored_rows(url)
    assert revision_of(url) == "0003"
    store = open_store(url)
    assert stored_rows(url) == old
    assert [r.after["labels"]["danger"]["by"] for r in store.review.history(1)] == ["ann"]
    assert (store.bulk.latest(), store.bulk.tags(), store.views.list()) == (None, [], [])
    done = store.bulk.label(Filter(), "danger", "danger", "bob", AT)
    assert (done.count, done.what["already"]) == (2, 1)
    store.bulk.tag([2], "x", "bob", AT)
    assert texts(store, Filter(tag=("x",), labels={"danger": ("danger",)})) == ["불 1"]
