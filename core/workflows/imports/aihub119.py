"""Imports deliveries of AI Hub 119 and CSV files of labelled sentences. Known calls are compared with what is stored
and add nothing, so running again completes an interrupted import; a corrected delivery shows exactly what it corrects.

Audio is stored in the workspace by its content (`audio/ab/abcd….wav`) before its row. After a crash, such a file
without a row is found again by its hash and is not stored twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from core.batches import batches
from core.errors import InputError
from core.files import sha256
from core.ingest import sentences
from core.ingest.aihub import calls as aihub119
from core.ingest.aihub.mapping import KeyMapping, read_mapping
from core.records import NewRecording, NewUtterance, OnClash, Report, Skip
from core.workflows.imports import audio_files
from core.workflows.imports.clashes import DECIDED, ClashLog
from core.workflows.imports.report import (
    BATCH,
    ImportResult,
    Progress,
    check_exist,
    merge,
    names_hash,
    portions,
    write_rejects,
)
from core.workflows.imports.sources import Records, apart, renamed_recording
from core.workflows.workspace import Workspace, now

CALLS = 500
SOURCE = "aihub119"
LICENCE = "AI Hub 71768: not to be passed on"


def ingest_aihub119(
    ws: Workspace,
    paths: Sequence[Path],
    progress: Progress = lambda done, total: None,
    batch_size: int = CALLS,
    mapping: Path | None = None,
    on_clash: OnClash = "report",
) -> ImportResult:
    """Import zips and folders of AI Hub 119. `progress(done, total)` counts calls, after each batch is on disk.

    `mapping` is a file that names other keys of the labels (`core.ingest.aihub.mapping`). `InputError` if a path does
    not exist.
    """
    keys = None if mapping is None else read_mapping(mapping)
    check_exist(paths)
    files = aihub119.index(paths)
    name = _source(ws, files, keys, on_clash, batch_size)
    source_id = ws.store.corpus.add_source(name, "calls", LICENCE, names_hash(paths), now())
    has_audio: dict[str, bool] = {}

    def known(key: str) -> bool:
        # A call with audio is only compared. For a call without audio, this delivery may bring its WAV.
        key = key if name == SOURCE else f"{key}@{name}"
        if key not in has_audio:
            has_audio.update(ws.store.corpus.audio_state([key]))
        return has_audio.get(key, False)

    total, log, clashes = Report(), ClashLog(ws, name, on_clash), list[Skip]()
    progress(0, files.total)
    for batch in portions(aihub119.read_index(files, known, keys), batch_size, _weight):
        calls: dict[str, tuple[NewRecording, aihub119.Call]] = {}
        for item in batch:
            if isinstance(item, Skip):
                total.skipped.append(item)
                continue
            call = item.call if isinstance(item, aihub119.KnownCall) else item
            recording = renamed_recording(call.recording, SOURCE, name)
            if isinstance(item, aihub119.Call):
                recording = _with_audio(ws, recording, call)
                for note in item.notes:
                    total.note(note)
            calls[recording.key] = recording, call
        log.keep = partial(_kept, ws, calls)
        recordings = [recording for recording, _ in calls.values()]
        part = ws.store.corpus.add_recordings(source_id, recordings, now())
        merge(total, part)
        clashes += log.take(part, total, _places(calls) if part.clashes else {}, (), recordings)
        progress(min(total.added + total.known + len(clashes), files.total), files.total)
    if log.decided:
        total.note(DECIDED, log.decided)
    rejects = write_rejects(ws, "rejects.csv", [*total.skipped, *clashes])
    return ImportResult(total, rejects, (), log.proposals, log.batch)


def _source(ws: Workspace, files: aihub119.Index, keys: KeyMapping | None, on_clash: OnClash, size: int) -> str:
    """The name of the source: with the policy "source" another one, if any call clashes."""
    if on_clash != "source":
        return SOURCE

    def read() -> Iterator[Records]:
        for batch in portions(aihub119.read_index(files, lambda key: False, keys), size, _weight):
            yield [], [item.recording for item in batch if isinstance(item, aihub119.Call)]

    return apart(ws, SOURCE, read)


def _kept(ws: Workspace, calls: Mapping[str, tuple[NewRecording, aihub119.Call]], call: NewRecording) -> NewRecording:
    return _with_audio(ws, call, calls[call.key][1])


def _places(calls: Mapping[str, tuple[NewRecording, aihub119.Call]]) -> dict[str, str]:
    """The label file of each call, and of each of its utterances."""
    files = {key: f"{call.meta['archive']}/{call.meta['member']}" for key, (call, _) in calls.items()}
    return files | {u.key: files[key] for key, (call, _) in calls.items() for u in call.utterances}


def ingest_sentences(ws: Workspace, path: Path, source: str, licence: str) -> ImportResult:
    """Import a CSV of labelled sentences (`id,text,label,kind`). `InputError` if there is no such file."""
    if not path.is_file():
        raise InputError("not found: {path}", path=path)
    total, log, clashes = Report(), ClashLog(ws, source), list[Skip]()
    digest = sha256(path)
    source_id = ws.store.corpus.add_source(source, "sentences", licence, digest, now())
    for batch in batches(sentences.read(path), BATCH):
        total.skipped += [item for item in batch if isinstance(item, Skip)]
        new = [item for item in batch if isinstance(item, NewUtterance)]
        part = ws.store.corpus.add_sentences(source_id, new, now())
        merge(total, part)
        clashes += log.take(part, total, {})
    return ImportResult(total, write_rejects(ws, "rejects-sentences.csv", [*total.skipped, *clashes]))


def _weight(item: aihub119.Call | aihub119.KnownCall | Skip) -> int:
    if isinstance(item, Skip):
        return 0
    call = item.call if isinstance(item, aihub119.KnownCall) else item
    return len(call.wav) if call.wav is not None else 0


def _with_audio(ws: Workspace, recording: NewRecording, call: aihub119.Call) -> NewRecording:
    if (sound := call.sound) is None:
        return recording
    path, digest = audio_files.save(ws, sound.data, sound.kind, sound.copy, sound.sha256)
    return replace(recording, path=path, sha256=digest)
