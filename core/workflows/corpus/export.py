"""Exports the corpus: the utterances that match a filter, or the content of a Snapshot, in a format of `core.export`.

Rows are read in blocks and written at once, so memory does not grow with the corpus. Only a Snapshot is read as a
whole, since it is one file that is verified before use.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from core import export
from core.batches import batches
from core.errors import InputError, NotFound
from core.export import FORMATS, ExportReport, Format, Line, Plan, Prediction
from core.files import atomic_path, make_folder, temporary_folder
from core.filters import Filter
from core.messages import Message
from core.records import Recording, Utterance
from core.runs.predictions import Probabilities, read_probabilities
from core.schemes import SCHEMES, scheme
from core.snapshots.format import Snapshot
from core.snapshots.format import read as read_snapshot
from core.store import RunPrediction
from core.workflows.workspace import Workspace, now

Progress = Callable[[int, int], None]
BLOCK = 1_000
NO_AUDIO = Message("recording whose audio is gone from the workspace")


def format_names(*, of_snapshot: bool) -> list[str]:
    """The formats that can hold a snapshot; without `of_snapshot`, those that can hold the corpus as it is now."""
    return [f.name for f in FORMATS.values() if not (f.live if of_snapshot else f.frozen)]


def save(
    ws: Workspace,
    path: Path,
    *,
    name: str | None = None,
    wanted: Filter | None = None,
    snapshot: str | None = None,
    progress: Progress = lambda done, total: None,
) -> ExportReport:
    """Write to `path` in the format `name` (None: by the suffix). `progress(done, total)` counts utterances.

    With `snapshot`, its frozen samples are written, with side, class id and code, and `wanted` must be empty.
    `InputError` for an unknown format, a folder that exists, or a format that needs a snapshot or cannot hold one.
    """
    file_format = export.find_format(path, name)
    if snapshot is not None and wanted is not None and wanted != Filter():
        raise InputError("a snapshot is exported whole: leave the filter away, or export the corpus")
    left_out: dict[str, int] = {}
    if snapshot is None:
        plan = _plan(ws)
        total = ws.store.corpus.find(wanted or Filter(), limit=0).total
        lines = _lines(ws, file_format, plan, wanted or Filter(), left_out)
    else:
        content = read_snapshot(ws.snapshot_folder(snapshot))
        plan, total = export.frozen_plan(scheme(content.scheme)), len(content.items)
        lines = _frozen_lines(ws, file_format, content, left_out)
    report = export.write(path, file_format, plan, _counted(lines, total, progress))
    report.left_out |= left_out
    return report


def deliver(
    ws: Workspace, name: str, wanted: Filter, snapshot: str | None, progress: Progress
) -> tuple[Path, ExportReport]:
    """Write format `name` into the workspace's exports/ for a person who has only a browser; a folder becomes a zip."""
    file_format = export.find_format(Path(), name)
    folder = ws.settings.home / "exports"
    make_folder(folder)
    stem = f"gwidama-{re.sub('[^0-9]', '', now())[:17]}-{file_format.name}"
    if not file_format.folder:
        path = folder / f"{stem}{file_format.suffix or file_format.ends}"
        return path, save(ws, path, name=name, wanted=wanted, snapshot=snapshot, progress=progress)
    path = folder / f"{stem}.zip"
    with temporary_folder(folder) as temporary, atomic_path(path) as packed:
        target = temporary / stem
        report = save(ws, target, name=name, wanted=wanted, snapshot=snapshot, progress=progress)
        Path(shutil.make_archive(f"{target}-packed", "zip", temporary, stem)).replace(packed)
    return path, report


def _plan(ws: Workspace) -> Plan:
    """The columns to write: optional columns only if the workspace has values for them."""
    ws.store.schemes.sync()
    licences = sorted({s.licence for s in ws.store.corpus.sources()})
    optional = {export.SILVER} if ws.store.transfer.has_grade("silver") else set()
    optional |= {export.DISPUTED} if ws.store.transfer.has_grade("disputed") else set()
    optional |= {export.TAGS} if ws.store.bulk.tags() else set()
    return export.corpus_plan(SCHEMES.values(), optional, licences)


def _counted(lines: Iterable[Line], total: int, progress: Progress) -> Iterator[Line]:
    """The same lines; reports progress after every block."""
    progress(0, total)
    done = 0
    for done, line in enumerate(lines, start=1):
        yield line
        if done % BLOCK == 0:
            progress(done, total)
    progress(done, total)


