"""Reads tables: CSV with any separator, JSON and JSON Lines (these also as `.gz`), XLSX and Parquet.

`open_table` decides from a sample of limited size how to read a file, and describes that in `Shape`. Each pass over the
rows holds one row (JSON: one object; Parquet: one batch) in memory. `core.ingest.tables.row_parser` turns rows into
utterances.
"""

from collections.abc import Iterator
from itertools import islice

from core.errors import InputError
from core.ingest.tables.bombs import check_gzip
from core.ingest.tables.readers import delimited, dialect, documents, encoding, grid, parquet, sheets
from core.ingest.tables.readers.delimited import Broken, Record
from core.ingest.tables.stream import kind
from core.ingest.tables.types import File, Meter, Options, Reject, Row, Shape, Table

__all__ = ["File", "Meter", "Options", "Reject", "Row", "Shape", "Table", "open_table"]


def open_table(file: File, options: Options | None = None) -> Table:
    """The table in `file`; `InputError` if it is no table."""
    options = options or Options()
    check_gzip(file)
    table_kind = kind(file)
    if table_kind == "xlsx":
        return sheets.table(file, options)
    if table_kind == "parquet":
        return parquet.table(file, options)
    if options.encoding:
        chosen = encoding.with_byte_order(file, encoding.canonical_name(options.encoding))
    else:
        chosen = encoding.detect(file)
    if table_kind == "json":
        return documents.document(file, chosen, options)
    if table_kind == "jsonl":
        return documents.lines(file, chosen, options)
    return _delimited(file, chosen, options)


def _delimited(file: File, chosen: str, options: Options) -> Table:
    style = dialect.detect(file, chosen, options)

    def records(meter: Meter, width: int | None) -> Iterator[Record]:
        with encoding.open_text(file, chosen, meter, style.newline) as text:
            rows = delimited.records(text, style, width)
            for first in islice(rows, 1):
                yield [] if dialect.says_separator(first) else first
            yield from rows

    sample = dialect.sample_rows(islice(records(Meter(), None), options.skip_rows or 0, None))
    if not sample and (broken := next((r for r in records(Meter(), None) if isinstance(r, Broken)), None)):
        raise InputError("{file}: no row can be read: {reason}", file=file.name, reason=broken.reason)
    shape = Shape("csv", (), encoding=chosen, separator=style.separator, quotes=style.quotes)
    return grid.table(file, shape, sample, records, options)
