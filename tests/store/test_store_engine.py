"""core.store.engine: migrations, append-only history, and the errors of a damaged or unreachable database."""

import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from postgres import Server
from sqlalchemy import create_engine
from sqlalchemy.exc import DatabaseError
from store_data import AT, sentences

from core.errors import InputError, MissingBackend, StoreAway, StoreError
from core.filters import Filter
from core.settings import ROOT
from core.store import Store, open_store
from core.store.engine import config_for, engine_for, migrate, newest, revision_of, writing
from core.store.schema import metadata


@pytest.fixture
def new_url(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database without any table; of a file, its folder is missing too."""
    if backend == "sqlite":
        yield f"sqlite:///{tmp_path / 'new' / 'store.db'}"
        return
    server = request.getfixturevalue("postgres")
    yield server.create(name := f"new_{uuid.uuid4().hex}")
    server.drop(name)


def test_migrating_from_nothing_gives_the_schema(new_url: str) -> None:
    url = new_url
    migrate(url)
    engine = create_engine(url)

    with engine.connect() as connection:
        options = {"compare_type": True}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    engine.dispose()
    assert differences == []
    assert revision_of(url) == newest() == ScriptDirectory.from_config(config_for(url)).get_current_head()


def test_migrating_twice_changes_nothing(store: Store, database_url: str) -> None:
    sentences(store, "불이 났어요")
    again = open_store(database_url)
    assert again.corpus.find(Filter()).total == 1


@pytest.mark.slow
def test_several_processes_may_open_a_new_store_at_once(new_url: str) -> None:
    code = "import sys; from core.store import open_store; print(open_store(sys.argv[1]).corpus.counts()['utterances'])"
    command = [sys.executable, "-c", code, new_url]
    opening = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)
    ]
    assert [process.communicate() for process in opening] == [("0\n", "")] * 4


@pytest.mark.parametrize("statement", ["UPDATE {} SET curator = 'mallory'", "DELETE FROM {}"])
@pytest.mark.parametrize("table", ["revision", "annotation"])
def test_history_is_append_only(store: Store, database_url: str, table: str, statement: str) -> None:
    (number,) = sentences(store, "불이 났어요")
    store.review.decide(number, 0, "ann", AT, labels={"danger": "danger"})
    with (
        pytest.raises(DatabaseError, match=f"{table} is append-only"),
        engine_for(database_url).connect().execution_options(write=True) as raw,
    ):
        raw.exec_driver_sql(statement.format(table))
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


def test_a_database_of_a_newer_program_is_refused(store: Store, database_url: str) -> None:
    with writing(engine_for(database_url)) as raw:
        raw.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="a schema this program does not know"):
        open_store(database_url)


@pytest.mark.sqlite
def test_a_file_that_stays_locked_is_named(store: Store, database_url: str, tmp_path: Path) -> None:
    (number,) = sentences(store, "불이 났어요")
    engine = engine_for(database_url)
    holder = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    from sqlalchemy import event

    def impatient(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA busy_timeout=10")

    event.listen(engine, "connect", impatient)
    with pytest.raises(StoreError, match="the database cannot be used: database is locked"):
        store.review.decide(number, 0, "ann", AT, skip=True)
    holder.close()
    assert store.corpus.utterance(number).version == 0


def test_a_server_whose_writer_does_not_end_is_named(
    empty_postgres: str, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.store import engine

    monkeypatch.setattr(engine, "WRITER_WAIT_S", 0.05)
    url = postgres.create(name := f"busy_{uuid.uuid4().hex}", empty_postgres)
    store = open_store(url)
    (number,) = sentences(store, "불이 났어요")
    with writing(engine_for(url)), pytest.raises(StoreError, match="canceling statement due to lock timeout"):
        store.review.decide(number, 0, "ann", AT, skip=True)
    assert store.corpus.utterance(number).version == 0
    engine_for(url).dispose()
    postgres.drop(name)


def test_a_server_that_does_not_answer_is_named(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StoreAway, match="the database server does not answer"):
        open_store(f"postgresql+psycopg://nobody@/nothing?host={tmp_path}")


def test_a_nul_that_a_person_types_is_no_error(store: Store) -> None:
    (number,) = sentences(store, "불이 났어요")
    store.review.decide(number, 0, "ann", AT, text="불\0이", comment="\0")
    assert store.corpus.utterance(number).text.replace("\0", "\ufffd") == "불\ufffd이"
    assert store.corpus.find(Filter(text="\0")).total in (0, 1)


def test_a_server_database_of_the_program_before_is_indexed_and_searched(postgres: Server) -> None:
    url = postgres.create(name := f"old_{uuid.uuid4().hex}")
    migrate(url, to="0013")
    with engine_for(url).connect().execution_options(write=True) as raw, raw.begin():
        for trigger, table in (("watch_utterance_new", "utterance"), ("watch_label_new", "label")):
            raw.exec_driver_sql(f"DROP TRIGGER {trigger} ON {table}")  # that program had none on a server
        raw.exec_driver_sql("INSERT INTO source VALUES (1, 's', 'sentences', 'ours', '0', 't')")
        raw.exec_driver_sql(
            'INSERT INTO utterance(id, key, source_id, text, original, chars, version, "group", voice_usable, origin, '
            "skipped, active, meta) VALUES (1, 'k', 1, '화재가 났어요', '화재가 났어요', 7, 0, 'k', false, 'imported', "
            "false, true, '{}')"
        )
    store = open_store(url)
    assert [u.id for u in store.corpus.find(Filter(text="ㅎㅈ")).rows] == [1]
    store.review.decide(1, 0, "ann", AT, text="불이야")
    assert [u.id for u in store.corpus.find(Filter(text="ㅎㅈ")).rows] == []
    engine_for(url).dispose()
    postgres.drop(name)
