"""core.store.schemes: the workspace's own schemes, several classes of one target, and the migration to both."""

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from store_data import AT, call, sentences, state

from core import schemes
from core.errors import Conflict, InputError, UnknownName
from core.filters import Filter
from core.records import UNLABELLED, NewUtterance
from core.schemes import SCHEMES, Label, Scheme
from core.schemes.files import extend_scheme
from core.store import NewProposal, Store, open_store
from core.store.engine import engine_for, migrate, writing
from core.store.index import chunks

A, B, C = (Label(code, code.upper(), code.upper(), code, "#000000") for code in "abc")
TOPIC = Scheme("topic", "주제", "Topic", "utterance", (A, B, C), kind="multi")
TONE = Scheme("tone", "말투", "Tone", "recording", (A, B), kind="multi")


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    schemes.publish(None, [])


def put(store: Store, scheme: Scheme) -> Scheme:
    return store.schemes.put(scheme.name, lambda old: scheme, "ann", AT)


def codes(store: Store, utterance_id: int) -> dict[str, str]:
    return dict(store.corpus.utterance(utterance_id).labels)


# --- the door --------------------------------------------------------------------------------------------------------


def test_a_scheme_is_stored_known_and_counted(store: Store) -> None:
    put(store, TOPIC)
    assert SCHEMES["topic"] == TOPIC
    put(store, TOPIC)
    (stored,) = store.schemes.list()
    assert (stored.scheme, stored.created_by, stored.created_at, stored.version) == (TOPIC, "ann", AT, 1)
    bigger = replace(TOPIC, ko="새 제목", labels=(*TOPIC.labels, Label("d", "D", "D", "d", "#ffffff")))
    store.schemes.put("topic", lambda old: bigger, "bob", "later")
    (stored,) = store.schemes.list()
    assert (stored.scheme, stored.created_by, stored.version) == (bigger, "ann", 2)
    assert SCHEMES["topic"].ko == "새 제목"


def test_a_class_never_moves_or_goes(store: Store) -> None:
    put(store, TOPIC)
    for wrong in ((B, A, C), (A, B), (A, replace(B, code="x"), C)):
        with pytest.raises(InputError, match="a class keeps its place"):
            put(store, replace(TOPIC, labels=wrong))
    assert store.schemes.list()[0].version == 1
    with pytest.raises(Conflict, match="scheme 'danger' comes with Gwidama"):
        put(store, replace(TOPIC, name="danger"))


def test_another_store_sees_what_was_added(store: Store, tmp_path: Path) -> None:
    put(store, TOPIC)
    schemes.publish(None, [])
    other = open_store(f"sqlite:///{tmp_path / 'other.db'}")
    other.schemes.sync()
    assert "topic" not in SCHEMES
    store.schemes.sync()
    assert SCHEMES["topic"] == TOPIC
    known = SCHEMES["topic"]
    store.schemes.sync()
    assert SCHEMES["topic"] is known, "nothing changed, nothing was read again"


def test_a_rejected_scheme_takes_its_imported_labels_along_and_frees_its_name(store: Store) -> None:
    put(store, extend_scheme(replace(TOPIC, labels=(), state="proposed"), ["가", "나"]))
    (first, second) = sentences(store, "하나", "둘", labels={"topic": "가|나"})
    assert store.schemes.reject("topic", "bob", AT) == 2
    assert (codes(store, first), "topic" in SCHEMES, store.schemes.list()) == ({}, False, [])
    assert [(a.code, a.curator) for a in store.review.annotations(second)] == [("가|나", "import"), (None, "bob")]
    with pytest.raises(UnknownName, match="unknown scheme of this workspace 'topic'; known: none"):
        store.schemes.reject("topic", "bob", AT)
    put(store, replace(TOPIC, labels=(C, A)))
    assert SCHEMES["topic"].codes == ("c", "a")
    assert store.schemes.list()[0].version == 3


def test_a_scheme_under_which_somebody_decided_is_not_dropped(store: Store) -> None:
    put(store, replace(TOPIC, state="proposed"))
    (number,) = sentences(store, "하나")
    store.review.decide(number, 0, "bob", AT, labels={"topic": "a"})
    with pytest.raises(Conflict, match="bob has labelled under 'topic'; undo that first, or confirm the scheme"):
        store.schemes.reject("topic", "ann", AT)
    store.review.undo("bob", AT)
    assert store.schemes.reject("topic", "ann", AT) == 0
    put(store, TOPIC)
    with pytest.raises(Conflict, match="scheme 'topic' is settled; only a proposed one"):
        store.schemes.reject("topic", "ann", AT)


