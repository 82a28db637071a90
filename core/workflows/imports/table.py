"""Bringing tables in: CSV, TSV, XLSX, JSON, JSON Lines, Parquet. Streams, so memory stays flat.

A second import of the same file adds nothing, and one that was interrupted is completed by running it again. What could
not be used is named by row in `rejects-table.csv`. Labels of a scheme that is not known, or only proposed, become (or
grow) a proposed scheme; under a known scheme a row whose value is no class is left out and named, so that it can be
mended and imported again. A row that is known keeps what it has: labels of a later import are not added to it.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from core.audio import gate
from core.cells import harmless
from core.errors import AudioError, InputError
from core.files import put, remove, temporary_beside
from core.ingest.archives import printable
from core.ingest.tables import File, Meter, Options, Reject, Row, Shape, Table, open_table
from core.ingest.tables.guess import Guess, guess
from core.ingest.tables.meaning import (
    UNLABELLED,
    Columns,
    Meant,
    Read,
    Reader,
    Unit,
    cell_text,
    distinct,
    reading,
    recording_key,
    unit_of,
    usable_for_voice,
)
from core.ingest.tables.sounds import Sounds
from core.ingest.tables.stream import sha256, source_name
from core.messages import Message, SchemeName
from core.records import NewRecording, Recording
from core.schemes import SCHEMES, Scheme
from core.schemes.files import MOST_CLASSES
from core.workflows.corpus import schemes
from core.workflows.imports import audio_files
from core.workflows.imports.report import BATCH, few_collections
from core.workflows.workspace import Workspace, now

__all__ = [
    "Columns",
    "File",
    "Options",
    "Order",
    "Preview",
    "Reject",
    "Row",
    "TableImport",
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
class Order:
    """What a person asks for; `source` "" is the file's stem, `unit` None is judged by the times.

    `labelled_only`: rows that nobody has labelled are counted and left out.
    """

    columns: Columns
    options: Options = field(default_factory=Options)
    source: str = ""
    licence: str = "not stated"
    label_ids: bool = False
    unit: Unit | None = None
    labelled_only: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows as they are read now, and a guess at the columns."""

    shape: Shape
    rows: tuple[Row | Reject, ...]
    guess: Guess


@dataclass(slots=True)
class TableImport:
    """What an import did, in rows. `skipped` are the first rejects, `reasons` counts all by kind.

    `schemes` maps the names asked for to the schemes used; `unit` is the times'.
    """

    source: str
    shape: Shape
    schemes: dict[str, str]
    unit: Unit | None = None
    rows: int = 0
    added: int = 0
    known: int = 0
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    skipped: list[Reject] = field(default_factory=list)
    rejects: Path | None = None

    def note(self, what: str, n: int = 1) -> None:
        self.notes[what] = self.notes.get(what, 0) + n


def preview(file: File, options: Options, rows: int = 20) -> Preview:
    """How `file` would be read; reads its beginning only."""
    table = open_table(file, options)
    found = tuple(islice(table.rows(), rows))
    return Preview(table.shape, found, guess(table.shape.columns, [row for row in found if isinstance(row, Row)]))


def fitting_scheme(shown: Preview, column: str) -> str | None:
    """The known scheme that has a class for every value seen in `column`, if there is one."""
    values = [row.cells.get(column) for row in shown.rows if isinstance(row, Row)]
    for name, one in SCHEMES.items():
        read = reading(one, ids=False)
        try:
            if any(read(value) for value in values):
                return name
        except InputError:
            continue
    return None


@few_collections()
def ingest_table(
    ws: Workspace, file: File, order: Order, progress: Progress = lambda rows, share: None, batch_size: int = BATCH
) -> TableImport:
    """Import the rows of `file`; `progress(rows read, share of the file)` after each batch is on disk."""
    asked = replace(order.options, wanted=order.columns.named)
    table = open_table(file, asked)
    columns = order.columns.found_in(table.shape)
    used = _schemes(ws, table, columns)
    done = TableImport(source_name(file, order.source), table.shape, {name: one.name for name, one in used.items()})
    if columns.start is not None:
        done.unit = order.unit or unit_of(table, columns)
    reads: dict[str, Read] = {name: reading(one, order.label_ids) for name, one in used.items()}
    of_recordings = [one.name for one in used.values() if one.level == "recording"]
    columns = replace(columns, labels={one.name: columns.labels[name] for name, one in used.items()})
    reader = Reader(columns, done.source, {used[n].name: r for n, r in reads.items()}, of_recordings, done.unit or "ms")
    source_id = ws.store.corpus.add_source(done.source, "table", printable(order.licence), sha256(file), now())
    meter = Meter()
    progress(0, 0.0)
    with _rejects(ws, file, done) as reject:
        rows = _meant(table, reader, meter, done, reject)
        if order.labelled_only:
            rows = _labelled(rows, done)
        if columns.recording is None:
            _add_sentences(ws, source_id, rows, done, batch_size, lambda: progress(done.rows, meter.share))
        else:
            last = _last_rows(table, columns.recording)
            home = _Home(ws, source_id, done, Sounds(file.folder), columns.start is not None)
            _add_recordings(home, rows, last, lambda: progress(done.rows, meter.share))
    progress(done.rows, 1.0)
    return done


