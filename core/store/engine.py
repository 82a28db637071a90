"""Opens the database: one engine for each URL, SQLite's pragmas, transactions, and Alembic migrations.

One user action is one transaction. SQLite runs in WAL mode with `synchronous=FULL`, so a committed decision survives
`kill -9` and a power cut. Writers begin IMMEDIATE, so two writers wait for each other (`busy_timeout`) instead of
failing when a read lock becomes a write lock. Alembic is imported only where a schema is not the newest one.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, Connection, Engine, Table, create_engine, event, func, insert, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool

from core.errors import DiskFull, InputError, MissingBackend, StoreAway, StoreError
from core.messages import Message
from core.store.index import chunks

if TYPE_CHECKING:
    from alembic.config import Config

CONNECTIONS = 35  # to a server, beyond the five that stay open; a request waits for one up to 30 s
WRITER_LOCK = 0x67776964  # the advisory lock of PostgreSQL that one writer at a time holds
WRITER_WAIT_S = 10  # as SQLite's busy_timeout
WRITER_CACHE_KIB = 64 * 1024
FULL_ERRORS = {"SQLITE_FULL", *(f"SQLITE_IOERR_{what}" for what in ("WRITE", "SHMSIZE", "FSYNC", "TRUNCATE"))}
MIGRATIONS = Path(__file__).with_name("migrations")
PRAGMAS = ("busy_timeout=10000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")


@cache
def engine_for(url: str) -> Engine:
    """Return the engine of `url`; create the folder of an SQLite file. `InputError` if it is no database URL."""
    try:
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() != "sqlite":
            engine = create_engine(parsed, pool_pre_ping=True, hide_parameters=True, max_overflow=CONNECTIONS)
            event.listen(engine, "connect", _without_nul)
            event.listen(engine, "begin", _begin_on_server)
            return engine
    except (ArgumentError, NoSuchModuleError) as error:
        raise InputError("the database URL cannot be used: {error}", error=error) from error
    except ModuleNotFoundError as error:
        way = "pip install 'psycopg[binary]'" if error.name == "psycopg" else "write postgresql+psycopg://"
        raise MissingBackend(
            "the database URL needs {name}, which is not installed: {way}", name=error.name, way=way
        ) from error
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    # Each transaction opens a connection (0.1 ms), so that no thread of Streamlit keeps the file open.
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": 10}, hide_parameters=True)
    event.listen(engine, "connect", _pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _pragmas(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("write")
    if write:  # an import changes pages all over an index; the cache is freed when the connection closes
        connection.exec_driver_sql(f"PRAGMA cache_size=-{WRITER_CACHE_KIB}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _without_nul(connection: Any, _: Any) -> None:
    """Write NUL, which PostgreSQL has in no text, as U+FFFD, as imports do."""
    from psycopg.types.string import StrDumper

    class Dumper(StrDumper):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", "\ufffd"))

    connection.adapters.register_dumper(str, Dumper)


def _begin_on_server(connection: Connection) -> None:
    """Give PostgreSQL the transactions of SQLite: a reader sees one moment, and writers go one after the other."""
    if connection.get_execution_options().get("write"):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {WRITER_WAIT_S * 1000:.0f}")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open one read transaction."""
    with _named(), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open one write transaction. It is committed at the end, with the search index; any exception rolls it back."""
    with migrating(engine) as connection:
        yield connection
        chunks.settle(connection)


@contextmanager
def migrating(engine: Engine) -> Iterator[Connection]:
    """As `writing`, but without the search index, which an old schema does not have."""
    with _named(), engine.connect().execution_options(write=True) as connection, connection.begin():
        yield connection


@contextmanager
def _named() -> Iterator[None]:
    """Raise `StoreError` if the database is locked or damaged, `StoreAway` if its server does not answer, `DiskFull`
    if its disk is full.

    A violated constraint is a bug, so its exception is not changed.
    """
    try:
        yield
    except PoolTimeout as error:
        raise StoreError("the database cannot be used: {error}", error=error) from error
    except DatabaseError as error:
        if type(error) not in (DatabaseError, OperationalError):
            raise
        if is_disk_full(error):
            raise DiskFull(Message("the database")) from error
        if is_away(error):
            raise StoreAway("the database server does not answer: {error}", error=error.orig) from error
        raise StoreError("the database cannot be used: {error}", error=error.orig) from error


def is_disk_full(error: BaseException | None) -> bool:
    """Whether SQLite or PostgreSQL says that the disk is full.

    SQLite calls it an error of input and output while it writes its log or maps its index of it.
    """
    if isinstance(error, DiskFull):
        return True
    driver_error = getattr(error, "orig", None) or error
    name = str(getattr(driver_error, "sqlite_errorname", ""))
    return name in FULL_ERRORS or getattr(driver_error, "sqlstate", "") == "53100"


def is_away(error: BaseException) -> bool:
    """Whether a server cannot be reached, ends the connection or is starting: its own fault, not the statement's."""
    if isinstance(error, StoreAway) or getattr(error, "connection_invalidated", False):
        return True
    state = getattr(getattr(error, "orig", None), "sqlstate", "")  # SQLite's errors have none
    return state is None or state.startswith(("08", "57P"))


