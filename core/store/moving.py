"""Moves a whole store from an SQLite file to a PostgreSQL database, and checks every row there.

The file stays as it is. Writers of it wait while its rows are copied, so that no decision is made behind the copy. The
target gets all rows in one transaction: it has everything, or nothing.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import JSON, Connection, Table, func, select, text

from core.errors import Conflict, InputError, StoreError
from core.files import json_text
from core.store.engine import engine_for, migrate, migrating
from core.store.index import watch
from core.store.schema import metadata

BLOCK = 10_000
Report = Callable[[str, int, int], None]  # takes the table, the rows done and the rows in all


def move(source_url: str, target_url: str, report: Report = lambda *_: None) -> dict[str, int]:
    """Copy every row of `source_url` into the empty database `target_url`; return the number of rows by table.

    `InputError` if the two are not SQLite and PostgreSQL, `Conflict` if the target is not empty, `StoreError` if a row
    arrives other than it left.
    """
    source, target = engine_for(source_url), engine_for(target_url)
    if (source.dialect.name, target.dialect.name) != ("sqlite", "postgresql"):
        raise InputError(
            "a store moves from an SQLite file to PostgreSQL, not from {old} to {new}",
            old=source.dialect.name, new=target.dialect.name,
        )  # fmt: skip
    migrate(target_url)
    with migrating(source) as old, migrating(target) as new:
        if full := [table.name for table in metadata.sorted_tables if new.execute(select(table).limit(1)).first()]:
            raise Conflict("the database is not empty: it has rows in {tables}", tables=", ".join(full))
        watch.unwatch(new)
        counts = {table.name: _move_table(old, new, table, report) for table in metadata.sorted_tables}
        watch.watch(new)
    return counts


def _move_table(old: Connection, new: Connection, table: Table, report: Report) -> int:
    total = old.scalar(select(func.count()).select_from(table)) or 0
    left = arrived = n = n_arrived = 0
    names = ", ".join(new.dialect.identifier_preparer.quote(column.name) for column in table.columns)
    with new.connection.cursor().copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
        for row in _rows(old, table):
            left, n = (left + _digest(row)) % _MODULUS, n + 1
            copy.write_row(_written(table, row))
            if n % BLOCK == 0:
                report(table.name, n, total)
    report(table.name, n, total)
    for row in _rows(new, table):
        arrived, n_arrived = (arrived + _digest(row)) % _MODULUS, n_arrived + 1
    if (n_arrived, arrived) != (n, left):
        raise StoreError(
            "table {table} did not arrive as it left: {n} rows of {total}", table=table.name, n=n_arrived, total=n
        )
    _go_on_counting(new, table)
    return n


def _rows(connection: Connection, table: Table) -> Iterator[Sequence[Any]]:
    """Yield the rows by key, so that what a row refers to comes before it; NUL as PostgreSQL gets it."""
    query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=BLOCK)
    for row in connection.execute(query):
        yield [value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in row]


def _written(table: Table, row: Sequence[Any]) -> list[Any]:
    return [
        json_text(value) if isinstance(column.type, JSON) and value is not None else value
        for column, value in zip(table.columns, row, strict=True)
    ]


_MODULUS = 1 << 256


def _digest(row: Sequence[Any]) -> int:
    """Return the SHA-256 of a row as a number; the sum over a table does not depend on the order of its rows."""
    values = [value.hex() if isinstance(value, bytes) else value for value in row]
    return int.from_bytes(hashlib.sha256(json.dumps(values, sort_keys=True).encode()).digest())


def _go_on_counting(new: Connection, table: Table) -> None:
    """Let the next row that is added get the number after the greatest."""
    if "id" not in table.c:
        return
    sequence = new.scalar(text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": table.name})
    if sequence is not None:
        new.execute(text(f"SELECT setval('{sequence}', coalesce(max(id), 0) + 1, false) FROM {table.name}"))
