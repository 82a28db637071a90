"""Parquet: a typed table (zstd) that holds everything but audio. `_meta` and `_recording_meta` are JSON as delivered,
with personal data.

It is written in row groups of `ROWS`, so memory does not grow with the corpus. The definitions of the schemes are in
the metadata of the file (`core.export.arrow`).
"""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core.batches import batches
from core.export import arrow
from core.export.rows import ExportReport, Line, Plan

ROWS = 5_000


def write(path: Path, plan: Plan, lines: Iterable[Line]) -> ExportReport:
    """Write all columns of the plan, one row per line."""
    report = ExportReport()
    schema = arrow.schema(plan, plan.full)
    with pq.ParquetWriter(path, schema, compression="zstd") as out:
        for block in batches(lines, ROWS):
            rows = [{column: line.values[column] for column in plan.full} for line in block]
            out.write_batch(pa.RecordBatch.from_pylist(rows, schema=schema))
            report.utterances += len(rows)
    return report
