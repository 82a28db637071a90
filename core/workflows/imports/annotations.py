"""Imports annotated speech: TextGrid, EAF, SRT, VTT, Audacity labels and the JSON of speech recognisers, with audio."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from core.ingest.entries import Entry
from core.ingest.spoken import delivery
from core.ingest.spoken.delivery import Rules
from core.ingest.spoken.tiers import Roles, parse_roles
from core.ingest.value_maps import ValueMaps
from core.messages import Message
from core.records import NewRecording, OnClash, Skip
from core.workflows.imports.audio import NOT_STATED
from core.workflows.imports.entries import EntrySource, Values, find_schemes, store
from core.workflows.imports.report import BATCH, ImportResult, Progress, check_exist, names_hash
from core.workflows.workspace import Workspace

__all__ = ["Roles", "Rules", "ValueMaps", "ingest_annotations", "parse_roles"]
ELSEWHERE = Message("utterance that is known in another recording (other channels?): left as it is")


def ingest_annotations(
    ws: Workspace,
    paths: Sequence[Path],
    rules: Rules,
    source: str = "",
    licence: str = NOT_STATED,
    progress: Progress = lambda done, total: None,
    batch_size: int = BATCH,
    on_clash: OnClash = "report",
) -> ImportResult:
    """Import files, folders and zips of annotations. `source` names the corpus; by default the first folder does.

    `InputError` before anything is stored: if a path does not exist, or if no file has a tier that a rule names.
    """
    check_exist((*paths, *([rules.folder] if rules.folder else [])))
    files = delivery.index(paths, rules)
    name = source or _name(paths[0])
    chosen = find_schemes(ws, {scheme: Values(values) for scheme, values in files.values.items()})
    level = {wanted: scheme.level == "recording" for wanted, scheme in chosen.items()}
    to = EntrySource(name, "annotations", licence, names_hash(paths), on_clash)

    def read() -> Iterator[Entry | Skip]:
        return _without_known(ws, delivery.read(files, name, level))

    total = len(files.annotations)
    return store(ws, to, read, chosen, total, "rejects-annotations.csv", progress, batch_size)


def _name(path: Path) -> str:
    """The name of the delivery: of a folder or zip its own, of a file that of its folder."""
    path = path.resolve()
    return path.stem if path.is_dir() or path.suffix.lower() == ".zip" else path.parent.name or path.stem


def _without_known(ws: Workspace, items: Iterator[Entry | Skip]) -> Iterator[Entry | Skip]:
    """Leave out utterances of a new recording that another recording has: the file was imported with other channels."""
    for item in items:
        if not isinstance(item, Entry) or not isinstance(item.record, NewRecording):
            yield item
            continue
        record = item.record
        known = {} if record.key in ws.store.corpus.audio_state([record.key]) else ws.store.corpus.utterance_ids(
            [utterance.key for utterance in record.utterances]
        )  # fmt: skip
        if not known:
            yield item
            continue
        new = tuple(utterance for utterance in record.utterances if utterance.key not in known)
        notes = (*item.notes, *(ELSEWHERE for _ in known))
        if new:
            yield replace(item, record=replace(record, utterances=new), notes=notes)
        else:
            yield Skip(item.where, Message("all its utterances are known in another recording (other channels?)"))