def _lines(ws: Workspace, file_format: Format, plan: Plan, wanted: Filter, left_out: dict[str, int]) -> Iterator[Line]:
    """Lines of the utterances as they are now. Values that the format does not write are not read."""
    needs_all = (
        file_format.full or file_format.audio or bool({export.SILVER, export.DISPUTED, export.TAGS} & set(plan.columns))
    )
    sources = {s.id: {"_source": s.name, "_licence": s.licence} for s in ws.store.corpus.sources()}
    audio = _Audio(ws, left_out if file_format.audio else {})
    names = [s.name for s in plan.schemes]
    probabilities = _Probabilities(ws)
    for block in batches(ws.store.corpus.every(wanted, block=BLOCK), BLOCK):
        ids = [u.id for u in block]
        details = ws.store.transfer.extras(ids) if needs_all else {}
        recordings = ws.store.transfer.recordings(u.recording_id for u in block if u.recording_id) if needs_all else {}
        stored = ws.store.transfer.run_predictions(ids) if file_format.predictions else {}
        for utterance in block:
            values = _values(utterance, names)
            recording = recordings.get(utterance.recording_id or 0)
            if utterance.id in details:
                extra = details[utterance.id]
                values |= sources[utterance.source_id] | _of_recording(recording)
                values |= {"_parent": extra.parent, "_meta": _json(extra.meta)}
                values[export.SILVER] = ",".join(extra.silver) or None
                values[export.DISPUTED] = ",".join(extra.disputed) or None
                values[export.TAGS] = json.dumps(extra.tags, ensure_ascii=False) if extra.tags else None
            predictions = tuple(probabilities.prediction(utterance.id, x) for x in stored.get(utterance.id, ()))
            yield Line(values, recording, audio.of(recording) if file_format.audio else None, predictions)


def _values(utterance: Utterance, names: list[str]) -> dict[str, Any]:
    """The fixed columns and the labels of an utterance."""
    own = {name: getattr(utterance, name) for name in export.COLUMNS if name not in SCHEMES}
    return own | {name: utterance.labels.get(name) for name in names}


def _of_recording(recording: Recording | None) -> dict[str, Any]:
    """The columns that describe the recording; all None without one."""
    if recording is None:
        return dict.fromkeys(("_recording", "_recording_ms", "_recording_hz", "_recording_sha256", "_recording_meta"))
    return {
        "_recording": recording.key, "_recording_ms": recording.duration_ms, "_recording_hz": recording.sample_rate_hz,
        "_recording_sha256": recording.sha256, "_recording_meta": _json(recording.meta),
    }  # fmt: skip


class _Probabilities:
    """Reads the probabilities of runs; each file is read once."""

    def __init__(self, ws: Workspace) -> None:
        self._runs = ws.settings.runs
        self._read: dict[tuple[str, str, str], Probabilities] = {}

    def prediction(self, utterance_id: int, stored: RunPrediction) -> Prediction:
        """A run's prediction: with all classes if its probabilities are on disk, else only with the class it chose."""
        key = stored.run_id, stored.purpose, stored.scheme
        if key not in self._read:
            self._read[key] = read_probabilities(self._runs / stored.run_id, stored.purpose, stored.scheme)
        row = self._read[key].of(utterance_id)
        probabilities = {stored.code: stored.confidence}
        if row is not None:
            probabilities = dict(zip(scheme(stored.scheme).codes, row.tolist(), strict=False))
        return Prediction(stored.run_id, stored.scheme, stored.code, stored.confidence, probabilities)


def _frozen_lines(ws: Workspace, file_format: Format, content: Snapshot, left_out: dict[str, int]) -> Iterator[Line]:
    """Lines of the samples that a Snapshot froze."""
    audio = _Audio(ws, left_out if file_format.audio else {})
    for block in batches(content.items, BLOCK):
        keys = {item.recording for item in block if item.recording}
        recordings = ws.store.transfer.recordings_by_key(keys) if file_format.audio else {}
        for item in block:
            values = {name: getattr(item, name) for name in export.FROZEN if name != "scheme"}
            recording = recordings.get(item.recording or "")
            yield Line(
                values | {"scheme": content.scheme}, recording, audio.of(recording) if file_format.audio else None
            )


class _Audio:
    """Finds the audio file of a recording. Each file that is missing is counted once."""

    def __init__(self, ws: Workspace, left_out: dict[str, int]) -> None:
        self._ws, self._left_out = ws, left_out
        self._last: tuple[int, Path | None] = (0, None)
        self._gone: set[int] = set()

    def of(self, recording: Recording | None) -> Path | None:
        if recording is None or recording.path is None:
            return None
        if recording.id != self._last[0]:
            self._last = recording.id, self._find(recording.id, recording.path)
        return self._last[1]

    def _find(self, recording_id: int, path: str) -> Path | None:
        try:
            return self._ws.inside(path)
        except NotFound:
            if recording_id not in self._gone:
                self._gone.add(recording_id)
                self._left_out[NO_AUDIO] = self._left_out.get(NO_AUDIO, 0) + 1
            return None


def _json(meta: Any) -> str | None:
    return json.dumps(dict(meta), ensure_ascii=False) if meta else None
