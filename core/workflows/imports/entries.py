"""Stores the entries that a reader of a foreign corpus yields: label values become codes, audio becomes a path,
cleanings become Proposals.

All schemes are found or proposed before the first record is stored, from all values of the corpus; so no value becomes
a class silently. Each batch is one transaction. Known entries add nothing, so running again completes an interrupted
import.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from core.errors import UnknownName
from core.ingest.aihub.corpora import KnownRecording
from core.ingest.entries import Cleaning, Entry
from core.messages import Message, SchemeName
from core.records import Level, NewRecording, NewUtterance, Report, Skip
from core.schemes import SCHEMES, Scheme
from core.schemes.missing import class_values, read_value
from core.store import NewProposal
from core.workflows.corpus import schemes
from core.workflows.imports import audio_files
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


@few_collections()
def store(
    ws: Workspace,
    source_id: int,
    items: Iterator[Entry | KnownRecording | Skip],
    chosen: Mapping[str, Scheme],
    total: int,
    rejects: str,
    progress: Progress,
    batch_size: int = BATCH,
) -> ImportResult:
    """Store `items` batch by batch; `progress(done, total)` after each batch is on disk. `rejects` is the name of the
    CSV of what was left out.
    """
    report, done = Report(), 0
    progress(0, total)
    for batch in portions(items, batch_size, _weight):
        report.skipped += [item for item in batch if isinstance(item, Skip)]
        known = [item for item in batch if isinstance(item, KnownRecording)]
        entries = [item for item in batch if isinstance(item, Entry)]
        for part in _add(ws, source_id, entries, chosen, report.skipped):
            merge(report, part)
        for note in (note for entry in entries for note in entry.notes):
            report.note(note)
        report.known += len(known)
        cleanings = [c for entry in entries for c in entry.cleanings] + [c for item in known for c in item.cleanings]
        if n_proposals := _add_proposals(ws, cleanings):
            report.note("cleaning proposals", n_proposals)
        done += len(entries) + len(known)
        progress(min(done, total), total)
    names = tuple(sorted(scheme.name for scheme in chosen.values() if scheme.state == "proposed"))
    return ImportResult(report, write_rejects(ws, rejects, report.skipped), names)


def _weight(item: Entry | KnownRecording | Skip) -> int:
    if not isinstance(item, Entry) or item.sound is None:
        return 0
    return len(item.sound.data) + len(item.sound.copy or b"")


def _add(
    ws: Workspace, source_id: int, entries: Sequence[Entry], chosen: Mapping[str, Scheme], skipped: list[Skip]
) -> Iterator[Report]:
    recordings: list[NewRecording] = []
    sentences: list[NewUtterance] = []
    for entry in entries:
        utterance_labels, recording_labels = _labels(entry, chosen, skipped)
        if isinstance(entry.record, NewUtterance):
            sentences.append(replace(entry.record, labels=utterance_labels))
            continue
        utterances = _with_labels(entry.record.utterances, utterance_labels, entry, chosen, skipped)
        recording = replace(entry.record, utterances=utterances, labels=recording_labels)
        if entry.sound is not None:
            path, digest = audio_files.save(ws, entry.sound.data, entry.sound.kind, entry.sound.copy)
            recording = replace(recording, path=path, sha256=digest)
        recordings.append(recording)
    if recordings:
        yield ws.store.corpus.add_recordings(source_id, recordings, now())
    if sentences:
        yield ws.store.corpus.add_sentences(source_id, sentences, now())


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
