"""Tables of every shape in, rows out: CSV and its kin, JSON, JSON Lines (these also as `.gz`), XLSX, Parquet.

`open_table` decides on a bounded sample how a file is to be read, says so in `Shape`, and gives passes over its rows
that hold one row (JSON: one object; Parquet: a batch) in memory. What a row means is `core.ingest.tables.meaning`'s.
"""

from collections.abc import Iterator

from core.ingest.tables.readers import columnar, delimited, dialect, documents, encoding, grid, sheets
from core.ingest.tables.readers.delimited import Record
from core.ingest.tables.stream import kind
from core.ingest.tables.types import File, Meter, Options, Reject, Row, Shape, Table

__all__ = ["File", "Meter", "Options", "Reject", "Row", "Shape", "Table", "open_table"]


def open_table(file: File, options: Options | None = None) -> Table:
    """How `file` is read, and its rows; `InputError` where it is no table."""
    options = options or Options()
    found = kind(file)
    if found == "xlsx":
        return sheets.table(file, options)
    if found == "parquet":
        return columnar.table(file, options)
    asked = options.encoding
    chosen = encoding.settled(file, encoding.named(asked)) if asked else encoding.detect(file)
    if found == "json":
        return documents.document(file, chosen, options)
    if found == "jsonl":
        return documents.lines(file, chosen, options)
    return _delimited(file, chosen, options)


def _delimited(file: File, chosen: str, options: Options) -> Table:
    style = dialect.detect(file, chosen, options)

    def records(meter: Meter, width: int | None) -> Iterator[Record]:
        with encoding.opened(file, chosen, meter, style.newline) as text:
            yield from delimited.records(text, style, width)

    sample = dialect.sample_rows(records(Meter(), None))
    about = Shape("csv", (), encoding=chosen, separator=style.separator, quotes=style.quotes)
    return grid.table(file, about, sample, records, options)