def insert_id(connection: Connection, table: Table, values: dict[str, Any]) -> int:
    """Insert one row; return its id."""
    return int(connection.execute(insert(table).values(values).returning(table.c.id)).scalar_one())


def allot(connection: Connection, table: Table, n: int) -> list[int]:
    """Return `n` new ids of `table`, ascending, for rows that the caller inserts in this transaction."""
    if connection.dialect.name == "postgresql":
        following = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :n)")
        return sorted(connection.scalars(following, {"name": table.name, "n": n}))
    last = connection.scalar(select(func.max(table.c.id))) or 0
    return list(range(last + 1, last + 1 + n))


def insert_many(connection: Connection, table: Table, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    """Insert many rows. On SQLite it passes by SQLAlchemy, whose work on each value takes as long as the insert."""
    if not rows:
        return
    if connection.dialect.name != "sqlite":
        connection.execute(insert(table), [dict(zip(columns, row, strict=True)) for row in rows])
        return
    for at in (at for at, name in enumerate(columns) if isinstance(table.c[name].type, JSON)):
        rows = [(*row[:at], json.dumps(row[at]) if row[at] != {} else "{}", *row[at + 1 :]) for row in rows]
    names = ", ".join(connection.dialect.identifier_preparer.quote(name) for name in columns)
    marks = ", ".join("?" * len(columns))
    connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", rows)


def config_for(url: str) -> "Config":
    """Return the Alembic configuration of the database `url`."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    return config


@cache
def newest() -> str:
    """Return the newest revision: the number with which the name of the last migration begins."""
    return max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def revision_of(url: str) -> str | None:
    """Return the revision of the schema of `url`; None for an empty database."""
    with reading(engine_for(url)) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def migrate(url: str, to: str = "head") -> None:
    """Migrate the database to revision `to`; fast if it is there. `StoreError` if a newer program made it."""
    wanted = newest() if to == "head" else to
    if revision_of(url) == wanted:
        if to == "head":
            _renew(url)
        return
    from alembic import command
    from alembic.util import CommandError

    try:
        command.upgrade(config_for(url), to)
    except CommandError as error:
        raise StoreError("the database has a schema this program does not know: {error}", error=error) from error
    if to == "head":
        with writing(engine_for(url)):
            pass  # the end of the transaction indexes what the migrations changed
        _renew(url)


def _renew(url: str) -> None:
    """Index again the chunks that an earlier program indexed in another format."""
    with reading(engine_for(url)) as connection:
        old = chunks.outdated(connection)
    for chunk in old:
        with writing(engine_for(url)) as connection:
            chunks.build(connection, chunk)
