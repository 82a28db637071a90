"""Imports tables: CSV, TSV, XLSX, JSON, JSON Lines, Parquet. Rows are streamed, so memory does not grow with the file.

A second import of the same file adds nothing; running again completes an interrupted import. `rejects-table.csv` names
each row that could not be used. Labels under an unknown or only proposed scheme make (or extend) a proposed scheme.
Under a settled scheme, a row whose value fits no class is left out and named, so that it can be corrected and imported
again. A known row is compared with what is stored: a label that nobody gave yet is added, and a row that differs is a
clash (`core.workflows.imports.clashes`). Which source a table belongs to is decided in `sources` beside it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path

from core.audio import gate
from core.errors import AudioError, InputError
from core.ingest.archives import printable
from core.ingest.tables import File, Meter, Options, Reject, Row, Shape, Table, open_table
from core.ingest.tables.audio_folder import AudioFolder, MissingAudio
from core.ingest.tables.labels import LabelReader, rules_of
from core.ingest.tables.row_parser import UNLABELLED, Columns, ParsedRow, RowParser, recording_key, usable_for_voice
from core.ingest.tables.spans import set_aside
from core.ingest.tables.times import Unit
from core.messages import Message, SchemeName
from core.records import NewRecording, OnClash, Recording
from core.workflows.imports import audio_files
from core.workflows.imports.clashes import DECIDED, ClashCounts, ClashLog
from core.workflows.imports.grouping import Grouping, persons_of
from core.workflows.imports.rejects import streamed
from core.workflows.imports.report import BATCH, few_collections
from core.workflows.imports.tables.audio import NO_AUDIO, NamedRecordings, find_audio
from core.workflows.imports.tables.labels import Condition, RowFilter, schemes_of
from core.workflows.imports.tables.preview import Preview, fitting_scheme, preview
from core.workflows.imports.tables.sources import (
    CLASH,
    Reading,
    TableClashes,
    at_known_places,
    sound_sha256,
    source_of,
)  # fmt: skip
from core.workflows.imports.tables.times import checked_units
from core.workflows.workspace import Workspace, now

__all__ = [
    "Columns", "Condition", "File", "Options", "Preview", "Reject", "Row", "TableImport", "TableImportOptions", "Unit",
    "fitting_scheme", "ingest_table", "preview",
]  # fmt: skip

RECORDINGS = 500
SHOWN_REJECTS = 100
REJECTS, REJECT_COLUMNS = "rejects-table.csv", ("file", "row", "reason")
ABSENT = Message("known item that this edition does not hold: left as it is")
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
    on_clash: OnClash = "report"
    rate_hz: float | None = None
    audio_folder: Path | None = None
    maps: tuple[tuple[str, str, str], ...] = ()
    missing: tuple[str, ...] = ()
    where: tuple[Condition, ...] = ()

    @property
    def wanted(self) -> tuple[str, ...]:
        """Every column that a person named."""
        return (*self.columns.named, *(condition.column for condition in self.where))


@dataclass(slots=True)
class TableImport(ClashCounts):
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
    skipped: list[Reject] = field(default_factory=list)
    rejects: Path | None = None
    grouping: Grouping = field(default_factory=Grouping)


@few_collections()
def ingest_table(
    ws: Workspace, file: File, options: TableImportOptions, progress: Progress = lambda rows, share: None,
    batch_size: int = BATCH,
) -> TableImport:  # fmt: skip
    """Import the rows of `file`; `progress(rows read, share of the file)` after each batch is on disk."""
    opened = open_table(file, replace(options.options, wanted=options.wanted))
    opened, columns = set_aside(opened, options.columns.found_in(opened.shape))
    table = (counted := RowFilter()).applied(opened, options.where, columns.labels.values())
    audio = find_audio(table, columns.recording, AudioFolder(options.audio_folder or file.folder))
    units = checked_units(table, columns, audio, options.unit, options.rate_hz)
    rules = {name: rules_of(name, options.maps, options.missing) for name in columns.labels}
    chosen = schemes_of(ws, table, columns.labels, columns.recording is not None, rules)
    unit = units[columns.start].unit if columns.start else None
    readers = {s.name: LabelReader(s, options.label_ids, rules[name]) for name, s in chosen.items()}
    of_recordings = [s.name for s in chosen.values() if s.level == "recording"]
    columns = replace(columns, labels={s.name: columns.labels[name] for name, s in chosen.items()})

    @cache
    def known_as(source: str) -> tuple[NamedRecordings, dict[str, str]]:
        named = audio.named(ws, source)
        return named, persons_of(table, columns, named.names)

    def read_as(source: str) -> Reading:
        named, persons = known_as(source)
        parser = RowParser(columns, source, readers, of_recordings, units, persons, named.names, options.missing)
        return Reading(parser, named.find)

    ids, spoken = columns.id is not None, columns.recording is not None
    of_table = source_of(ws, file, table, options.source, read_as, options.on_clash, ids, options.licence, spoken)
    result = TableImport(of_table.chosen.name, table.shape, {name: s.name for name, s in chosen.items()}, unit)
    if of_table.chosen.note:
        result.note(of_table.chosen.note)
    result.audio_missing, (sounds, _) = audio.missing(), known_as(result.source)
    reader, log = of_table.reading.parser, ClashLog(ws, result.source, options.on_clash)
    size_before = ws.store.deliveries.size(result.source)
    progress(0, 0.0)
    with _rejects(ws, file, result) as reject:
        for no_audio in audio.rejects():
            reject(no_audio)
        rows = _parsed_rows(table, reader, meter := Meter(), result, reject)
        rows = result.grouping.counted(_labelled_rows(rows, result) if options.labelled_only else rows)
        timed = columns.start is not None
        target = _Target(ws, of_table.id, result, TableClashes(log, result, reject), sounds, timed, ids)
        if columns.recording is None:
            _add_sentences(target, rows, batch_size, lambda: progress(result.rows, meter.share))
        else:
            _add_recordings(target, rows, sounds.last, lambda: progress(result.rows, meter.share))
    result.rows += counted.left_out
    for note, n in counted.notes.items():
        result.note(note, n)
    result.proposals, result.batch = log.proposals, log.batch
    if log.decided:
        result.note(DECIDED, log.decided)
    held = result.known + result.clashed
    if held > size_before - held > 0:  # an edition of what is known, not one more part of it
        result.note(ABSENT, size_before - held)
    progress(result.rows, 1.0)
    return result


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


def _add_sentences(target: "_Target", rows: Iterator[ParsedRow], size: int, tell: Callable[[], None]) -> None:
    """Add the rows as sentences without a recording, `size` rows in one transaction."""
    batch: list[ParsedRow] = []

    def flush() -> None:
        report = target.ws.store.corpus.add_sentences(target.source_id, [row.utterance for row in batch], now())
        target.result.added += report.added
        target.result.known += report.known
        target.clashes.take(report, batch)
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
class _Target:
    """Where rows are added and counted. `timed`: the rows hold start and end times; `ids`: they hold ids."""

    ws: Workspace
    source_id: int
    result: TableImport
    clashes: TableClashes
    sounds: NamedRecordings
    timed: bool
    ids: bool


def _add_recordings(
    target: _Target, rows: Iterator[ParsedRow], last: Mapping[str, int], tell: Callable[[], None]
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


def _store(target: _Target, calls: Mapping[str, Sequence[ParsedRow]]) -> None:
    """Store these recordings (name -> rows) in one transaction and count what was new."""
    keys = {name: recording_key(target.result.source, name) for name in calls}
    known = target.ws.store.transfer.recordings_by_key(keys.values())
    recordings: list[NewRecording] = []
    for name, rows in calls.items():
        before = known.get(keys[name])
        recordings.append(_recording(target, keys[name], name, rows, before))
        if before is not None and before.path is None and recordings[-1].path is not None:
            target.result.note("recording that had no audio before: joined")
    target.clashes.log.keep = partial(_kept, target)
    rows = [row for call in calls.values() for row in call]
    if not target.ids:
        recordings, rows = at_known_places(target.ws, recordings, known, rows)
    report = target.ws.store.corpus.add_recordings(target.source_id, recordings, now(), elsewhere=True)
    added = report.notes.get("utterances", 0)
    clashing = target.clashes.take(report, rows, recordings)
    target.result.added += added
    target.result.known += len(rows) - added - clashing
    target.result.note("recordings added", report.added)


def _kept(target: _Target, recording: NewRecording) -> NewRecording:
    """The recording with its audio stored, for a suggestion to use it."""
    file = target.sounds.find(str(recording.meta["name"]))
    if recording.path is not None or isinstance(file, str):
        return recording
    path, digest, audio_ms, rate_hz = _audio(target, str(recording.meta["name"]))
    return replace(recording, path=path, sha256=digest, duration_ms=audio_ms or 0, sample_rate_hz=rate_hz)


def _recording(
    target: _Target, key: str, name: str, rows: Sequence[ParsedRow], before: Recording | None
) -> NewRecording:
    """The recording to add. If it has audio already (`before`), that audio stays; the delivered one is only hashed."""
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
    if before is not None and before.path is not None and isinstance(file := target.sounds.find(name), Path):
        digest = sound_sha256(file)
    return NewRecording(
        key=key, duration_ms=audio_ms or max((u.end_ms or 0 for u in utterances), default=0), sample_rate_hz=rate_hz,
        path=path, sha256=digest, labels=labels, meta={"name": target.sounds.written.get(name, name)},
        utterances=tuple(replace(u, voice_usable=usable_for_voice(u, audio_ms)) for u in utterances),
    )  # fmt: skip


def _audio(target: _Target, name: str) -> tuple[str | None, str | None, int | None, int | None]:
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
    with streamed(ws, REJECTS, REJECT_COLUMNS) as rejects:

        def reject(rejected: Reject) -> None:
            rejects.add(name, rejected.row, printable(rejected.reason))
            if rejected.kind in (CLASH, NO_AUDIO):  # counted by fields, and by a note
                return
            result.rejected += 1
            result.reasons[rejected.kind] = result.reasons.get(rejected.kind, 0) + 1
            if len(result.skipped) < SHOWN_REJECTS:
                result.skipped.append(replace(rejected, reason=printable(rejected.reason)))

        yield reject
    result.rejects = rejects.path