@pytest.mark.sqlite
def test_untouched_files_are_not_asked_and_a_write_of_another_is_seen(store: Store, tmp_path: Path) -> None:
    put(store, TOPIC)
    path = tmp_path / "store.db"
    os.utime(path, ns=(0, 0))  # written to long ago
    store.schemes.sync()
    asked: list[object] = []
    engine = engine_for(f"sqlite:///{path}")
    listener = asked.append
    event.listen(engine, "begin", listener)
    store.schemes.sync()
    assert asked == []
    put(open_store(f"sqlite:///{path}"), TONE)
    schemes.publish(("another", 1), [])
    store.schemes.sync()
    assert {"topic", "tone"} <= SCHEMES.keys()
    event.remove(engine, "begin", listener)


# --- several classes of one target -----------------------------------------------------------------------------------


@pytest.mark.parametrize("indexed", [False, True])
def test_several_classes_are_stored_found_and_counted(store: Store, database_url: str, indexed: bool) -> None:
    put(store, TOPIC)
    first, second, three = sentences(store, "하나", "둘", "셋")
    store.review.decide(first, 0, "ann", AT, labels={"topic": "c|a"})
    store.review.decide(second, 0, "ann", AT, labels={"topic": "b"})
    assert [codes(store, i) for i in (first, second, three)] == [{"topic": "a|c"}, {"topic": "b"}, {}]
    assert [a.code for a in store.review.annotations(first)] == ["a|c"]
    assert store.corpus.grades("utterance", "topic") == {first: ("a|c", "gold"), second: ("b", "gold")}

    if indexed:
        with writing(engine_for(database_url)) as connection:
            chunks.build(connection, 0)

    def matching(*wanted: str) -> list[int]:
        return [u.id for u in store.corpus.find(Filter(labels={"topic": wanted})).rows]

    assert [matching("a"), matching("c"), matching("a", "b"), matching(UNLABELLED)] == [
        [first],
        [first],
        [first, second],
        [three],
    ]
    assert store.corpus.progress()["topic"] == {"targets": 3, "labelled": 2, "gold": 2, "a": 1, "b": 1, "c": 1}


def test_delivered_and_augmented_labels_may_be_several(store: Store) -> None:
    put(store, TOPIC)
    put(store, TONE)
    (number,) = sentences(store, "집에 불이 났어요", labels={"topic": "a|b"})
    spoken = call(store, "c1", "네", "불이요", labels={"tone": "a|b"})
    assert codes(store, spoken[1]) == {"tone": "a|b"}
    assert store.corpus.recording_labels(1) == {"tone": "a|b"}
    store.proposals.add([NewProposal("augmentation", number, "x", {"text": "불이 났어요"}, "x")], AT)
    store.proposals.decide(1, True, "ann", AT)
    (made,) = store.corpus.find(Filter(origin=("augmented",))).rows
    assert made.labels == {"topic": "a|b"}
    assert store.corpus.grades("utterance", "topic")[made.id] == ("a|b", "silver")


SEVERAL = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["ann", "bob"]),
        st.none() | st.sets(st.sampled_from("abc"), min_size=1).map("|".join),
        st.none() | st.sets(st.sampled_from("ab"), min_size=1).map("|".join),
        st.none() | st.sampled_from(["danger", "normal"]),
    ),
    min_size=1,
    max_size=8,
)


