"""Imports tables: CSV, TSV, XLSX, JSON, JSON Lines, Parquet. Rows are streamed, so memory does not grow with the file.

A second import of the same file adds nothing; running again completes an interrupted import. `rejects-table.csv` names
each row that could not be used, and each recording without audio. Labels under an unknown or only proposed scheme make
(or extend) a proposed scheme. Under a settled scheme, a row whose value fits no class is left out and named, so that it
can be corrected and imported again. A known row stays as it is: labels of a later import are not added to it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from core.audio import gate
from core.errors import AudioError, InputError
from core.ingest.archives import printable
from core.ingest.tables import File, Meter, Options, Reject, Row, Shape, Table, open_table
from core.ingest.tables.audio_folder import AudioFolder, MissingAudio
from core.ingest.tables.guess import Guess, guess_columns
from core.ingest.tables.labels import LabelReader, rules_of
from core.ingest.tables.row_parser import (
    UNLABELLED,
    Columns,
    ParsedRow,
    RowParser,
    recording_key,
    usable_for_voice,
)
from core.ingest.tables.spans import set_aside
from core.ingest.tables.stream import sha256, source_name
from core.ingest.tables.times import Unit
from core.messages import Message, SchemeName
from core.records import NewRecording, Recording
from core.schemes import SCHEMES
from core.workflows.imports import audio_files
from core.workflows.imports.grouping import Grouping, persons_of
from core.workflows.imports.rejects import streamed
from core.workflows.imports.report import BATCH, few_collections
from core.workflows.imports.table_audio import NO_AUDIO, NamedRecordings, find_audio
from core.workflows.imports.table_labels import Condition, RowFilter, schemes_of
from core.workflows.imports.table_times import checked_units
from core.workflows.workspace import Workspace, now

__all__ = [
    "Columns",
    "Condition",
    "File",
    "Options",
    "Preview",
    "Reject",
    "Row",
    "TableImport",
    "TableImportOptions",
    "Unit",
    "fitting_scheme",
    "ingest_table",
    "preview",
]

RECORDINGS = 500
SHOWN_REJECTS = 100
REJECTS = "rejects-table.csv"
Progress = Callable[[int, float], None]


@dataclass(frozen=True, slots=True)
class TableImportOptions:
    """What a person asks for. `source` "": the name of the file. `unit` None: guessed from the times of the table.

    `labelled_only`: rows without any label are counted and left out. `rate_hz`: frames or samples in a second.
    `audio_folder` None: the folder of the table. `maps`: (scheme or "" for all, value, class). `missing`: values that
    mean no answer. `where`: the rows that count.
    """

    columns: Columns
    options: Options = field(default_factory=Options)
    source: str = ""
    licence: str = "not stated"
    label_ids: bool = False
    unit: Unit | None = None
    labelled_only: bool = False
    rate_hz: float | None = None
    audio_folder: Path | None = None
    maps: tuple[tuple[str, str, str], ...] = ()
    missing: tuple[str, ...] = ()
    where: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows as these options read them, and a guess which column is which."""

    shape: Shape
    rows: tuple[Row | Reject, ...]
    guess: Guess


@dataclass(slots=True)
class TableImport:
    """What an import did, counted in rows. `skipped` are the first rejects; `reasons` counts all rejects by kind.

    `schemes` maps each requested name to the name of the scheme that was used. `unit` is the unit of the start times.
    `audio_missing` are the first names without audio, with the nearest files.
    """

    source: str
    shape: Shape
    schemes: dict[str, str]
    unit: Unit | None = None
    audio_missing: list[MissingAudio] = field(default_factory=list)
    rows: int = 0
    added: int = 0
    known: int = 0
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    skipped: list[Reject] = field(default_factory=list)
    rejects: Path | None = None
    grouping: Grouping = field(default_factory=Grouping)

    def note(self, text: str, n: int = 1) -> None:
        self.notes[text] = self.notes.get(text, 0) + n


def preview(file: File, options: Options, rows: int = 20) -> Preview:
    """Read only the beginning of `file`, as `options` say."""
    table = open_table(file, options)
    first_rows = tuple(islice(table.rows(), rows))
    readable = [row for row in first_rows if isinstance(row, Row)]
    return Preview(table.shape, first_rows, guess_columns(table.shape.columns, readable))


def fitting_scheme(shown: Preview, column: str) -> str | None:
    """The name of a known scheme with a class for every value seen in `column`; None if there is none."""
    values = [row.cells.get(column) for row in shown.rows if isinstance(row, Row)]
    for name, scheme in SCHEMES.items():
        read = LabelReader(scheme)
        try:
            if any(read(value) for value in values):
                return name
        except InputError:
            continue
    return None


