"""core.store.moving: every row of an SQLite file arrives in PostgreSQL, or none does; the next ids go on."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select
from store_data import AT, call, fresh, sentences

from core.errors import Conflict, InputError, StoreError
from core.filters import Filter
from core.store import NewProposal, Store, moving, open_store
from core.store.engine import engine_for, reading, writing
from core.store.index import chunks
from core.store.schema import metadata


@pytest.fixture
def backend() -> str:
    return "postgresql"


@pytest.fixture
def old_url(tmp_path: Path) -> str:
    """A file with decisions, an undone one, a proposal, a remark, a NUL, and an index of which one row is stale."""
    url = fresh(tmp_path, "old")
    store = open_store(url)
    ids = sentences(store, "화재가 났어요", "괜찮아요", "네\0")
    call(store, "c1", "하지만 불이", "휴지", labels={"urgency": "low"}, path="a.wav")
    with writing(engine_for(url)) as connection:
        chunks.settle(connection, 0, 0)
    store.review.decide(ids[0], 0, "ann", AT, text="불이야", labels={"danger": "danger"}, comment="왜?")
    store.review.decide(ids[1], 0, "ann", AT, skip=True)
    store.review.undo("ann", AT)
    store.proposals.add([NewProposal("augmentation", ids[0], "x", {"text": "불이 났어요"}, "x")], AT)
    return url


def everything(url: str) -> dict[str, set[str]]:
    with reading(engine_for(url)) as connection:
        return {
            table.name: {repr(tuple(row)).replace("\\x00", "\ufffd") for row in connection.execute(select(table))}
            for table in metadata.sorted_tables
        }


def test_every_row_arrives_and_work_goes_on(old_url: str, new_database: Callable[[], str]) -> None:
    new_url = new_database()
    told: list[tuple[str, int, int]] = []
    counts = moving.move(old_url, new_url, lambda *step: told.append(step))
    before = everything(old_url)
    assert everything(new_url) == before
    assert counts == {name: len(rows) for name, rows in before.items()}
    assert ("utterance", 5, 5) in told
    store = open_store(new_url)
    assert [u.text for u in store.corpus.find(Filter(text="ㅎㅈ")).rows] == ["하지만 불이", "휴지"]
    (new,) = sentences(store, "화재")
    assert new == 6
    assert [u.text for u in store.corpus.find(Filter(text="ㅎㅈ")).rows] == ["하지만 불이", "휴지", "화재"]
    assert store.review.undo("ann", AT) is not None
    assert store.corpus.utterance(1).text == "화재가 났어요"


def test_a_database_with_rows_is_refused_and_unchanged(old_url: str, new_database: Callable[[], str]) -> None:
    new_url = new_database()
    sentences(open_store(new_url), "내 것")
    before = everything(new_url)
    with pytest.raises(Conflict, match="the database is not empty: it has rows in source, stale, utterance"):
        moving.move(old_url, new_url)
    assert everything(new_url) == before


def test_a_row_that_arrives_changed_leaves_the_target_empty(
    old_url: str, new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = moving._written

    def damaged(table: object, row: list[object]) -> list[object]:
        return ["불아야" if value == "불이야" else value for value in written(table, row)]  # type: ignore[arg-type]

    monkeypatch.setattr(moving, "_written", damaged)
    new_url = new_database()
    with pytest.raises(StoreError, match="table utterance did not arrive as it left"):
        moving.move(old_url, new_url)
    assert not any(rows for rows in everything(new_url).values())
    monkeypatch.undo()
    moving.move(old_url, new_url)
    assert open_store(new_url).corpus.utterance(1).text == "불이야"


def test_only_a_file_moves_to_a_server(old_url: str, tmp_path: Path, store: Store) -> None:
    with pytest.raises(InputError, match="from an SQLite file to PostgreSQL, not from sqlite to sqlite"):
        moving.move(old_url, fresh(tmp_path, "other"))
