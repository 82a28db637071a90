"""Storing what a reader of a foreign corpus hands over: label values become codes, audio a path, cleanings Proposals.

Schemes are found or proposed before the first record is stored, from all values there are: no value ever becomes a
class silently. Each batch is one transaction; what is known adds nothing, so running again completes what was cut off.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from core.errors import UnknownName
from core.ingest.aihub.sister import Known
from core.ingest.entries import Cleaning, Entry
from core.messages import Message, SchemeName
from core.records import Level, NewRecording, NewUtterance, Report, Skip
from core.schemes import SCHEMES, Scheme
from core.store import NewProposal
from core.workflows.corpus import schemes
from core.workflows.imports import audio_files
from core.workflows.imports.report import BATCH, Imported, Progress, few_collections, merge, portions, write_rejects
from core.workflows.workspace import Workspace, now

CLEANING = "cleaning"


@dataclass(frozen=True, slots=True)
class Values:
    """What was found under one wanted scheme; `multi`: several classes for one target.

    `asked`: a person named the scheme, so a settled one is taken as it is. A guessed name may belong to another scheme.
    """

    values: Sequence[str]
    multi: bool = False
    asked: bool = True


def find_schemes(ws: Workspace, wanted: Mapping[str, Values]) -> dict[str, Scheme]:
    """wanted name -> the settled scheme of that name, else one that has all values, proposed; without values, none."""
    found: dict[str, Scheme] = {}
    for name, one in wanted.items():
        known = SCHEMES.get(name)
        if known is not None and known.state == "active" and one.asked:
            found[name] = known
        elif one.values:
            level: Level = known.level if known and one.asked else "utterance"
            found[name] = schemes.propose(ws, name, one.values, multi=one.multi, level=level)
    return found


@few_collections()
def store(
    ws: Workspace,
    source_id: int,
    items: Iterator[Entry | Known | Skip],
    chosen: Mapping[str, Scheme],
    total: int,
    rejects: str,
    progress: Progress,
    batch_size: int = BATCH,
) -> Imported:
    """Store `items` batch by batch; `progress(done, total)` after each is on disk. `rejects` names the CSV."""
    report, done = Report(), 0
    progress(0, total)
    for batch in portions(items, batch_size, _weight):
        report.skipped += [item for item in batch if isinstance(item, Skip)]
        known = [item for item in batch if isinstance(item, Known)]
        entries = [item for item in batch if isinstance(item, Entry)]
        for part in _add(ws, source_id, entries, chosen, report.skipped):
            merge(report, part)
        for note in (note for entry in entries for note in entry.notes):
            report.note(note)
        report.known += len(known)
        cleanings = [c for entry in entries for c in entry.cleanings] + [c for one in known for c in one.cleanings]
        if made := _propose(ws, cleanings):
            report.note("cleaning proposals", made)
        done += len(entries) + len(known)
        progress(min(done, total), total)
    names = tuple(sorted(scheme.name for scheme in chosen.values() if scheme.state == "proposed"))
    return Imported(report, write_rejects(ws, rejects, report.skipped), names)


def _weight(item: Entry | Known | Skip) -> int:
    return len(item.sound.data) if isinstance(item, Entry) and item.sound is not None else 0


def _add(
    ws: Workspace, source_id: int, entries: Sequence[Entry], chosen: Mapping[str, Scheme], skipped: list[Skip]
) -> Iterator[Report]:
    recordings: list[NewRecording] = []
    sentences: list[NewUtterance] = []
    for entry in entries:
        own, of_recording = _labels(entry, chosen, skipped)
        if isinstance(entry.made, NewUtterance):
            sentences.append(replace(entry.made, labels=own))
            continue
        said = tuple(replace(one, labels=own) for one in entry.made.utterances)
        made = replace(entry.made, utterances=said, labels=of_recording)
        if entry.sound is not None:
            path, digest = audio_files.keep(ws, entry.sound.data, entry.sound.kind)
            made = replace(made, path=path, sha256=digest)
        recordings.append(made)
    if recordings:
        yield ws.store.corpus.add_recordings(source_id, recordings, now())
    if sentences:
        yield ws.store.corpus.add_sentences(source_id, sentences, now())


def _labels(entry: Entry, chosen: Mapping[str, Scheme], skipped: list[Skip]) -> tuple[dict[str, str], dict[str, str]]:
    """Codes of the utterance and of the recording; a value that cannot be one is named, and the rest is kept."""
    found: dict[Level, dict[str, str]] = {"utterance": {}, "recording": {}}
    for name, values in entry.labels.items():
        scheme = chosen.get(name)
        if scheme is None or not values:
            continue
        try:
            codes = [scheme.parse(value) for value in values]
        except UnknownName as error:
            skipped.append(Skip(entry.where, Message("{error}; kept without this label", error=error)))
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
        elif scheme.level == "recording" and isinstance(entry.made, NewUtterance):
            reason = Message(
                "{scheme} is a label of a recording, and this has none; kept without this label",
                scheme=SchemeName(scheme.name),
            )
            skipped.append(Skip(entry.where, reason))
        else:
            found[scheme.level][scheme.name] = scheme.join(codes)
    return found["utterance"], found["recording"]


def _propose(ws: Workspace, cleanings: Iterable[Cleaning]) -> int:
    """Make the suggestions that were never made; returns how many."""
    wanted = {one.key: one for one in cleanings}
    if not wanted:
        return 0
    ids = ws.store.corpus.utterance_ids(list(wanted))
    return ws.store.proposals.add(
        [
            NewProposal(CLEANING, ids[key], one.operation, {"text": one.text, "before": one.before}, one.reason)
            for key, one in wanted.items()
            if key in ids
        ],
        now(),
    )
