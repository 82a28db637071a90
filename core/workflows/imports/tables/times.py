"""The units of a table's times, and the question to the person if a guessed unit cannot be right.

Whole numbers may be seconds, ms, frames or samples. A wrong guess cuts every utterance at a wrong place, so an import
whose utterances would all be shorter than `SHORTEST_MS`, or would all lie outside their audio, stops before it stores
anything.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from core.audio import gate
from core.errors import AudioError, InputError
from core.ingest.tables import Row, Table
from core.ingest.tables.row_parser import Columns, cell_text, span_ms
from core.ingest.tables.times import TimeUnit, Unit, unit_names, units_of
from core.workflows.imports.tables.audio import FoundAudio

SHORTEST_MS = 100
SLACK_MS = 500  # an utterance may end a little after its audio
_MOST_PROBES = 200  # audio files that are opened for the question


def checked_units(
    table: Table, columns: Columns, audio: FoundAudio, asked: Unit | None, rate_hz: float | None
) -> dict[str, TimeUnit]:
    """The unit of each time column. `InputError` if it is guessed and cannot be."""
    units = units_of(table, columns.times, asked, rate_hz)
    if units and asked is None:
        check_times(table, columns, units, audio)
    return units


def check_times(table: Table, columns: Columns, units: Mapping[str, TimeUnit], audio: FoundAudio) -> None:
    """`InputError` if `units`, which were guessed, make every utterance too short or put every one outside its audio.

    Both questions end at the first utterance that is as it should be, so they cost a few rows of most tables.
    """
    first = next(_spans(table, columns, units), None)
    if first is None:
        return
    if all(end - start < SHORTEST_MS for _, start, end in _spans(table, columns, units)):
        raise InputError(
            "{file}: read as {unit}, every utterance is shorter than {least} ms (the first: {start} to {end} ms). "
            "Say what the times are: --unit s, --unit ms, --unit frames or --unit samples",
            file=table.file.name,
            unit=unit_names(units),
            least=SHORTEST_MS,
            start=first[1],
            end=first[2],
        )
    if outside := _outside(table, columns, units, audio):
        name, audio_ms, start, end = outside
        raise InputError(
            "{file}: read as {unit}, no utterance lies inside its audio ({name} has {audio_ms} ms, the first utterance "
            "is {start} to {end} ms). Say what the times are: --unit s, --unit ms, --unit frames or --unit samples",
            file=table.file.name,
            unit=unit_names(units),
            name=name,
            audio_ms=audio_ms,
            start=start,
            end=end,
        )


def _spans(table: Table, columns: Columns, units: Mapping[str, TimeUnit]) -> Iterator[tuple[str, int, int]]:
    """Recording, start and end of each row whose times can be read."""
    for row in table.rows():
        if isinstance(row, Row):
            start, end = span_ms(row, columns, units)
            if start is not None and end is not None and end > start:
                yield cell_text(row, columns.recording or "") or "", start, end


def _outside(
    table: Table, columns: Columns, units: Mapping[str, TimeUnit], audio: FoundAudio
) -> tuple[str, int, int, int] | None:
    """The first utterance and the length of its audio if every utterance ends after its audio, else None."""
    if not any(isinstance(file, str) for file in audio.files.values()):
        return None
    lengths: dict[str, int | None] = {}
    first: tuple[str, int, int, int] | None = None
    for name, start, end in _spans(table, columns, units):
        if name not in lengths:
            if len(lengths) >= _MOST_PROBES:
                return first
            file = audio.files.get(name)
            lengths[name] = _length_ms(audio.folder.path(file) if isinstance(file, str) else None)
        length = lengths[name]
        if length is None:
            continue
        if end <= length + SLACK_MS:
            return None
        first = first or (name, length, start, end)
    return first


def _length_ms(file: Path | None) -> int | None:
    if file is None:
        return None
    try:
        return gate.probe(file, file.name).duration_ms
    except AudioError:
        return None
