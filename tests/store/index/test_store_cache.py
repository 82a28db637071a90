"""core.store.index.cache: its size is limited, and it is never older than the database, whichever process wrote."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from store_data import AT, call, sentences, texts

from core.filters import Filter
from core.settings import ROOT
from core.store import Store, open_store
from core.store.engine import engine_for, reading, writing
from core.store.index import chunks
from core.store.index.cache import IndexReader, SetCache
from core.store.portable import run

pytestmark = pytest.mark.integration

ASKED = (
    Filter(), Filter(labels={"danger": ("danger",)}), Filter(text="화재"), Filter(text="ㅎㅈ"), Filter(text="불"),
    Filter(min_chars=4), Filter(skipped=False), Filter(speaker=("caller",)), Filter(labels={"urgency": ("high",)}),
)  # fmt: skip
IN_ANOTHER_PROCESS = """
import sys
from core.store import open_store
from test_store_cache import answers, change
change(sys.argv[1], sys.argv[2] == "settled")
print(ascii(answers(open_store(sys.argv[1]))))
"""


@pytest.fixture
def url(database_url: str) -> str:
    return database_url


@pytest.fixture
def store(url: str) -> Store:
    store = open_store(url)
    sentences(store, "화재가 났어요", "괜찮아요", "네")
    call(store, "c1", "하지만 불이", "휴지", labels={"urgency": "low"}, path="a.wav")
    settle(url)
    return store


def settle(url: str) -> None:
    with writing(engine_for(url)) as connection:
        chunks.settle(connection, 0, 0)


def change(url: str, settled: bool) -> None:
    store = open_store(url)
    store.review.decide(1, 0, "ben", AT, text="불이야", labels={"danger": "danger"})
    store.review.decide(2, 0, "ben", AT, text="화재 신고", skip=True)
    store.review.decide(4, 0, "ben", AT, labels={"urgency": "high"})
    sentences(store, "휴지는 하나", "화재")
    if settled:
        settle(url)


def answers(store: Store) -> list[object]:
    """Return the results of every query that reads the cache: sets, texts, numbers, sort orders, counts."""
    results: list[object] = [texts(store, one) for one in ASKED]
    for sort in ("text", "-length", "speaker"):
        results.append([u.text for u in store.corpus.find(Filter(), sort=sort).rows])
    return [*results, store.corpus.counts(), store.corpus.progress(), store.corpus.facets()]


@pytest.mark.parametrize("settled", [True, False])
def test_what_another_process_wrote_is_in_the_next_answer(store: Store, url: str, settled: bool) -> None:
    before = answers(store)
    assert before[3] == ["화재가 났어요", "하지만 불이", "휴지"]
    assert answers(store) == before
    written = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS, url, "settled" if settled else "stale"],
        capture_output=True, check=True, encoding="ascii", cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests" / "support", Path(__file__).parent))),
        },
    )  # fmt: skip
    now = answers(store)
    assert ascii(now) == written.stdout.strip(), "a process that had nothing in memory says the same"
    assert now[1:6] == [
        ["불이야"], ["화재 신고", "화재"], ["화재 신고", "하지만 불이", "휴지", "휴지는 하나", "화재"],
        ["불이야", "하지만 불이"],
        ["화재 신고", "하지만 불이", "휴지는 하나"],
    ]  # fmt: skip
    assert now[8] == ["하지만 불이", "휴지"]


def test_what_was_read_while_a_write_failed_is_forgotten(store: Store, url: str) -> None:
    before = answers(store)

    def fail() -> None:
        with writing(engine_for(url)) as connection:
            connection.exec_driver_sql("UPDATE utterance SET text = '화재', chars = 2")
            chunks.settle(connection, 0, 0)
            assert int(np.bitwise_count(IndexReader(connection).facet("chars/1")).sum()) == 5
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert answers(store) == before


@pytest.mark.sqlite
def test_a_database_put_in_place_of_another_is_read_anew(store: Store, url: str, tmp_path: Path) -> None:
    before = answers(store)
    other = tmp_path / "other.db"
    sentences(open_store(f"sqlite:///{other}"), "화재 현장", "바다", "산", "강", "들")
    settle(f"sqlite:///{other}")
    for name in ("store.db-wal", "store.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    other.replace(tmp_path / "store.db")
    assert answers(store) != before
    assert texts(store, Filter(text="ㅎㅈ")) == ["화재 현장"]


def test_an_index_of_an_earlier_program_is_built_again_on_opening(store: Store, url: str) -> None:
    before = answers(store)
    with writing(engine_for(url)) as connection:
        run(connection, "DELETE FROM facet WHERE name = 'built' OR name LIKE 'text/%' OR chunk = -1")
        run(connection, "DELETE FROM posting WHERE id > ?", (0x110000,))
    with reading(engine_for(url)) as connection:
        assert chunks.outdated(connection) == [0]
        assert texts(store, Filter(text="화재")) == ["화재가 났어요"], "read each time: nothing tells its state"
    assert answers(open_store(url)) == before
    with reading(engine_for(url)) as connection:
        assert chunks.outdated(connection) == []


def test_a_chunk_without_a_stamp_is_not_cached(store: Store, url: str) -> None:
    cache = SetCache(1 << 20)
    with writing(engine_for(url)) as connection:
        held = IndexReader(connection, cache).facet("active")
        assert IndexReader(connection, cache).facet("active") is held
        connection.exec_driver_sql("DELETE FROM facet WHERE name = 'built'")
        assert IndexReader(connection, cache).facet("active") is not IndexReader(connection, cache).facet("active")


def test_the_cache_stays_below_its_limit() -> None:
    cache = SetCache(100)
    made: list[str] = []

    def words(name: str, n: int) -> int:
        def make() -> np.ndarray:
            made.append(name)
            return np.zeros((1, n), np.uint64)

        return cache.get(name, make).nbytes

    assert [words("a", 6), words("b", 6), words("a", 6), words("c", 6)] == [48] * 4
    assert (made, cache.size) == (["a", "b", "c"], 96)
    words("b", 6)
    assert made == ["a", "b", "c", "b"], "b was not asked for longest"
    words("large", 13)
    words("large", 13)
    assert (made[4:], cache.size) == (["large", "large"], 96)


def test_cached_sets_are_read_only() -> None:
    cache = SetCache(100)
    held = cache.get("a", lambda: {"x": np.zeros((1, 2), np.uint64)})
    with pytest.raises(ValueError, match="read-only"):
        held["x"][0] = 1
