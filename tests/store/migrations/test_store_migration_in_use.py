"""A filled database of the schema before chosen runs is migrated: snapshots and runs stay, and nobody has chosen."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError
from store_data import AT

from core.errors import NotFound
from core.records import RunInfo, SnapshotInfo
from core.store import open_store
from core.store.engine import migrate

RUN = RunInfo("r1", "danger-text", "ngram", "danger", "text", "s1", "done", AT, {"epochs": 1})


@pytest.fixture
def old(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    migrate(url, to="0007")
    raw = sqlite3.connect(tmp_path / "old.db")
    raw.execute("INSERT INTO snapshot VALUES ('s1', 'danger', 'ab', ?, '{\"n\": 3}')", (AT,))
    raw.execute(
        "INSERT INTO run VALUES ('r1', 'danger-text', 'ngram', 'danger', 'text', 's1', 'done', ?, '{\"epochs\": 1}')",
        (AT,),
    )
    raw.commit()
    raw.close()
    return url


def test_old_rows_stay_and_a_run_can_be_chosen(old: str) -> None:
    store = open_store(old)
    assert store.ledger.snapshots() == [SnapshotInfo("s1", "danger", "ab", AT, {"n": 3})]
    assert store.ledger.foreign_snapshots() == []
    assert store.ledger.runs() == [RUN]
    assert store.in_use.list() == []
    choice = store.in_use.choose(RUN, "ann", AT)
    assert open_store(old).in_use.list() == [choice]


def test_a_choice_needs_a_run(old: str) -> None:
    store = open_store(old)
    with pytest.raises(IntegrityError):
        store.in_use.choose(RunInfo("x", "r", "e", "danger", "text", "s1", "done", AT, {}), "ann", AT)
    assert store.in_use.list() == []


def test_an_imported_run_brings_the_name_of_its_snapshot_and_no_more(old: str) -> None:
    store = open_store(old)
    foreign = SnapshotInfo("s1@cd", "danger", "cd", AT, {})
    store.ledger.add_imported(RunInfo("r2", "text", "ngram", "danger", "text", "s1@cd", "done", AT, {}), foreign)
    assert [info.name for info in store.ledger.snapshots()] == ["s1"]
    assert store.ledger.foreign_snapshots() == [foreign]
    with pytest.raises(NotFound, match="snapshot s1@cd is not in this workspace: its run was imported without it"):
        store.ledger.snapshot("s1@cd")