@few_collections()
def ingest_table(
    ws: Workspace, file: File, options: TableImportOptions, progress: Progress = lambda rows, share: None,
    batch_size: int = BATCH,
) -> TableImport:  # fmt: skip
    """Import the rows of `file`; `progress(rows read, share of the file)` after each batch is on disk."""
    wanted = (*options.columns.named, *(condition.column for condition in options.where))
    opened = open_table(file, replace(options.options, wanted=wanted))
    opened, columns = set_aside(opened, options.columns.found_in(opened.shape))
    table = (counted := RowFilter()).applied(opened, options.where, columns.labels.values())
    audio = find_audio(table, columns.recording, AudioFolder(options.audio_folder or file.folder))
    units = checked_units(table, columns, audio, options.unit, options.rate_hz)
    source = _source(file, options.source, table.shape)
    named = audio.named(ws, source)
    rules = {name: rules_of(name, options.maps, options.missing) for name in columns.labels}
    chosen = schemes_of(ws, table, columns.labels, columns.recording is not None, rules)
    result = TableImport(source, table.shape, {name: s.name for name, s in chosen.items()})
    result.unit = units[columns.start].unit if columns.start else None
    result.audio_missing = audio.missing()
    reads = {s.name: LabelReader(s, options.label_ids, rules[name]) for name, s in chosen.items()}
    of_recordings = [s.name for s in chosen.values() if s.level == "recording"]
    columns = replace(columns, labels={s.name: columns.labels[name] for name, s in chosen.items()})
    persons = persons_of(table, columns, named.names)
    reader = RowParser(columns, source, reads, of_recordings, units, persons, named.names, options.missing)
    source_id = ws.store.corpus.add_source(source, "table", printable(options.licence), sha256(file), now())
    progress(0, 0.0)
    with _rejects(ws, file, result) as reject:
        for no_audio in audio.rejects():
            reject(no_audio)
        rows = _parsed_rows(table, reader, meter := Meter(), result, reject)
        rows = result.grouping.counted(_labelled_rows(rows, result) if options.labelled_only else rows)
        if columns.recording is None:
            _add_sentences(ws, source_id, rows, result, batch_size, lambda: progress(result.rows, meter.share))
        else:
            target = _RecordingImport(ws, source_id, result, named, columns.start is not None)
            _add_recordings(target, rows, named.last, lambda: progress(result.rows, meter.share))
    result.rows += counted.left_out
    for note, n in counted.notes.items():
        result.note(note, n)
    progress(result.rows, 1.0)
    return result


def _source(file: File, asked: str, shape: Shape) -> str:
    """The name of the source; each sheet of a workbook but the first is a source of its own."""
    other = shape.format == "xlsx" and shape.sheet and shape.sheet != shape.sheets[0] and not asked
    return source_name(file, f"{source_name(file, '')}/{shape.sheet}"[:200] if other else asked)


def _parsed_rows(
    table: Table, reader: RowParser, meter: Meter, result: TableImport, reject: Callable[[Reject], None]
) -> Iterator[ParsedRow]:
    """Yield each row that can be used; pass the others to `reject`."""
    for row in table.rows(meter):
        result.rows += 1
        parsed = row if isinstance(row, Reject) else reader.read(row)
        if isinstance(parsed, Reject):
            reject(parsed)
            continue
        for note in parsed.notes:
            result.note(note)
        yield parsed


def _labelled_rows(rows: Iterator[ParsedRow], result: TableImport) -> Iterator[ParsedRow]:
    """Yield the rows that have a label; count the others."""
    for row in rows:
        if row.utterance.labels or row.recording_labels:
            yield row
        else:
            result.note(UNLABELLED)


def _add_sentences(
    ws: Workspace, source_id: int, rows: Iterator[ParsedRow], result: TableImport, size: int, tell: Callable[[], None]
) -> None:
    """Add the rows as sentences without a recording, `size` rows in one transaction."""
    batch: list[ParsedRow] = []

    def flush() -> None:
        report = ws.store.corpus.add_sentences(source_id, [row.utterance for row in batch], now())
        result.added += report.added
        result.known += report.known
        batch.clear()
        tell()

    with _flush_on_error(flush):
        for row in rows:
            batch.append(row)
            if len(batch) >= size:
                flush()
    flush()


@contextmanager
def _flush_on_error(flush: Callable[[], None]) -> Iterator[None]:
    """If the file breaks off, store the rows read so far, then raise the error."""
    try:
        yield
    except InputError:
        flush()
        raise


@dataclass(frozen=True, slots=True)
class _RecordingImport:
    """Where recordings are added and counted. `timed`: the rows hold start and end times."""

    ws: Workspace
    source_id: int
    result: TableImport
    sounds: NamedRecordings
    timed: bool


def _add_recordings(
    target: _RecordingImport, rows: Iterator[ParsedRow], last: Mapping[str, int], tell: Callable[[], None]
) -> None:
    """Add rows by recording. A recording's rows wait in memory until its last row was read."""
    waiting: dict[str, list[ParsedRow]] = {}
    ready: list[str] = []

    def flush() -> None:
        _store(target, {name: waiting.pop(name) for name in ready})
        ready.clear()
        tell()

    def flush_all() -> None:
        ready[:] = waiting
        flush()

    with _flush_on_error(flush_all):
        for row in rows:
            name = row.recording or ""
            waiting.setdefault(name, []).append(row)
            ready += [name] if row.row >= last.get(name, 0) else []
            if len(ready) >= RECORDINGS:
                flush()
    flush_all()


