"""Stores the entries that a reader of a foreign corpus yields: label values become codes, audio becomes a path,
cleanings become Proposals.

All schemes are found or proposed before the first record is stored, from all values of the corpus; so no value becomes
a class silently. Each batch is one transaction. Known entries are compared with what is stored and add nothing, so
running again completes an interrupted import.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.errors import UnknownName
from core.ingest.aihub.corpora import KnownRecording
from core.ingest.entries import Cleaning, Entry, Sound
from core.messages import Message, SchemeName
from core.records import Level, NewRecording, NewUtterance, OnClash, Report, Skip
from core.schemes import SCHEMES, Scheme
from core.schemes.missing import class_values, read_value
from core.store import NewProposal
from core.workflows.corpus import schemes
from core.workflows.imports import audio_files, sources
from core.workflows.imports.clashes import DECIDED, ClashLog
from core.workflows.imports.report import BATCH, ImportResult, Progress, few_collections, merge, portions, write_rejects
from core.workflows.workspace import Workspace, now

CLEANING = "cleaning"


@dataclass(frozen=True, slots=True)
class Values:
    """The label values of a corpus for one scheme name; `multi`: an utterance can have several classes.

    `named`: a person named the scheme, so a settled scheme of that name is used as it is. A guessed name (`named` is
    false) may belong to another scheme.
    """

    values: Sequence[str]
    multi: bool = False
    named: bool = True


def find_schemes(ws: Workspace, wanted: Mapping[str, Values]) -> dict[str, Scheme]:
    """Map each wanted name to a scheme; a name without values gets none.

    It is the settled scheme of that name, else a proposed one that has all the values.
    """
    chosen: dict[str, Scheme] = {}
    for name, label_values in wanted.items():
        known = SCHEMES.get(name)
        if known is not None and known.state == "active" and label_values.named:
            chosen[name] = known
        elif class_values(label_values.values):
            level: Level = known.level if known and label_values.named else "utterance"
            chosen[name] = schemes.propose(ws, name, label_values.values, multi=label_values.multi, level=level)
    return chosen


@dataclass(frozen=True, slots=True)
class EntrySource:
    """The source that entries go to: its name, kind, licence and hash, and what happens with clashes.

    `apart`: keys that other sources have too get the name of this source.
    """

    name: str
    kind: str
    licence: str
    sha256: str
    on_clash: OnClash = "report"
    apart: bool = False


@few_collections()
def store(
    ws: Workspace,
    source: EntrySource,
    read: Callable[[], Iterator[Entry | KnownRecording | Skip]],
    chosen: Mapping[str, Scheme],
    total: int,
    rejects: str,
    progress: Progress,
    batch_size: int = BATCH,
) -> ImportResult:
    """Store what `read` yields, batch by batch; `progress(done, total)` after each batch is on disk. `rejects` is the
    name of the CSV of what was left out.
    """
    name, plain = source.name, "" if source.apart else source.name
    if source.on_clash == "source":
        name = sources.apart(ws, source.name, lambda: _records(read(), chosen, batch_size), plain)
    source_id = ws.store.corpus.add_source(name, source.kind, source.licence, source.sha256, now())
    report, done, log = Report(), 0, ClashLog(ws, name, source.on_clash)
    target = _Target(ws, source_id, plain, name, log, report)
    progress(0, total)
    for batch in portions(read(), batch_size, _weight):
        report.skipped += [item for item in batch if isinstance(item, Skip)]
        entries = [item for item in batch if isinstance(item, Entry)]
        again = [item.entry for item in batch if isinstance(item, KnownRecording)]
        _add(target, [*entries, *again], chosen, len(entries))
        for note in (note for entry in entries for note in entry.notes):
            report.note(note)
        cleanings = [cleaning for entry in (*entries, *again) for cleaning in entry.cleanings]
        if n_proposals := _add_proposals(ws, [target.renamed_cleaning(cleaning) for cleaning in cleanings]):
            report.note("cleaning proposals", n_proposals)
        done += len(entries) + len(again)
        progress(min(done, total), total)
    names = tuple(sorted(scheme.name for scheme in chosen.values() if scheme.state == "proposed"))
    if log.decided:
        report.note(DECIDED, log.decided)
    path = write_rejects(ws, rejects, [*report.skipped, *target.clashes])
    return ImportResult(report, path, names, log.proposals, log.batch)


def _weight(item: Entry | KnownRecording | Skip) -> int:
    entry = item.entry if isinstance(item, KnownRecording) else item
    if not isinstance(entry, Entry) or entry.sound is None:
        return 0
    return len(entry.sound.data) + len(entry.sound.copy or b"")


@dataclass(slots=True)
class _Target:
    """Where entries are stored and counted. `source` is their source; keys are renamed unless it is called `name`."""

    ws: Workspace
    source_id: int
    name: str
    source: str
    log: ClashLog
    report: Report
    clashes: list[Skip] = field(default_factory=list)

    def take(
        self, part: Report, places: Mapping[str, str], sentences: Sequence[NewUtterance] = (),
        recordings: Sequence[NewRecording] = (),
    ) -> None:  # fmt: skip
        merge(self.report, part)
        self.clashes += self.log.take(part, self.report, places, sentences, recordings)

    def renamed_cleaning(self, cleaning: Cleaning) -> Cleaning:
        return cleaning if self.source == self.name else replace(cleaning, key=f"{cleaning.key}@{self.source}")


def _add(target: _Target, entries: Sequence[Entry], chosen: Mapping[str, Scheme], new: int) -> None:
    """Store the entries; the first `new` of them are not known to be in the workspace already."""
    ws = target.ws
    recordings: dict[str, tuple[NewRecording, Entry]] = {}
    again: list[NewRecording] = []
    sentences: list[NewUtterance] = []
    for number, entry in enumerate(entries):
        record = _record(entry, chosen, target.report.skipped if number < new else [])
        if isinstance(record, NewUtterance):
            sentences.append(sources.renamed(record, target.name, target.source))
            continue
        record = sources.renamed_recording(record, target.name, target.source)
        if record.key in recordings:
            again.append(record)
        else:
            recordings[record.key] = record, entry
    has_audio = ws.store.corpus.audio_state(recordings)

    def kept(recording: NewRecording) -> NewRecording:
        sound = recordings[recording.key][1].sound
        return recording if sound is None else _with_sound(ws, recording, sound)

    target.log.keep = kept
    if recordings:
        calls = [record if has_audio.get(key) else kept(record) for key, (record, _) in recordings.items()] + again
        part = ws.store.corpus.add_recordings(target.source_id, calls, now())
        places = {u.key: e.where for r, e in recordings.values() for u in r.utterances} if part.clashes else {}
        places |= {key: entry.where for key, (_, entry) in recordings.items()} if part.clashes else {}
        target.take(part, places, (), calls)
    if sentences:
        part = ws.store.corpus.add_sentences(target.source_id, sentences, now())
        places = (
            {s.key: e.where for s, e in zip(sentences, _of_sentences(entries), strict=True)} if part.clashes else {}
        )
        target.take(part, places, sentences)


def _of_sentences(entries: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in entries if isinstance(entry.record, NewUtterance)]


def _with_sound(ws: Workspace, recording: NewRecording, sound: Sound) -> NewRecording:
    """The recording with its audio stored."""
    path, digest = audio_files.save(ws, sound.data, sound.kind, sound.copy, sound.sha256)
    return replace(recording, path=path, sha256=digest)


def _record(entry: Entry, chosen: Mapping[str, Scheme], skipped: list[Skip]) -> NewUtterance | NewRecording:
    """The record of an entry with its labels as codes; its audio is not stored."""
    utterance_labels, recording_labels = _labels(entry, chosen, skipped)
    if isinstance(entry.record, NewUtterance):
        return replace(entry.record, labels=utterance_labels)
    utterances = _with_labels(entry.record.utterances, utterance_labels, entry, chosen, skipped)
    return replace(entry.record, utterances=utterances, labels=recording_labels)


def _records(
    items: Iterator[Entry | KnownRecording | Skip], chosen: Mapping[str, Scheme], size: int
) -> Iterator[sources.Records]:
    """The records of a delivery in batches, to compare them before anything is stored."""
    for batch in portions(items, size, _weight):
        entries = [i if isinstance(i, Entry) else i.entry for i in batch if not isinstance(i, Skip)]
        records = [_record(entry, chosen, []) for entry in entries]
        yield (
            [record for record in records if isinstance(record, NewUtterance)],
            [record for record in records if isinstance(record, NewRecording)],
        )


def _labels(entry: Entry, chosen: Mapping[str, Scheme], skipped: list[Skip]) -> tuple[dict[str, str], dict[str, str]]:
    """Codes of the utterance and codes of the recording. A value that fits no class is named in `skipped`; the other
    labels are kept.
    """
    codes_by_level: dict[Level, dict[str, str]] = {"utterance": {}, "recording": {}}
    for name, values in entry.labels.items():
        scheme = chosen.get(name)
        if scheme is None or not values:
            continue
        try:
            codes = [code for value in values if (code := read_value(scheme, value))]
        except UnknownName as error:
            skipped.append(Skip(entry.where, Message("{error}; kept without this label", error=error)))
            continue
        if not codes:
            continue
        if scheme.kind == "single" and len(set(codes)) > 1:
            skipped.append(
                Skip(
                    entry.where,
                    Message(
                        "{n} values of {scheme}; kept without this label", n=len(codes), scheme=SchemeName(scheme.name)
                    ),
                )
            )
        elif scheme.level == "recording" and isinstance(entry.record, NewUtterance):
            reason = Message(
                "{scheme} is a label of a recording, and this has none; kept without this label",
                scheme=SchemeName(scheme.name),
            )
            skipped.append(Skip(entry.where, reason))
        else:
            codes_by_level[scheme.level][scheme.name] = scheme.join(codes)
    return codes_by_level["utterance"], codes_by_level["recording"]


def _with_labels(
    utterances: Iterable[NewUtterance],
    labels: Mapping[str, str],
    entry: Entry,
    chosen: Mapping[str, Scheme],
    skipped: list[Skip],
) -> tuple[NewUtterance, ...]:
    """The utterances of `entry` with the codes `labels`, and each with the codes of its own label values."""
    own = {
        key: _labels(replace(entry, labels=values), chosen, skipped)[0]
        for key, values in entry.utterance_labels.items()
    }
    return tuple(replace(u, labels={**labels, **own.get(u.key, {})}) for u in utterances)


def _add_proposals(ws: Workspace, cleanings: Iterable[Cleaning]) -> int:
    """Add the suggestions that were never made before; returns how many."""
    by_key = {cleaning.key: cleaning for cleaning in cleanings}
    if not by_key:
        return 0
    ids = ws.store.corpus.utterance_ids(list(by_key))
    return ws.store.proposals.add(
        [
            NewProposal(
                CLEANING,
                ids[key],
                cleaning.operation,
                {"text": cleaning.text, "before": cleaning.before},
                cleaning.reason,
            )
            for key, cleaning in by_key.items()
            if key in ids
        ],
        now(),
    )