def _meant(
    table: Table, reader: Reader, meter: Meter, done: TableImport, reject: Callable[[Reject], None]
) -> Iterator[Meant]:
    """Every row that can be used; the others go to `reject`."""
    for row in table.rows(meter):
        done.rows += 1
        found = row if isinstance(row, Reject) else reader.read(row)
        if isinstance(found, Reject):
            reject(found)
            continue
        for note in found.notes:
            done.note(note)
        yield found


def _labelled(rows: Iterator[Meant], done: TableImport) -> Iterator[Meant]:
    for one in rows:
        if one.utterance.labels or one.recording_labels:
            yield one
        else:
            done.note(UNLABELLED)


def _schemes(ws: Workspace, table: Table, columns: Columns) -> dict[str, Scheme]:
    """The scheme of every label column; one that is unknown or still proposed gets a class for every value found."""
    of_recordings = [name for name in columns.labels if name in SCHEMES and SCHEMES[name].level == "recording"]
    if of_recordings and columns.recording is None:
        raise InputError(
            "{scheme} is a label of recordings: name the recording's column too",
            scheme=SchemeName(of_recordings[0]),
        )
    known = {name: SCHEMES[name] for name in columns.labels if name in SCHEMES and SCHEMES[name].state == "active"}
    new = {name: column for name, column in columns.labels.items() if name not in known}
    found = distinct(table.rows(), new, MOST_CLASSES) if new else {}
    made: dict[str, Scheme] = {}
    for name, (values, several) in found.items():
        if not values:
            raise InputError(
                "column {column} holds no value to make classes of scheme {name} of",
                column=new[name],
                name=SchemeName(name),
            )
        several = several or (name in SCHEMES and SCHEMES[name].kind == "multi")
        level = SCHEMES[name].level if name in SCHEMES else "utterance"
        made[name] = schemes.propose(ws, name, values, multi=several, level=level)
    return {name: known.get(name) or made[name] for name in columns.labels}


def _add_sentences(
    ws: Workspace, source_id: int, rows: Iterator[Meant], done: TableImport, size: int, tell: Callable[[], None]
) -> None:
    batch: list[Meant] = []

    def flush() -> None:
        part = ws.store.corpus.add_sentences(source_id, [one.utterance for one in batch], now())
        done.added += part.added
        done.known += part.known
        batch.clear()
        tell()

    with _kept_on_error(flush):
        for one in rows:
            batch.append(one)
            if len(batch) >= size:
                flush()
    flush()


@contextmanager
def _kept_on_error(flush: Callable[[], None]) -> Iterator[None]:
    """Where a file breaks off, what came before stays."""
    try:
        yield
    except InputError:
        flush()
        raise


def _last_rows(table: Table, column: str) -> dict[str, int]:
    """recording -> its last row, so that it is stored as soon as that has come."""
    last: dict[str, int] = {}
    for row in table.rows():
        if isinstance(row, Row) and (name := cell_text(row, column)):
            last[name] = row.number
    return last


@dataclass(frozen=True, slots=True)
class _Home:
    """Where recordings go; `timed`: their rows say from when to when."""

    ws: Workspace
    source_id: int
    done: TableImport
    sounds: Sounds
    timed: bool


def _add_recordings(home: _Home, rows: Iterator[Meant], last: Mapping[str, int], tell: Callable[[], None]) -> None:
    """A recording's rows wait in memory until its last one: flat where a table is sorted by recording."""
    waiting: dict[str, list[Meant]] = {}
    ready: list[str] = []

    def flush() -> None:
        _store(home, {name: waiting.pop(name) for name in ready})
        ready.clear()
        tell()

    def flush_all() -> None:
        ready[:] = waiting
        flush()

    with _kept_on_error(flush_all):
        for one in rows:
            name = one.recording or ""
            waiting.setdefault(name, []).append(one)
            ready += [name] if one.row >= last.get(name, 0) else []
            if len(ready) >= RECORDINGS:
                flush()
    flush_all()


