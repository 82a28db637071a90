"""Parquet: a typed table (zstd) that holds everything but audio; `_meta` and `_recording_meta` are JSON, as delivered,
personal data included.

Written in row groups of `ROWS`, so that memory does not follow the size of the corpus. The schemes' definitions lie in
the file's metadata (`core.export.arrow`).
"""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core.batches import batches
from core.export import arrow
from core.export.rows import Line, Plan, Written

ROWS = 5_000


def write(path: Path, plan: Plan, lines: Iterable[Line]) -> Written:
    done = Written()
    schema = arrow.schema(plan, plan.full)
    with pq.ParquetWriter(path, schema, compression="zstd") as out:
        for block in batches(lines, ROWS):
            rows = [{column: line.values[column] for column in plan.full} for line in block]
            out.write_batch(pa.RecordBatch.from_pylist(rows, schema=schema))
            done.utterances += len(rows)
    return done
