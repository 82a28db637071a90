"""core.store.engine: migrations, append-only history, and the errors of a damaged or unreachable database."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from store_data import AT, sentences

from core.errors import InputError, MissingBackend, StoreError
from core.filters import Filter
from core.settings import ROOT
from core.store import Store, open_store
from core.store.engine import config_for, engine_for, migrate, newest, revision_of
from core.store.schema import metadata


def database(tmp_path: Path) -> Path:
    """The file behind the `store` fixture."""
    return tmp_path / "store.db"


def test_migrating_from_nothing_gives_the_schema(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'store.db'}"
    migrate(url)
    engine = create_engine(url)

    with engine.connect() as connection:
        options = {"compare_type": True}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    engine.dispose()
    assert differences == []
    assert revision_of(url) == newest() == ScriptDirectory.from_config(config_for(url)).get_current_head()


def test_migrating_twice_changes_nothing(store: Store, tmp_path: Path) -> None:
    sentences(store, "불이 났어요")
    again = open_store(f"sqlite:///{database(tmp_path)}")
    assert again.corpus.find(Filter()).total == 1


@pytest.mark.slow
def test_several_processes_may_open_a_new_store_at_once(tmp_path: Path) -> None:
    code = "import sys; from core.store import open_store; print(open_store(sys.argv[1]).corpus.counts()['utterances'])"
    command = [sys.executable, "-c", code, f"sqlite:///{tmp_path / 'store.db'}"]
    opening = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)
    ]
    assert [process.communicate() for process in opening] == [("0\n", "")] * 4


@pytest.mark.parametrize("statement", ["UPDATE {} SET curator = 'mallory'", "DELETE FROM {}"])
@pytest.mark.parametrize("table", ["revision", "annotation"])
def test_history_is_append_only(store: Store, tmp_path: Path, table: str, statement: str) -> None:
    (number,) = sentences(store, "불이 났어요")
    store.review.decide(number, 0, "ann", AT, labels={"danger": "danger"})
    raw = sqlite3.connect(database(tmp_path))
    with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
        raw.execute(statement.format(table))
    raw.close()
    assert [r.curator for r in store.review.history(number)] == ["ann"]


@pytest.mark.parametrize(
    ("url", "error", "message"),
    [
        ("nonsense", InputError, "the database URL cannot be used"),
        ("nosuch://localhost/db", InputError, "nosuch"),
        ("mysql+nosuchdriver://localhost/db", InputError, "nosuchdriver"),
        ("mysql+pymysql://localhost/db", MissingBackend, "needs pymysql, which is not installed"),
    ],
)
def test_a_wrong_url_is_named(url: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        open_store(url)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("this is a diary, not a database" * 100, encoding="utf-8")
    with pytest.raises(StoreError, match="the database cannot be used: file is not a database"):
        open_store(f"sqlite:///{path}")


def test_a_database_of_a_newer_program_is_refused(store: Store, tmp_path: Path) -> None:
    raw = sqlite3.connect(database(tmp_path))
    raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.commit()
    raw.close()
    with pytest.raises(StoreError, match="a schema this program does not know"):
        open_store(f"sqlite:///{database(tmp_path)}")


def test_a_database_that_stays_locked_is_named(store: Store, tmp_path: Path) -> None:
    (number,) = sentences(store, "불이 났어요")
    engine = engine_for(f"sqlite:///{database(tmp_path)}")
    holder = sqlite3.connect(database(tmp_path), isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    from sqlalchemy import event

    def impatient(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA busy_timeout=10")

    event.listen(engine, "connect", impatient)
    with pytest.raises(StoreError, match="the database cannot be used: database is locked"):
        store.review.decide(number, 0, "ann", AT, skip=True)
    holder.close()
    assert store.corpus.utterance(number).version == 0
