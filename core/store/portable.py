"""What SQLite and PostgreSQL write differently: parameters of plain SQL, lists of ids, a list from a group, a table.

Statements that SQLAlchemy builds are the same for both. Plain SQL is here where SQLAlchemy's work on each row takes as
long as the query.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, CursorResult, TextClause, text

_GIVEN = {
    "sqlite": text("SELECT value FROM json_each(:ids)"),
    "postgresql": text("SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:ids AS json))"),
}
_NUMBERS = {
    "sqlite": "json_each(?) j",
    "postgresql": "(SELECT CAST(value AS bigint) AS value FROM json_array_elements_text(CAST(? AS json))) j",
}
_SPANS = {
    "sqlite": "(SELECT value ->> 0 AS low, value ->> 1 AS high FROM json_each(?)) j",
    "postgresql": (
        "(SELECT CAST(value ->> 0 AS bigint) AS low, CAST(value ->> 1 AS bigint) AS high "
        "FROM json_array_elements(CAST(? AS json))) j"
    ),
}


def on_sqlite(connection: Connection) -> bool:
    """Return whether the database is a file of SQLite; else it is PostgreSQL."""
    return connection.dialect.name == "sqlite"


def run(
    connection: Connection, statement: str, values: Sequence[object] | Sequence[Sequence[object]] = ()
) -> CursorResult[*tuple[Any, ...]]:
    """Run plain SQL whose parameters are written `?`. A list of tuples runs it once for each of them."""
    given_values = values if isinstance(values, list) else tuple(values)
    return connection.exec_driver_sql(_written(connection, statement), given_values)


def tuples(connection: Connection, statement: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
    """As `run`, but return the rows without the time that SQLAlchemy spends on each."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(_written(connection, statement), values)
        return list(cursor.fetchall())
    finally:
        cursor.close()


def put(connection: Connection, rows: list[tuple[str, int, bytes]]) -> None:
    """Write rows (name, chunk, bits) of the table `facet`; a row that is there is replaced."""
    again = "ON CONFLICT (name, chunk) DO UPDATE SET bits = excluded.bits"
    run(connection, f"INSERT INTO facet(name, chunk, bits) VALUES (?, ?, ?) {again}", rows)


def _written(connection: Connection, statement: str) -> str:
    return statement if on_sqlite(connection) else statement.replace("%", "%%").replace("?", "%s")


def given(connection: Connection, ids: Iterable[int]) -> TextClause:
    """Return a sub-query of `ids`, which may be more than a statement may have parameters."""
    return _GIVEN[connection.dialect.name].bindparams(ids=json.dumps([int(number) for number in ids]))


def numbers(connection: Connection) -> str:
    """Return plain SQL for a table `j(value)`: the numbers of the JSON list that is its parameter."""
    return _NUMBERS[connection.dialect.name]


def spans(connection: Connection) -> str:
    """Return plain SQL for a table `j(low, high)`: the pairs of the JSON list that is its parameter."""
    return _SPANS[connection.dialect.name]


def number_list(connection: Connection, column: str) -> str:
    """Return plain SQL for the numbers of a group, as text that is a JSON list."""
    return f"json_group_array({column})" if on_sqlite(connection) else f"CAST(json_agg({column}) AS text)"


def has_table(connection: Connection, name: str) -> bool:
    """Return whether the database has the table."""
    from sqlalchemy import inspect

    return inspect(connection).has_table(name)


def compare_as_bytes(connection: Connection) -> None:
    """Let PostgreSQL compare and sort the text of every column as SQLite does, whatever language the database has."""
    if on_sqlite(connection):
        return
    columns = connection.exec_driver_sql(
        "SELECT table_name, column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND data_type IN ('character varying', 'text') "
        "AND collation_name IS DISTINCT FROM 'C'"
    )
    quote = connection.dialect.identifier_preparer.quote
    for table, column, kind in columns.all():
        connection.exec_driver_sql(f'ALTER TABLE {quote(table)} ALTER COLUMN {quote(column)} TYPE {kind} COLLATE "C"')
