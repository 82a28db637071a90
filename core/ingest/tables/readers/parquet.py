"""Reads Parquet with pyarrow, in small batches. It leaves out columns of raw bytes (audio, pictures) with a note."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import InputError
from core.ingest.tables import names
from core.ingest.tables.bombs import check_columns, check_rows
from core.ingest.tables.readers import values
from core.ingest.tables.readers.objects import nested
from core.ingest.tables.stream import seekable
from core.ingest.tables.types import SAMPLE_ROWS, File, Meter, Options, Reject, Row, Shape, Table
from core.messages import Message

_BATCH = 1_000
_GROUP_BYTES = 4_000_000_000
_BROKEN = (pa.ArrowException, OSError, ValueError, TypeError, OverflowError, MemoryError, NotImplementedError)


def table(file: File, options: Options) -> Table:
    """The table in a Parquet file. `InputError` if it has no rows, no column of text, or too large a row group."""
    with _opened(file) as parquet:
        metadata = parquet.metadata
        check_columns(file, metadata.num_columns)
        check_rows(file, metadata.num_rows)
        sizes = [metadata.row_group(n).total_byte_size for n in range(metadata.num_row_groups)]
        if max(sizes, default=0) > _GROUP_BYTES:
            raise InputError(
                "{file}: a row group of {size:,} bytes: write it anew with smaller ones",
                file=file.name,
                size=max(sizes),
            )
        fields = list(parquet.schema_arrow)
        total = metadata.num_rows
    readable = [field.name for field in fields if not _holds_bytes(field.type)]
    left_out = tuple(
        Message("column of raw bytes left out: {column}", column=f.name) for f in fields if f.name not in readable
    )
    if not readable or not total:
        raise InputError("{file}: holds no rows that could be read as text", file=file.name)

    def records(meter: Meter) -> Iterator[dict[str, Any]]:
        with _opened(file) as parquet:
            number = 0
            for batch in parquet.iter_batches(batch_size=_BATCH, columns=readable, use_threads=False):
                yield from batch.to_pylist()
                number += len(batch)
                meter.share = min(number / total, 1.0)

    path = nested.list_within(list(islice(records(Meter()), SAMPLE_ROWS)), options)

    def rows(meter: Meter) -> Iterator[Row | Reject]:
        these = records(meter) if path is None else (c for r in records(meter) for c in nested.opened(r, path))
        return (values.row(number, record) for number, record in enumerate(these, start=1))

    sample = [row for row, _ in zip(rows(Meter()), range(SAMPLE_ROWS), strict=False) if isinstance(row, Row)]
    columns = list(dict.fromkeys(name for row in sample for name in row.cells)) or readable
    grid = [[row.cells.get(name) for name in columns] for row in sample]
    stray = {columns[n] for n in names.strays(columns, columns, grid)} - set(options.wanted)

    def kept_rows(meter: Meter) -> Iterator[Row | Reject]:
        for row in rows(meter):
            if isinstance(row, Row):
                row = Row(row.number, {n: c for n, c in row.cells.items() if n not in stray}, row.notes)
            yield row

    shape = Shape(
        "parquet",
        tuple(n for n in columns if n not in stray),
        tuple(n for n in columns if n in stray),
        notes=left_out,
        sheet=".".join(path) if path else None,
    )
    return Table(file, shape, kept_rows)


def _holds_bytes(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        return any(_holds_bytes(kind.field(n).type) for n in range(kind.num_fields))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind):
        return pa.types.is_map(kind) or _holds_bytes(kind.value_type)
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


@contextmanager
def _opened(file: File) -> Iterator[pq.ParquetFile]:
    """The opened file. An error of pyarrow, here or while rows are read, becomes an `InputError`."""
    raw = seekable(file)
    try:
        yield pq.ParquetFile(raw)
    except InputError:
        raise
    except _BROKEN as error:
        reason = values.safe(" ".join(str(error).split())) or type(error).__name__
        raise InputError("{file}: the Parquet file cannot be read ({error})", file=file.name, error=reason) from error
    finally:
        raw.close()
