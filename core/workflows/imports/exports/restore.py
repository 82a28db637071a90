"""Imports exports: those of this program and those of Label Studio. Known rows add nothing.

A file is read twice. The first pass collects what only the whole file tells: the values of each scheme, the length of
each recording, and which rows are parents. The second pass stores row by row. A value that a scheme does not know makes
a proposed scheme (`core.workflows.corpus.schemes.propose`). A model's prediction becomes a Proposal that waits for a
curator.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from core.batches import batches
from core.errors import InputError, UnknownName
from core.files import sha256
from core.ingest.exports.gwidama import open_export
from core.ingest.exports.labelstudio import LabelStudioExport
from core.ingest.exports.rows import DeliveredPrediction, Export, ExportedRecording, ExportedRow
from core.messages import Message
from core.records import Level, NewRecording, OnClash, Report, RestoredUtterance, Skip
from core.schemes import JOIN, SCHEMES, Scheme
from core.schemes.missing import read_value
from core.store import NewProposal
from core.store.corpus.transfer import with_utterances
from core.workflows.corpus import schemes
from core.workflows.corpus.bulk import named
from core.workflows.imports import sources
from core.workflows.imports.clashes import DECIDED, ClashLog
from core.workflows.imports.exports.annotators import store_votes
from core.workflows.imports.exports.apart import apart
from core.workflows.imports.exports.call_answers import CallAnswers
from core.workflows.imports.exports.labelstudio import open_project
from core.workflows.imports.exports.restored_audio import DeliveredAudio
from core.workflows.imports.report import BATCH, ImportResult, Progress, merge, write_rejects
from core.workflows.imports.sources import ChosenSource
from core.workflows.workspace import Workspace, now

CALLS = 200  # recordings with their sound
MOST_VALUES = 1_000  # of one scheme; no scheme has so many classes
Register = Callable[[str], int]  # takes the licence of a source, returns the id of the source


@dataclass(slots=True)
class _SurveyedRecording:
    """A recording that the file names: the end of its last utterance, group and key of its first one, its own
    labels.
    """

    end_ms: int
    group: str | None
    first: str
    labels: dict[str, str] = field(default_factory=dict)
    disputed: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Survey:
    """What the first pass collects. `values` are the values of each scheme, in the order of the file."""

    rows: int = 0
    values: dict[str, dict[str, None]] = field(default_factory=dict)
    recordings: dict[str | int, _SurveyedRecording] = field(default_factory=dict)
    parents: set[int] = field(default_factory=set)
    calls: CallAnswers = field(default_factory=CallAnswers)


def ingest_gwidama(
    ws: Workspace, path: Path, progress: Progress = lambda done, total: None, on_clash: OnClash = "report"
) -> ImportResult:
    """Import an export of this program; `progress(done, total)` in utterances, after each batch is on disk."""
    ws.store.schemes.sync()
    file, chosen = apart(ws, open_export(path)) if on_clash == "source" else (open_export(path), None)
    return _ingest(ws, file, progress, on_clash, None, chosen)


def ingest_labelstudio(
    ws: Workspace,
    path: Path,
    text: str | None = None,
    progress: Progress = lambda done, total: None,
    labels: Mapping[str, str] | None = None,
    on_clash: OnClash = "report",
) -> ImportResult:
    """Import Label Studio tasks; `text` is the field of `data` that holds the text (None: it is guessed).

    `labels` maps a scheme to the `from_name` of the project that it is made of; other names are schemes themselves.
    """
    ws.store.schemes.sync()
    file, delivered, chosen = open_project(ws, LabelStudioExport(path, text, labels), path, on_clash)
    register = partial(sources.register, ws, chosen.name, delivered)
    return _ingest(ws, file, progress, on_clash, register, chosen)


def _ingest(
    ws: Workspace, file: Export, progress: Progress, on_clash: OnClash, register: Register | None = None,
    chosen: ChosenSource | None = None,
) -> ImportResult:  # fmt: skip
    """Import an export. `register` adds the source of rows that name none, whose name is that of `chosen`."""
    ws.store.schemes.sync()
    total = Report()
    if chosen is not None and chosen.note is not None:
        total.note(chosen.note)
    survey = _survey(file)
    progress(0, survey.rows)
    usable = _schemes(ws, file, survey, total)
    survey.calls.schemes = of_calls = _schemes(ws, file, survey, total, of_calls=True)
    names = _names(survey.recordings)
    log = ClashLog(ws, chosen.name if chosen is not None else f"export:{file.name}", on_clash)
    restorer = _Restorer(ws, file.name, survey, names, usable, total, log, register)
    restorer.add_recordings(file.recordings())
    for block in batches(file.rows(), BATCH):
        restorer.restore(block)
        progress(min(total.added + total.known + total.clashed, survey.rows), survey.rows)
    if log.decided:
        total.note(DECIDED, log.decided)
    schemes_of_file = [scheme for scheme, _ in (*usable.values(), *of_calls.values())]
    proposed = tuple(sorted({scheme.name for scheme in schemes_of_file if scheme.state == "proposed"}))
    rejects = write_rejects(ws, "rejects-exports.csv", [*total.skipped, *restorer.clashes])
    return ImportResult(total, rejects, proposed, log.proposals, log.batch)


def _survey(file: Export) -> _Survey:
    """The first pass over the file."""
    survey = _Survey()
    for row in file.rows():
        if isinstance(row, Skip):
            continue
        survey.rows += 1
        survey.calls.add(row)
        predictions = {x.scheme: x.value for x in row.predictions}
        votes = [(vote.scheme, vote.value) for vote in row.votes if not vote.of_recording] if row.votes else []
        for name, value in [*row.labels.items(), *predictions.items(), *votes]:
            values = survey.values.setdefault(name, {})
            if len(values) < MOST_VALUES:
                values |= dict.fromkeys([value])
        if isinstance(row.parent, int):
            survey.parents.add(row.parent)
        if row.recording is not None:
            recording = survey.recordings.setdefault(row.recording, _SurveyedRecording(0, row.new.group, row.new.key))
            recording.end_ms = max(recording.end_ms, row.new.end_ms or 0)
            recording.group = recording.group if recording.group == row.new.group else None
            for name, value in row.labels.items():
                if recording.labels.setdefault(name, value) != value:
                    survey.calls.mixed.add(name)
            recording.disputed |= set(row.disputed)
    survey.calls.settle(survey.values)
    return survey


def _names(recordings: Mapping[str | int, _SurveyedRecording]) -> dict[str | int, str]:
    """Map each recording of the file to its key: the key in the file, else made of its group or of its first
    utterance.
    """
    groups: dict[str, int] = {}
    for recording in recordings.values():
        if recording.group is not None:
            groups[recording.group] = groups.get(recording.group, 0) + 1
    return {
        ref: ref if isinstance(ref, str)
        else recording.group if recording.group is not None and groups[recording.group] == 1
        else f"{recording.first}@recording"
        for ref, recording in recordings.items()
    }  # fmt: skip


Parse = Callable[[str], str]


def _schemes(
    ws: Workspace, file: Export, survey: _Survey, total: Report, of_calls: bool = False
) -> dict[str, tuple[Scheme, Parse]]:
    """Map each scheme name of the file to the scheme that reads its values. If no scheme can be made, a Skip
    says why. `of_calls`: the schemes of answers about whole recordings, which have the level of recordings.
    """
    for name, definition in file.schemes.items():
        if name in survey.values and name not in SCHEMES:
            ws.store.schemes.put(name, partial(_keep_existing, definition), ws.settings.curator, now())
    usable: dict[str, tuple[Scheme, Parse]] = {}
    for name, values in (survey.calls.values if of_calls else survey.values).items():
        level: Level | None = "recording" if of_calls else "utterance" if name in survey.calls.mixed else None
        try:
            chosen = _scheme(ws, name, list(values), level)
        except InputError as error:
            total.skipped.append(Skip(f"{file.name}, {name}", error.message))
            continue
        usable[name] = chosen, partial(read_value, chosen)
    return usable


def _keep_existing(definition: Scheme, old: Scheme | None) -> Scheme:
    return old or definition


def _scheme(ws: Workspace, name: str, values: list[str], level: Level | None = None) -> Scheme:
    """The scheme `name` if it reads all values and has that level (None: any), else a proposed one."""
    known = SCHEMES.get(name)
    if known is not None and level not in (None, known.level):
        known = None
    if known is not None and all(map(partial(_reads, known), values)):
        return known
    multi = any(JOIN in value for value in values) if known is None else known.kind == "multi"
    single = list(dict.fromkeys(part for value in values for part in (value.split(JOIN) if multi else [value])))
    return schemes.propose(ws, name, single, multi=multi, level=level or (known.level if known else "utterance"))


def _reads(scheme: Scheme, value: str) -> bool:
    """Whether `scheme` has a class for `value`."""
    try:
        read_value(scheme, value)
    except UnknownName:
        return False
    return True


class _Restorer:
    """The second pass: stores the recordings, then the rows block by block, then the predictions as Proposals."""

    def __init__(
        self, ws: Workspace, name: str, survey: _Survey, names: dict[str | int, str],
        parse: dict[str, tuple[Scheme, Parse]], total: Report, log: ClashLog, register: Register | None,
    ) -> None:  # fmt: skip
        self._ws, self._name, self._survey, self._names, self._total = ws, name, survey, names, total
        self._parse = {**survey.calls.schemes, **parse}  # a name of whole recordings, unless utterances have it too
        self._refs = {key: ref for ref, key in names.items()}
        self._keys: dict[int, str] = {}  # of rows that are parents
        self._sources: dict[tuple[str, str], int] = {}
        self._log, self._register = log, register
        self._audio = DeliveredAudio(ws, total)
        self.clashes: list[Skip] = []
        log.keep = self._audio.kept

    def add_recordings(self, sounds: Iterable[ExportedRecording | Skip]) -> None:
        """Store the recordings that come with their sound, before their utterances."""
        by_source: dict[int, list[NewRecording]] = {}
        for sound in sounds:
            if isinstance(sound, Skip):
                self._total.skipped.append(sound)
                continue
            waiting = by_source.setdefault(self._source(sound.source, sound.licence), [])
            known = self._ws.store.corpus.audio_state([sound.new_recording.key]).get(sound.new_recording.key)
            waiting.append(self._with_audio(sound.new_recording, sound.data, sound.where, known=bool(known)))
            if len(waiting) >= CALLS:
                self._add_waiting(by_source)
        self._add_waiting(by_source)

    def _add_waiting(self, by_source: dict[int, list[NewRecording]]) -> None:
        """Store the recordings that wait (source id -> recordings) and forget them."""
        for source_id, waiting in by_source.items():
            part = self._ws.store.corpus.add_recordings(source_id, waiting, now())
            self._note("recordings", part.added)
            self.clashes += self._log.take(part, self._total, {}, (), waiting)
        by_source.clear()

    def restore(self, block: Iterable[ExportedRow | Skip]) -> None:
        """Store a block of rows; then make their predictions Proposals."""
        by_source: dict[int, list[ExportedRow]] = {}
        predictions: list[tuple[str, DeliveredPrediction]] = []
        for row in block:
            if isinstance(row, Skip):
                self._total.skipped.append(row)
                continue
            for note in row.notes:
                self._total.note(note)
            if row.number in self._survey.parents:
                self._keys[row.number] = row.new.key
            by_source.setdefault(self._source(row.source, row.licence), []).append(row)
            predictions += [(row.new.key, prediction) for prediction in row.predictions]
        for source_id, rows in by_source.items():
            recordings = self._recordings_of(rows)
            has_audio = self._ws.store.corpus.audio_state(recordings)
            has_audio |= {key: True for key, recording in recordings.items() if recording.path is not None}
            items = [self._restored(r, has_audio) for r in rows]
            part = self._ws.store.transfer.restore(source_id, items, recordings, now())
            merge(self._total, part)
            places = {row.new.key: row.where for row in rows} if part.clashes else {}
            self.clashes += self._log.take(
                part, self._total, places, [row.new for row in rows], with_utterances(recordings, items)
            )
            n_votes = store_votes(self._ws, rows, self._names, self._parse.get, self._survey.calls.schemes.get)
            self._note(Message("votes of annotators"), n_votes)
        self._propose(predictions)

    def _source(self, name: str | None, licence: str | None) -> int:
        """The id of the source of that name and licence; it is added if it is new."""
        source = (name or f"export:{self._name}", licence or "as its origin says")
        if source not in self._sources and name is None and self._register is not None:
            self._sources[source] = self._register(source[1])
        if source not in self._sources:
            digest = sha256(self._name.encode())
            self._sources[source] = self._ws.store.corpus.add_source(source[0], "export", source[1], digest, now())
        return self._sources[source]

    def _recordings_of(self, rows: Iterable[ExportedRow]) -> dict[str, NewRecording]:
        """The recordings that `rows` name, by key. Sound next to the file is stored if the recording has none yet."""
        recordings: dict[str, NewRecording] = {}
        with_recording = [r for r in rows if r.recording is not None]
        state = self._ws.store.corpus.audio_state({self._names[r.recording or ""] for r in with_recording})
        for row in with_recording:
            key = self._names[row.recording or ""]
            if key in recordings:
                continue
            surveyed = self._survey.recordings[row.recording or ""]
            recording = row.new_recording or NewRecording(key, surveyed.end_ms, None, None, None, ())
            recording = replace(self._labelled(recording), duration_ms=recording.duration_ms or surveyed.end_ms)
            if row.sound is not None:
                data = row.sound if state.get(key) else row.sound.read_bytes()
                recording = self._with_audio(recording, data, row.where, known=bool(state.get(key)))
            recordings[key] = recording
        return recordings

    def _with_audio(
        self, recording: NewRecording, data: bytes | Path | None, where: str, known: bool = False
    ) -> NewRecording:
        """The recording with its labels and its sound; see `DeliveredAudio.added`."""
        return self._audio.added(self._labelled(recording), data, where, known)

    def _labelled(self, recording: NewRecording) -> NewRecording:
        """The recording with the labels that its rows hold."""
        surveyed = self._survey.recordings.get(self._refs.get(recording.key, ""))
        if surveyed is None:
            return replace(recording, labels={}, disputed=())
        labels, disputed = self._survey.calls.labels_of(self._refs[recording.key])
        return replace(
            recording, labels=self._codes(surveyed.labels, "recording") | labels,
            disputed=(*self._known(surveyed.disputed), *disputed),
        )  # fmt: skip

    def _known(self, names: Iterable[str]) -> tuple[str, ...]:
        """The names of the schemes here, for those names of the file that can be used."""
        return tuple(self._parse[name][0].name for name in names if name in self._parse)

    def _codes(self, labels: Mapping[str, str], level: str) -> dict[str, str]:
        """The labels of that level as codes, by scheme."""
        usable = {name: self._parse[name] for name in labels if name in self._parse}
        of_level = {name: kept for name, kept in usable.items() if kept[0].level == level}
        return {scheme.name: code for name, (scheme, parse) in of_level.items() if (code := parse(labels[name]))}

    def _restored(self, row: ExportedRow, has_audio: Mapping[str, bool]) -> RestoredUtterance:
        key = self._names[row.recording] if row.recording is not None else None
        if key is None and any(self._parse[n][0].level == "recording" for n in row.labels if n in self._parse):
            self._total.note("labels of a recording on an utterance that has none")
        codes = self._codes(row.labels, "utterance")
        voice_usable = row.new.voice_usable and key is not None and has_audio.get(key, False)
        new = row.new if not codes and voice_usable == row.new.voice_usable else replace(
            row.new, labels=codes, voice_usable=voice_usable
        )  # fmt: skip
        parent = self._keys.get(row.parent, f"row {row.parent}") if isinstance(row.parent, int) else row.parent
        tags, silver, disputed = self._tags(row.tags), self._known(row.silver), self._known(row.disputed)
        return RestoredUtterance(new, row.text, row.skipped, silver, parent, key, tags, disputed)

    def _tags(self, names: Sequence[str]) -> tuple[str, ...]:
        """The tags that can be used here, tidied; others are counted."""
        tags = []
        for name in names:
            try:
                tags.append(named(name, "tag"))
            except InputError:
                self._total.note("tags that cannot be one, not taken")
        return tuple(tags)

    def _propose(self, predictions: list[tuple[str, DeliveredPrediction]]) -> None:
        """Make predictions pseudo-labels that wait, for utterances without a label of that scheme."""
        if not predictions:
            return
        ids = self._ws.store.corpus.utterance_ids([key for key, _ in predictions])
        labels = {u.id: u.labels for u in self._ws.store.corpus.utterances(list(ids.values()))}
        proposals = []
        for key, prediction in predictions:
            if key not in ids or prediction.scheme not in self._parse:
                continue
            scheme, parse = self._parse[prediction.scheme]
            if scheme.level != "utterance":
                self._total.note("predictions about a recording, not taken")
            elif scheme.name not in labels[ids[key]] and (code := parse(prediction.value)):
                proposals.append(_proposal(ids[key], prediction, scheme.name, code))
        self._note("predictions that wait as proposals", self._ws.store.proposals.add(proposals, now()))

    def _note(self, note: str, n: int) -> None:
        if n:
            self._total.note(note, n)


def _proposal(utterance_id: int, prediction: DeliveredPrediction, name: str, code: str) -> NewProposal:
    sureness = {"confidence": prediction.confidence, "margin": prediction.margin}
    payload = {"scheme": name, "code": code} | {key: value for key, value in sureness.items() if value is not None}
    confidence = prediction.confidence
    why = Message("imported") if confidence is None else Message("imported, confidence {value:.2f}", value=confidence)
    return NewProposal("pseudo-label", utterance_id, f"prediction of {prediction.model}", payload, why)