@pytest.mark.slow
@given(decisions=SEVERAL)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_undoing_several_classes_restores_the_exact_state(
    tmp_path_factory: pytest.TempPathFactory, decisions: list[tuple[Any, ...]]
) -> None:
    folder = tmp_path_factory.mktemp("several")
    store = open_store(f"sqlite:///{folder / 'store.db'}")
    put(store, TOPIC)
    put(store, TONE)
    ids = [
        *sentences(store, "불이 났어요", labels={"topic": "a|c"}),
        *call(store, "c1", "네", "불이요", labels={"tone": "b"}),
    ]

    def whole() -> object:
        raw = sqlite3.connect(folder / "store.db")
        rows = raw.execute(
            'SELECT level, target_id, scheme, code, grade, "by" FROM label ORDER BY 1, 2, 3, 4'
        ).fetchall()
        raw.close()
        return state(store), rows

    states, by = [whole()], []
    for which, curator, topic, tone, danger in decisions:
        now = store.corpus.utterance(ids[which])
        labels = {"topic": topic, "danger": danger, "tone": tone if now.recording_id else None}
        given_labels = {name: code for name, code in labels.items() if code}
        made = store.review.decide(now.id, now.version, curator, AT, labels=given_labels)
        for name, code in given_labels.items():
            assert made.after["labels"][name]["code"] == SCHEMES[name].parse(code)
            assert codes(store, now.id)[name] == SCHEMES[name].parse(code)
        states.append(whole())
        by.append(curator)
    while by:
        states.pop()
        assert store.review.undo(by.pop(), AT) is not None
        assert whole() == states[-1]


# --- the migration ---------------------------------------------------------------------------------------------------

FILLED = """
INSERT INTO source VALUES (1, 's', 'sentences', 'ours', '0', 't');
INSERT INTO recording VALUES (1, 'c1', 1, NULL, NULL, 2000, 8000, '{}');
INSERT INTO utterance(id, key, source_id, recording_id, text, original, chars, version, "group", voice_usable, origin,
  skipped, active, meta) VALUES
  (1, 'c1:0', 1, 1, '불이 났어요', '불이 낫어요', 6, 1, 'c1', 0, 'imported', 0, 1, '{}'),
  (2, 's:0', 1, NULL, '괜찮아요', '괜찮아요', 4, 0, 's:0', 0, 'imported', 1, 1, '{}');
INSERT INTO revision VALUES (1, 1, 1, 'ann', 't', '{"text": "불이 낫어요"}', '{"text": "불이 났어요"}', 'review', NULL);
INSERT INTO annotation VALUES (1, 'recording', 1, 'urgency', 'high', 'import', 't', NULL, NULL),
  (2, 'utterance', 1, 'danger', 'danger', 'ann', 't', 900, 1),
  (3, 'utterance', 2, 'danger', NULL, 'bob', 't', NULL, NULL);
INSERT INTO label VALUES ('recording', 1, 'urgency', 'high', 'gold', 'import'),
  ('utterance', 1, 'danger', 'danger', 'gold', 'ann'), ('utterance', 2, 'danger', 'normal', 'silver', 'bob');
"""
KEPT = ("source", "recording", "utterance", "label", "annotation", "revision")


def test_a_filled_database_of_the_first_schema_keeps_every_row(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    migrate(f"sqlite:///{path}", "0001")
    raw = sqlite3.connect(path)
    raw.executescript(FILLED)

    def rows(columns: dict[str, str]) -> dict[str, list[tuple[Any, ...]]]:
        return {name: raw.execute(f"SELECT {columns[name]} FROM {name} ORDER BY 1, 2").fetchall() for name in KEPT}

    columns = {
        # `why` held what the column `act` says now: tests/store/migrations/test_store_migration_acts.py
        name: ", ".join(f'"{c[1]}"' for c in raw.execute(f"PRAGMA table_info({name})") if c[1] != "why")
        for name in KEPT
    }
    before = rows(columns)
    store = open_store(f"sqlite:///{path}")
    assert rows(columns) == before
    for table in ("revision", "annotation"):
        with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
            raw.execute(f"DELETE FROM {table}")
    raw.rollback()
    key = [row[1] for row in sorted(raw.execute("PRAGMA table_info(label)"), key=lambda row: row[5]) if row[5]]
    assert key == ["level", "target_id", "scheme", "code"]
    assert "ix_label_scheme_code" in {row[1] for row in raw.execute("PRAGMA index_list(label)")}
    raw.close()
    assert codes(store, 1) == {"urgency": "high", "danger": "danger"}
    put(store, TOPIC)
    store.corpus.add_sentences(1, [NewUtterance("k", "새 글", "k", labels={"topic": "a|b"})], AT)
    store.review.decide(1, 1, "bob", AT, labels={"topic": "b|c", "danger": "normal"})
    assert store.review.undo("bob", AT) is not None
    assert codes(store, 1) == {"urgency": "high", "danger": "danger"}
