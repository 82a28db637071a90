"""Bringing exports back: this program's own, and Label Studio's. What is known adds nothing.

A file is read twice: first for what only the whole file tells (which values a scheme has, how long a recording is,
which rows are parents), then row by row into the store. A value that a scheme does not know makes a proposed scheme
(`core.workflows.corpus.schemes.propose`). What a model said becomes a Proposal that waits for a curator.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from core.audio import gate
from core.batches import batches
from core.errors import AudioError, InputError, UnknownName
from core.files import sha256
from core.ingest.exports.gwidama import open_own
from core.ingest.exports.labelstudio import Tasks
from core.ingest.exports.rows import Heard, Opinion, Reader, Told
from core.messages import Message
from core.records import NewRecording, Report, Restored, Skip
from core.schemes import JOIN, SCHEMES, Scheme
from core.store import NewProposal
from core.workflows.corpus import schemes
from core.workflows.corpus.bulk import named
from core.workflows.imports import audio_files
from core.workflows.imports.report import BATCH, Imported, Progress, merge, write_rejects
from core.workflows.workspace import Workspace, now

CALLS = 200  # recordings with their sound
MOST_VALUES = 1_000  # of one scheme; no scheme has so many classes


@dataclass(slots=True)
class _Call:
    """A recording that the file names: its last end, the group and key of its first utterance, its labels."""

    end_ms: int
    group: str | None
    first: str
    labels: dict[str, str] = field(default_factory=dict)
    disputed: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Survey:
    """What the first pass found; `values` are those of each scheme in the order of the file."""

    rows: int = 0
    values: dict[str, dict[str, None]] = field(default_factory=dict)
    calls: dict[str | int, _Call] = field(default_factory=dict)
    parents: set[int] = field(default_factory=set)


def ingest_own(ws: Workspace, path: Path, progress: Progress = lambda done, total: None) -> Imported:
    """Import an export of this program; `progress(done, total)` in utterances, after each batch is on disk."""
    return _ingest(ws, open_own(path), progress)


def ingest_labelstudio(
    ws: Workspace, path: Path, text: str | None = None, progress: Progress = lambda done, total: None
) -> Imported:
    """Import Label Studio tasks; `text` names the field of `data` that holds the text."""
    return _ingest(ws, Tasks(path, text), progress)


def _ingest(ws: Workspace, file: Reader, progress: Progress) -> Imported:
    ws.store.schemes.sync()
    total = Report()
    found = _survey(file)
    progress(0, found.rows)
    parse = _schemes(ws, file, found, total)
    names = _names(found.calls)
    work = _Work(ws, file.name, found, names, parse, total)
    work.hear(file.recordings())
    for block in batches(file.rows(), BATCH):
        work.take(block)
        progress(min(total.added + total.known, found.rows), found.rows)
    proposed = tuple(sorted({known.name for known, _ in parse.values() if known.state == "proposed"}))
    return Imported(total, write_rejects(ws, "rejects-exports.csv", total.skipped), proposed)


def _survey(file: Reader) -> _Survey:
    found = _Survey()
    for one in file.rows():
        if isinstance(one, Skip):
            continue
        found.rows += 1
        opinions = {x.scheme: x.value for x in one.opinions}
        for name, value in [*one.labels.items(), *opinions.items()]:
            values = found.values.setdefault(name, {})
            if len(values) < MOST_VALUES:
                values |= dict.fromkeys([value])
        if isinstance(one.parent, int):
            found.parents.add(one.parent)
        if one.recording is not None:
            call = found.calls.setdefault(one.recording, _Call(0, one.new.group, one.new.key))
            call.end_ms = max(call.end_ms, one.new.end_ms or 0)
            call.group = call.group if call.group == one.new.group else None
            for name, value in one.labels.items():
                call.labels.setdefault(name, value)
            call.disputed |= set(one.disputed)
    return found


def _names(calls: Mapping[str | int, _Call]) -> dict[str | int, str]:
    """The key of each recording: as the file says it, else made of its group or its first utterance."""
    groups: dict[str, int] = {}
    for call in calls.values():
        if call.group is not None:
            groups[call.group] = groups.get(call.group, 0) + 1
    return {
        ref: ref if isinstance(ref, str)
        else call.group if call.group is not None and groups[call.group] == 1
        else f"{call.first}@recording"
        for ref, call in calls.items()
    }  # fmt: skip


Parse = Callable[[str], str]


def _schemes(ws: Workspace, file: Reader, found: _Survey, total: Report) -> dict[str, tuple[Scheme, Parse]]:
    """For each scheme of the file, the one that reads its values; a scheme that none can be made for is a `Skip`."""
    for name, told in file.schemes.items():
        if name in found.values and name not in SCHEMES:
            ws.store.schemes.put(name, partial(_first, told), ws.settings.curator, now())
    usable: dict[str, tuple[Scheme, Parse]] = {}
    for name, values in found.values.items():
        try:
            chosen = _scheme(ws, name, list(values))
        except InputError as error:
            total.skipped.append(Skip(f"{file.name}, {name}", error.message))
            continue
        usable[name] = chosen, chosen.parse
    return usable


def _first(told: Scheme, old: Scheme | None) -> Scheme:
    return old or told


def _scheme(ws: Workspace, name: str, values: list[str]) -> Scheme:
    known = SCHEMES.get(name)
    if known is not None and all(map(partial(_reads, known), values)):
        return known
    multi = any(JOIN in value for value in values) if known is None else known.kind == "multi"
    single = list(dict.fromkeys(part for value in values for part in (value.split(JOIN) if multi else [value])))
    return schemes.propose(ws, name, single, multi=multi, level=known.level if known else "utterance")


def _reads(known: Scheme, value: str) -> bool:
    try:
        known.parse(value)
    except UnknownName:
        return False
    return True


class _Work:
    """The second pass, block by block."""

    def __init__(
        self, ws: Workspace, name: str, found: _Survey, names: dict[str | int, str],
        parse: dict[str, tuple[Scheme, Parse]], total: Report,
    ) -> None:  # fmt: skip
        self._ws, self._name, self._found, self._names, self._total = ws, name, found, names, total
        self._parse = parse
        self._refs = {key: ref for ref, key in names.items()}
        self._keys: dict[int, str] = {}  # of rows that are parents
        self._sources: dict[tuple[str, str], int] = {}

    def hear(self, sounds: Iterable[Heard | Skip]) -> None:
        """Recordings with their sound, before their utterances."""
        calls: dict[int, list[NewRecording]] = {}
        for one in sounds:
            if isinstance(one, Skip):
                self._total.skipped.append(one)
                continue
            waiting = calls.setdefault(self._source(one.source, one.licence), [])
            waiting.append(self._with_audio(one.call, one.data, one.where))
            if len(waiting) >= CALLS:
                self._heard(calls)
        self._heard(calls)

    def _heard(self, calls: dict[int, list[NewRecording]]) -> None:
        for source_id, waiting in calls.items():
            self._note("recordings", self._ws.store.corpus.add_recordings(source_id, waiting, now()).added)
        calls.clear()

    def take(self, block: Iterable[Told | Skip]) -> None:
        by_source: dict[int, list[Told]] = {}
        opinions: list[tuple[str, Opinion]] = []
        for one in block:
            if isinstance(one, Skip):
                self._total.skipped.append(one)
                continue
            for note in one.notes:
                self._total.note(note)
            if one.number in self._found.parents:
                self._keys[one.number] = one.new.key
            by_source.setdefault(self._source(one.source, one.licence), []).append(one)
            opinions += [(one.new.key, opinion) for opinion in one.opinions]
        for source_id, rows in by_source.items():
            calls = self._calls(rows)
            heard = self._ws.store.corpus.audio_state(calls)
            heard |= {key: True for key, call in calls.items() if call.path is not None}
            items = [self._restored(one, heard) for one in rows]
            merge(self._total, self._ws.store.transfer.restore(source_id, items, calls, now()))
        self._propose(opinions)

    def _source(self, name: str | None, licence: str | None) -> int:
        told = (name or f"export:{self._name}", licence or "as its origin says")
        if told not in self._sources:
            digest = sha256(self._name.encode())
            self._sources[told] = self._ws.store.corpus.add_source(told[0], "export", told[1], digest, now())
        return self._sources[told]

    def _calls(self, rows: Iterable[Told]) -> dict[str, NewRecording]:
        """The recordings that `rows` name, by key; sound that lies beside the file is stored if the call is new."""
        made: dict[str, NewRecording] = {}
        named = [one for one in rows if one.recording is not None]
        state = self._ws.store.corpus.audio_state({self._names[one.recording or ""] for one in named})
        for one in named:
            key = self._names[one.recording or ""]
            if key in made:
                continue
            told = self._found.calls[one.recording or ""]
            call = one.call or NewRecording(key, told.end_ms, None, None, None, ())
            call = replace(self._labelled(call), duration_ms=call.duration_ms or told.end_ms)
            if one.sound is not None and not state.get(key):
                call = self._with_audio(call, one.sound.read_bytes(), one.where)
            made[key] = call
        return made

    def _with_audio(self, call: NewRecording, data: bytes | None, where: str) -> NewRecording:
        call = self._labelled(call)
        if data is None:
            return call
        try:
            found = gate.probe(data, where)
        except AudioError as error:
            self._total.skipped.append(Skip(where, Message("{reason}: imported without audio", reason=error.reason)))
            return call
        path, digest = audio_files.keep(self._ws, data, found.format)
        return replace(
            call, path=path, sha256=digest, duration_ms=found.duration_ms, sample_rate_hz=found.sample_rate_hz
        )

    def _labelled(self, call: NewRecording) -> NewRecording:
        told = self._found.calls.get(self._refs.get(call.key, ""))
        if told is None:
            return replace(call, labels={}, disputed=())
        return replace(call, labels=self._codes(told.labels, "recording"), disputed=self._known(told.disputed))

    def _known(self, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(self._parse[name][0].name for name in names if name in self._parse)

    def _codes(self, labels: Mapping[str, str], level: str) -> dict[str, str]:
        found = {name: self._parse[name] for name in labels if name in self._parse}
        return {known.name: parse(labels[name]) for name, (known, parse) in found.items() if known.level == level}

    def _restored(self, one: Told, heard: Mapping[str, bool]) -> Restored:
        key = self._names[one.recording] if one.recording is not None else None
        if key is None and any(self._parse[n][0].level == "recording" for n in one.labels if n in self._parse):
            self._total.note("labels of a recording on an utterance that has none")
        codes = self._codes(one.labels, "utterance")
        usable = one.new.voice_usable and key is not None and heard.get(key, False)
        new = one.new if not codes and usable == one.new.voice_usable else replace(
            one.new, labels=codes, voice_usable=usable
        )  # fmt: skip
        parent = self._keys.get(one.parent, f"row {one.parent}") if isinstance(one.parent, int) else one.parent
        tags, silver, disputed = self._tags(one.tags), self._known(one.silver), self._known(one.disputed)
        return Restored(new, one.text, one.skipped, silver, parent, key, tags, disputed)

    def _tags(self, told: Sequence[str]) -> tuple[str, ...]:
        found = []
        for one in told:
            try:
                found.append(named(one, "tag"))
            except InputError:
                self._total.note("tags that cannot be one, not taken")
        return tuple(found)

    def _propose(self, opinions: list[tuple[str, Opinion]]) -> None:
        """Opinions on utterances that nobody has labelled so, as pseudo-labels that wait."""
        if not opinions:
            return
        ids = self._ws.store.corpus.utterance_ids([key for key, _ in opinions])
        labels = {one.id: one.labels for one in self._ws.store.corpus.utterances(list(ids.values()))}
        made = []
        for key, opinion in opinions:
            if key not in ids or opinion.scheme not in self._parse:
                continue
            known, parse = self._parse[opinion.scheme]
            if known.level != "utterance":
                self._total.note("predictions about a recording, not taken")
            elif known.name not in labels[ids[key]]:
                made.append(_proposal(ids[key], opinion, known.name, parse(opinion.value)))
        self._note("predictions that wait as proposals", self._ws.store.proposals.add(made, now()))

    def _note(self, what: str, n: int) -> None:
        if n:
            self._total.note(what, n)


def _proposal(utterance_id: int, one: Opinion, name: str, code: str) -> NewProposal:
    sure = {"confidence": one.confidence, "margin": one.margin}
    payload = {"scheme": name, "code": code} | {what: share for what, share in sure.items() if share is not None}
    sureness = one.confidence
    why = Message("imported") if sureness is None else Message("imported, confidence {value:.2f}", value=sureness)
    return NewProposal("pseudo-label", utterance_id, f"prediction of {one.model}", payload, why)
