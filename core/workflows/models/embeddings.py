"""Embeddings of the voices that a table names: one vector a row as a NumPy file, as the seed system exported them.

Row i of OUT.npy belongs to row i of OUT.csv: the rows of the table whose audio can be used, in their order, with all
their columns. A row that cannot be used is left out of both and named in the report; it is never a row of zeros.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.audio import cut, decode
from core.errors import AudioError, NotEnoughData, UnknownName
from core.files import write_bytes, write_text
from core.ingest.tables import File, Options, Reject, Row, open_table
from core.ingest.tables.audio_folder import AudioFolder
from core.ingest.tables.types import Cell
from core.messages import Message
from core.models.prepare import voice_vectors
from core.records import SHORTEST_VOICE_MS, Report, Skip
from core.text.cells import escape_formula

TOGETHER = 64  # rows that an encoder is given at once
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class AudioColumns:
    """Names of columns: the audio file, and where the utterance begins and ends in it, in ms ("": all of it)."""

    audio: str
    start_ms: str = ""
    end_ms: str = ""


def export_embeddings(
    table: Path,
    out: Path,
    encoder: str,
    columns: AudioColumns,
    progress: Progress = lambda done, total: None,
    *,
    precision: str = "auto",
) -> Report:
    """Write `out` (.npy, float32 (N, D)) and beside it a .csv with the N rows of `table` that it belongs to.

    Audio files lie in the folder of the table. `encoder` is whisper-base, or a wav2vec2 by folder or hub id.
    `precision` is what a wav2vec2 multiplies in: float32, bf16, int8, or "auto", the fastest here that keeps the
    vectors. `UnknownName` for a column that the table does not have and for an unknown precision, `NotEnoughData` if no
    row has usable audio.
    """
    named = tuple(name for name in (columns.audio, columns.start_ms, columns.end_ms) if name)
    opened = open_table(File.at(table), Options(wanted=named))
    for name in named:
        if name not in opened.shape.columns:
            raise UnknownName("column", name, opened.shape.columns)
    rows, report = list(opened.rows()), Report()
    used_rows: list[Row] = []
    vectors: list[NDArray[np.float32]] = []
    for block in _voiced(rows, AudioFolder(table.resolve().parent), columns, report):
        vectors.append(voice_vectors([wave for _, wave in block], encoder, precision))
        used_rows += [row for row, _ in block]
        progress(len(used_rows) + len(report.skipped), len(rows))
    if not used_rows:
        raise NotEnoughData("{table}: no row has audio that can be used", table=table)
    write_bytes(out, _npy(np.concatenate(vectors)))
    write_text(out.with_suffix(".csv"), _csv(opened.shape.columns, used_rows))
    report.added = len(used_rows)
    return report


def _voiced(
    rows: Sequence[Row | Reject], folder: AudioFolder, columns: AudioColumns, report: Report
) -> Iterator[list[tuple[Row, NDArray[np.float32]]]]:
    """The rows with their waves, some at a time; what cannot be used is added to the report."""
    block: list[tuple[Row, NDArray[np.float32]]] = []
    for row in rows:
        if isinstance(row, Reject):
            report.skipped.append(Skip(str(row.row), row.reason))
            continue
        try:
            block.append((row, _wave(row, folder, columns)))
        except AudioError as error:
            report.skipped.append(Skip(str(row.number), error.reason))
        if len(block) >= TOGETHER:
            yield block
            block = []
    if block:
        yield block


def _wave(row: Row, folder: AudioFolder, columns: AudioColumns) -> NDArray[np.float32]:
    """The sound of a row, float32, mono, 16 kHz; `AudioError` if there is none."""
    name = str(row.cells.get(columns.audio) or "")
    path = folder.find(name)
    if not isinstance(path, Path):
        raise AudioError(str(row.number), "no audio file {name!r} beside the table", name=name)
    audio = decode(path, name)
    start, end = _ms(row, columns.start_ms, 0), _ms(row, columns.end_ms, audio.duration_ms)
    wave = cut(audio.wave, audio.sample_rate_hz, start, end)
    if len(wave) * 1000 < SHORTEST_VOICE_MS * audio.sample_rate_hz:
        raise AudioError(
            str(row.number),
            "{n} ms, shorter than {least} ms",
            n=len(wave) * 1000 // audio.sample_rate_hz,
            least=SHORTEST_VOICE_MS,
        )
    return wave


def _ms(row: Row, column: str, otherwise: int) -> int:
    raw = str(row.cells.get(column) or "") if column else ""
    try:
        return int(float(raw)) if raw else otherwise
    except (ValueError, OverflowError) as error:
        raise AudioError(str(row.number), Message("{raw!r} is no time in ms", raw=raw)) from error


def _npy(table: NDArray[np.float32]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, table, allow_pickle=False)
    return buffer.getvalue()


def _csv(columns: Sequence[str], rows: Sequence[Row]) -> str:
    """The rows as CSV with a byte order mark, so that a spreadsheet shows Hangul."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([escape_formula(name) for name in columns])
    for row in rows:
        writer.writerow([escape_formula(_plain(row.cells.get(name))) for name in columns])
    return "\ufeff" + buffer.getvalue()


def _plain(cell: Cell) -> str:
    return "|".join(cell) if isinstance(cell, tuple) else cell or ""