def _store(home: _Home, calls: Mapping[str, Sequence[Meant]]) -> None:
    keys = {name: recording_key(home.done.source, name) for name in calls}
    known = home.ws.store.transfer.recordings_by_key(keys.values())
    new: list[NewRecording] = []
    for name, said in calls.items():
        before = known.get(keys[name])
        new.append(_recording(home, keys[name], name, said, before))
        if before is not None and before.path is None and new[-1].path is not None:
            home.done.note("recording that had no audio before: joined")
    new = _without_strangers(home, new, known)
    report = home.ws.store.corpus.add_recordings(home.source_id, new, now())
    added = report.notes.get("utterances", 0)
    home.done.added += added
    home.done.known += sum(map(len, calls.values())) - added
    home.done.note("recordings added", report.added)


def _without_strangers(
    home: _Home, calls: Sequence[NewRecording], known: Mapping[str, Recording]
) -> list[NewRecording]:
    """Without the rows of new recordings that an earlier import has stored elsewhere, under the same id."""
    fresh = [one.key for call in calls if call.key not in known for one in call.utterances]
    taken = home.ws.store.corpus.utterance_ids(fresh)
    if not taken:
        return list(calls)
    home.done.note("row whose id is known and belongs to no such recording: left as it is", len(taken))
    left = [replace(c, utterances=tuple(u for u in c.utterances if u.key not in taken)) for c in calls]
    return [call for call in left if call.utterances]


def _recording(home: _Home, key: str, name: str, said: Sequence[Meant], before: Recording | None) -> NewRecording:
    """As it is to be added; the audio that it had `before` stays and is not read again."""
    path = digest = rate_hz = None
    audio_ms = before.duration_ms if before is not None and before.path is not None else None
    if audio_ms is None:
        try:
            path, digest, audio_ms, rate_hz = _audio(home, name)
        except AudioError as error:
            home.done.note(
                Message("audio that cannot be used ({reason}): text imported without it", reason=error.reason)
            )
    utterances = [one.utterance for one in said]
    if not home.timed and len(said) == 1 and audio_ms:
        utterances = [replace(utterances[0], start_ms=0, end_ms=audio_ms)]
    if audio_ms is not None:
        beyond = sum(u.end_ms is not None and u.end_ms > audio_ms for u in utterances)
        if beyond:
            home.done.note("utterance that ends after its audio: not usable for voice", beyond)
    labels: dict[str, str] = {}
    for one in said:
        for scheme, code in one.recording_labels.items():
            if labels.setdefault(scheme, code) != code:
                home.done.note(
                    Message(
                        "row that gives its recording another {scheme} than an earlier one: the first is kept",
                        scheme=SchemeName(scheme),
                    )
                )
    return NewRecording(
        key=key, duration_ms=audio_ms or max((u.end_ms or 0 for u in utterances), default=0), sample_rate_hz=rate_hz,
        path=path, sha256=digest, labels=labels, meta={"name": name},
        utterances=tuple(replace(u, voice_usable=usable_for_voice(u, audio_ms)) for u in utterances),
    )  # fmt: skip


def _audio(home: _Home, name: str) -> tuple[str | None, str | None, int | None, int | None]:
    """Path and SHA-256 in the workspace, length in ms and rate in Hz; None four times where there is no audio."""
    found = home.sounds.find(name)
    if isinstance(found, str):
        home.done.note(found)
        return None, None, None, None
    probe = gate.probe(found, found.name)
    path, digest = audio_files.keep(home.ws, found.read_bytes(), probe.format)
    return path, digest, probe.duration_ms, probe.sample_rate_hz


@contextmanager
def _rejects(ws: Workspace, file: File, done: TableImport) -> Iterator[Callable[[Reject], None]]:
    """Writes rejects as they come; the CSV is there, whole, when the import ends, also when it ends in an error."""
    path, name = ws.settings.home / REJECTS, printable(file.name)
    partial = temporary_beside(path)
    with partial.open("w", newline="", encoding="utf-8-sig") as out:  # the BOM makes spreadsheets read Hangul
        rows = csv.writer(out)
        rows.writerow(["file", "row", "reason"])

        def reject(one: Reject) -> None:
            rows.writerow([harmless(name), one.row, harmless(printable(one.reason))])
            done.rejected += 1
            done.reasons[one.kind] = done.reasons.get(one.kind, 0) + 1
            if len(done.skipped) < SHOWN_REJECTS:
                done.skipped.append(replace(one, reason=printable(one.reason)))

        try:
            yield reject
        finally:
            out.flush()
            if done.rejected:
                put(partial, path)
                done.rejects = path
            else:
                remove(partial)
