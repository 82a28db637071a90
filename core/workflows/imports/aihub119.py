"""Imports deliveries of AI Hub 119 and CSV files of labelled sentences. Known rows add nothing, so running again
completes an interrupted import.

Audio is stored in the workspace by its content (`audio/ab/abcd….wav`) before its row. After a crash, such a file
without a row is found again by its hash and is not stored twice.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.batches import batches
from core.errors import InputError
from core.files import sha256
from core.ingest import sentences
from core.ingest.aihub import calls as aihub119
from core.ingest.aihub.mapping import read_mapping
from core.records import NewRecording, NewUtterance, Report, Skip
from core.workflows.imports import audio_files
from core.workflows.imports.report import BATCH, ImportResult, Progress, merge, names_hash, portions, write_rejects
from core.workflows.workspace import Workspace, now

CALLS = 500


def ingest_aihub119(
    ws: Workspace,
    paths: Sequence[Path],
    progress: Progress = lambda done, total: None,
    batch_size: int = CALLS,
    mapping: Path | None = None,
) -> ImportResult:
    """Import zips and folders of AI Hub 119. `progress(done, total)` counts calls, after each batch is on disk.

    `mapping` is a file that names other keys of the labels (`core.ingest.aihub.mapping`). `InputError` if a path does
    not exist.
    """
    keys = None if mapping is None else read_mapping(mapping)
    if missing := [str(path) for path in paths if not path.exists()]:
        raise InputError("not found: {missing}", missing=", ".join(missing))
    total = Report()
    source_id = ws.store.corpus.add_source(
        "aihub119", "calls", "AI Hub 71768: not to be passed on", names_hash(paths), now()
    )
    has_audio: dict[str, bool] = {}

    def known(key: str) -> bool:
        # A call with audio is complete. For a call without audio, this delivery may bring its WAV.
        if key not in has_audio:
            has_audio.update(ws.store.corpus.audio_state([key]))
        return has_audio.get(key, False)

    files = aihub119.index(paths)
    progress(0, files.total)
    for batch in portions(aihub119.read_index(files, known, keys), batch_size, _weight):
        calls: list[NewRecording] = []
        for item in batch:
            if isinstance(item, Skip):
                total.skipped.append(item)
            elif isinstance(item, aihub119.KnownCall):
                total.known += 1
            else:
                calls.append(_with_audio(ws, item))
                for note in item.notes:
                    total.note(note)
        merge(total, ws.store.corpus.add_recordings(source_id, calls, now()))
        progress(total.added + total.known, files.total)
    return ImportResult(total, write_rejects(ws, "rejects.csv", total.skipped))


def ingest_sentences(ws: Workspace, path: Path, source: str, licence: str) -> ImportResult:
    """Import a CSV of labelled sentences (`id,text,label,kind`). `InputError` if there is no such file."""
    if not path.is_file():
        raise InputError("not found: {path}", path=path)
    total = Report()
    digest = sha256(path)
    source_id = ws.store.corpus.add_source(source, "sentences", licence, digest, now())
    for batch in batches(sentences.read(path), BATCH):
        total.skipped += [item for item in batch if isinstance(item, Skip)]
        new = [item for item in batch if isinstance(item, NewUtterance)]
        merge(total, ws.store.corpus.add_sentences(source_id, new, now()))
    return ImportResult(total, write_rejects(ws, "rejects-sentences.csv", total.skipped))


def _weight(item: aihub119.Call | aihub119.KnownCall | Skip) -> int:
    return len(item.wav) if isinstance(item, aihub119.Call) and item.wav is not None else 0


def _with_audio(ws: Workspace, call: aihub119.Call) -> NewRecording:
    if call.wav is None:
        return call.recording
    kind, copy = (call.probe.format, call.probe.copy) if call.probe else ("WAV", None)
    path, digest = audio_files.save(ws, call.wav, kind, copy)
    return replace(call.recording, path=path, sha256=digest)