def _store(target: _RecordingImport, calls: Mapping[str, Sequence[ParsedRow]]) -> None:
    """Store these recordings (name -> rows) in one transaction and count what was new."""
    keys = {name: recording_key(target.result.source, name) for name in calls}
    known = target.ws.store.transfer.recordings_by_key(keys.values())
    recordings: list[NewRecording] = []
    for name, rows in calls.items():
        before = known.get(keys[name])
        recordings.append(_recording(target, keys[name], name, rows, before))
        if before is not None and before.path is None and recordings[-1].path is not None:
            target.result.note("recording that had no audio before: joined")
    recordings = _without_foreign_rows(target, recordings, known)
    report = target.ws.store.corpus.add_recordings(target.source_id, recordings, now())
    added = report.notes.get("utterances", 0)
    target.result.added += added
    target.result.known += sum(map(len, calls.values())) - added
    target.result.note("recordings added", report.added)


def _without_foreign_rows(
    target: _RecordingImport, calls: Sequence[NewRecording], known: Mapping[str, Recording]
) -> list[NewRecording]:
    """Leave out rows of new recordings if an utterance of the same id is already stored elsewhere."""
    new_keys = [u.key for call in calls if call.key not in known for u in call.utterances]
    taken = target.ws.store.corpus.utterance_ids(new_keys)
    if not taken:
        return list(calls)
    target.result.note("row whose id is known and belongs to no such recording: left as it is", len(taken))
    remaining = [replace(c, utterances=tuple(u for u in c.utterances if u.key not in taken)) for c in calls]
    return [call for call in remaining if call.utterances]


def _recording(
    target: _RecordingImport, key: str, name: str, rows: Sequence[ParsedRow], before: Recording | None
) -> NewRecording:
    """The recording to add. If it has audio already (`before`), that audio stays and is not read again."""
    result = target.result
    path = digest = rate_hz = None
    audio_ms = before.duration_ms if before is not None and before.path is not None else None
    if audio_ms is None:
        try:
            path, digest, audio_ms, rate_hz = _audio(target, name)
        except AudioError as error:
            result.note(Message("audio that cannot be used ({reason}): text imported without it", reason=error.reason))
    utterances = [row.utterance for row in rows]
    if not target.timed and len(rows) == 1 and audio_ms:
        utterances = [replace(utterances[0], start_ms=0, end_ms=audio_ms)]
    if audio_ms is not None:
        beyond = sum(u.end_ms is not None and u.end_ms > audio_ms for u in utterances)
        if beyond:
            result.note("utterance that ends after its audio: not usable for voice", beyond)
    labels: dict[str, str] = {}
    for row in rows:
        for scheme, code in row.recording_labels.items():
            if labels.setdefault(scheme, code) != code:
                result.note(Message(
                    "row that gives its recording another {scheme} than an earlier one: the first is kept",
                    scheme=SchemeName(scheme),
                ))  # fmt: skip
    return NewRecording(
        key=key, duration_ms=audio_ms or max((u.end_ms or 0 for u in utterances), default=0), sample_rate_hz=rate_hz,
        path=path, sha256=digest, labels=labels, meta={"name": target.sounds.written.get(name, name)},
        utterances=tuple(replace(u, voice_usable=usable_for_voice(u, audio_ms)) for u in utterances),
    )  # fmt: skip


def _audio(target: _RecordingImport, name: str) -> tuple[str | None, str | None, int | None, int | None]:
    """Path and SHA-256 in the workspace, length in ms and rate in Hz; four times None if there is no audio."""
    file = target.sounds.find(name)
    if isinstance(file, str):
        target.result.note(file)
        return None, None, None, None
    probe = gate.probe(file, file.name)
    path, digest = audio_files.save(target.ws, file.read_bytes(), probe.format, probe.copy)
    return path, digest, probe.duration_ms, probe.sample_rate_hz


@contextmanager
def _rejects(ws: Workspace, file: File, result: TableImport) -> Iterator[Callable[[Reject], None]]:
    """Yields a function that writes a reject. The CSV is complete when the import ends, also if it ends in an error."""
    name = printable(file.name)
    with streamed(ws, REJECTS, ("file", "row", "reason")) as rejects:

        def reject(rejected: Reject) -> None:
            rejects.add(name, rejected.row, printable(rejected.reason))
            if rejected.kind == NO_AUDIO:  # counted by its note
                return
            result.rejected += 1
            result.reasons[rejected.kind] = result.reasons.get(rejected.kind, 0) + 1
            if len(result.skipped) < SHOWN_REJECTS:
                result.skipped.append(replace(rejected, reason=printable(rejected.reason)))

        yield reject
    result.rejects = rejects.path
