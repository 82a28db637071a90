"""Tables in memory for tests: opened, as a workbook or as Parquet, and their cells and rejects."""

import io
from collections.abc import Sequence
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from core.ingest.tables import File, Options, Reject, Row, Table, open_table


def of(data: bytes | str, name: str = "t.csv", **options: Any) -> Table:
    return open_table(File.of(data.encode() if isinstance(data, str) else data, name), Options(**options))


def cells(table: Table) -> list[tuple[Any, ...]]:
    """The cells of all rows in column order; asserts that no row is rejected."""
    rows = list(table.rows())
    assert [row for row in rows if isinstance(row, Reject)] == []
    return [tuple(row.cells.get(name) for name in table.shape.columns) for row in rows if isinstance(row, Row)]


def rejects(table: Table) -> list[tuple[int, str]]:
    return [(row.row, row.kind) for row in table.rows() if isinstance(row, Reject)]


def sheet(rows: Sequence[Sequence[Any]], *more: tuple[str, Sequence[Sequence[Any]]]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(list(row))
    for title, others in more:
        other = book.create_sheet(title)
        for row in others:
            other.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parquet(columns: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()
