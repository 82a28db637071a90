"""Bringing deliveries in. What is known adds nothing, so an interrupted import is completed by running it again.

Audio goes into the workspace by content (`audio/ab/abcd….wav`), the row after it; a file without a row is found again
by its hash and costs nothing.
"""

import csv
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

from core.errors import InputError
from core.export import harmless
from core.ingest import aihub119, sentences
from core.records import NewRecording, NewUtterance, Report, Skip
from core.workflows.workspace import Workspace, now

BATCH = 50
T = TypeVar("T")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did; `rejects` is the CSV that names what could not be used, None if everything could."""

    report: Report
    rejects: Path | None


def ingest_aihub119(
    ws: Workspace,
    paths: Sequence[Path],
    progress: Progress = lambda done, total: None,
    batch_size: int = BATCH,
) -> Imported:
    """Import zips and folders of AI Hub 119; `progress(done, total)` in calls, after each batch is on disk."""
    if missing := [str(path) for path in paths if not path.exists()]:
        raise InputError(f"not found: {', '.join(missing)}")
    total = Report()
    source_id = ws.store.corpus.add_source(
        "aihub119", "calls", "AI Hub 71768: not to be passed on", _names_hash(paths), now()
    )
    has_audio: dict[str, bool] = {}

    def known(key: str) -> bool:
        # With audio a call is complete; without, its WAV may have come this time.
        if key not in has_audio:
            has_audio.update(ws.store.corpus.audio_state([key]))
        return has_audio.get(key, False)

    files = aihub119.index(paths)
    progress(0, files.total)
    for batch in _batches(aihub119.read_index(files, known), batch_size):
        calls: list[NewRecording] = []
        for item in batch:
            if isinstance(item, Skip):
                total.skipped.append(item)
            elif isinstance(item, aihub119.Known):
                total.known += 1
            else:
                calls.append(_with_audio(ws, item))
                for note in item.notes:
                    total.note(note)
        _merge(total, ws.store.corpus.add_recordings(source_id, calls, now()))
        progress(total.added + total.known, files.total)
    return Imported(total, _write_rejects(ws, "rejects.csv", total.skipped))


def ingest_sentences(ws: Workspace, path: Path, source: str, licence: str) -> Imported:
    """Import a CSV of labelled sentences (`id,text,label,kind`)."""
    if not path.is_file():
        raise InputError(f"not found: {path}")
    total = Report()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    source_id = ws.store.corpus.add_source(source, "sentences", licence, digest, now())
    for batch in _batches(sentences.read(path), 500):
        total.skipped += [item for item in batch if isinstance(item, Skip)]
        new = [item for item in batch if isinstance(item, NewUtterance)]
        _merge(total, ws.store.corpus.add_sentences(source_id, new, now()))
    return Imported(total, _write_rejects(ws, "rejects-sentences.csv", total.skipped))


def _batches(items: Iterator[T], size: int) -> Iterator[list[T]]:
    while batch := list(islice(items, size)):
        yield batch


def _with_audio(ws: Workspace, call: aihub119.Call) -> NewRecording:
    if call.wav is None:
        return call.recording
    digest = hashlib.sha256(call.wav).hexdigest()
    relative = f"audio/{digest[:2]}/{digest}.wav"
    target = ws.settings.home / relative
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(f".{os.getpid()}.part")
        with partial.open("wb") as file:
            file.write(call.wav)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    return replace(call.recording, path=relative, sha256=digest)


def _merge(total: Report, part: Report) -> None:
    total.added += part.added
    total.known += part.known
    for what, n in part.notes.items():
        total.note(what, n)


def _names_hash(paths: Sequence[Path]) -> str:
    return hashlib.sha256("\n".join(sorted(path.name for path in paths)).encode()).hexdigest()


def _write_rejects(ws: Workspace, name: str, skipped: Sequence[Skip]) -> Path | None:
    if not skipped:
        return None
    path = ws.settings.home / name
    with path.open("w", newline="", encoding="utf-8-sig") as file:  # the BOM makes spreadsheets read Hangul
        rows = csv.writer(file)
        rows.writerow(["file", "reason"])
        rows.writerows((harmless(skip.where), harmless(skip.reason)) for skip in skipped)
    return path
