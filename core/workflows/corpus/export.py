"""Taking the corpus out: what matches a filter, or what a Snapshot froze, in one of the formats of `core.export`.

Rows are read in blocks and written as they come, so that memory does not follow the size of the corpus. Only a Snapshot
is read whole, since it is one file that is verified before it is used.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from core import export
from core.batches import batches
from core.errors import InputError, NotFound
from core.export import FORMATS, Format, Line, Opinion, Plan, Written
from core.files import make_folder, whole
from core.filters import Filter
from core.messages import Message
from core.records import Recording, Utterance
from core.schemes import SCHEMES, scheme
from core.store import Judged
from core.training import snapshot as frozen
from core.training.predictions import Probabilities, read_probabilities
from core.workflows.workspace import Workspace, now

Progress = Callable[[int, int], None]
BLOCK = 1_000
NO_AUDIO = Message("recording whose audio is gone from the workspace")


def format_names(*, of_snapshot: bool) -> list[str]:
    """The formats that can take a snapshot, or, without `of_snapshot`, the corpus as it is."""
    return [one.name for one in FORMATS.values() if not (one.live if of_snapshot else one.frozen)]


def save(
    ws: Workspace,
    path: Path,
    *,
    name: str | None = None,
    wanted: Filter | None = None,
    snapshot: str | None = None,
    progress: Progress = lambda done, total: None,
) -> Written:
    """Write to `path` as format `name` (None: by the suffix); `progress(done, total)` in utterances.

    With `snapshot` what it froze is written, with side, class id and code; a filter has no place there. `InputError`
    for an unknown format, a folder that exists, a format that needs a snapshot or takes none.
    """
    how = export.chosen(path, name)
    if snapshot is not None and wanted is not None and wanted != Filter():
        raise InputError("a snapshot is exported whole: leave the filter away, or export the corpus")
    left_out: dict[str, int] = {}
    if snapshot is None:
        plan = _plan(ws)
        total = ws.store.corpus.find(wanted or Filter(), limit=0).total
        lines = _lines(ws, how, plan, wanted or Filter(), left_out)
    else:
        content = frozen.read(ws.snapshot_folder(snapshot))
        plan, total = export.frozen_plan(scheme(content.scheme)), len(content.items)
        lines = _frozen_lines(ws, how, content, left_out)
    written = export.write(path, how, plan, _counted(lines, total, progress))
    written.left_out |= left_out
    return written


def deliver(ws: Workspace, name: str, wanted: Filter, snapshot: str | None, progress: Progress) -> tuple[Path, Written]:
    """Write format `name` into the workspace's exports/, a folder as a zip, for somebody who has only a browser."""
    how = export.chosen(Path(), name)
    folder = ws.settings.home / "exports"
    make_folder(folder)
    stem = f"gwidama-{re.sub('[^0-9]', '', now())[:17]}-{how.name}"
    if not how.folder:
        path = folder / f"{stem}{how.suffix or how.ends}"
        return path, save(ws, path, name=name, wanted=wanted, snapshot=snapshot, progress=progress)
    path = folder / f"{stem}.zip"
    with TemporaryDirectory(dir=folder, prefix=".") as temporary, whole(path) as packed:
        made = Path(temporary) / stem
        written = save(ws, made, name=name, wanted=wanted, snapshot=snapshot, progress=progress)
        Path(shutil.make_archive(f"{made}-packed", "zip", temporary, stem)).replace(packed)
    return path, written


def _plan(ws: Workspace) -> Plan:
    ws.store.schemes.sync()
    licences = sorted({one.licence for one in ws.store.corpus.sources()})
    has = {export.SILVER} if ws.store.transfer.has("silver") else set()
    has |= {export.DISPUTED} if ws.store.transfer.has("disputed") else set()
    has |= {export.TAGS} if ws.store.bulk.tags() else set()
    return export.corpus_plan(SCHEMES.values(), has, licences)


def _counted(lines: Iterable[Line], total: int, progress: Progress) -> Iterator[Line]:
    progress(0, total)
    done = 0
    for done, line in enumerate(lines, start=1):
        yield line
        if done % BLOCK == 0:
            progress(done, total)
    progress(done, total)


def _lines(ws: Workspace, how: Format, plan: Plan, wanted: Filter, left_out: dict[str, int]) -> Iterator[Line]:
    """Of utterances as they are now; what a plain table does not show is not asked for."""
    needs_all = how.full or how.audio or bool({export.SILVER, export.DISPUTED, export.TAGS} & set(plan.columns))
    sources = {one.id: {"_source": one.name, "_licence": one.licence} for one in ws.store.corpus.sources()}
    audio = _Audio(ws, left_out if how.audio else {})
    names = [one.name for one in plan.schemes]
    probabilities = _Probabilities(ws)
    for block in batches(ws.store.corpus.every(wanted, block=BLOCK), BLOCK):
        ids = [one.id for one in block]
        beside = ws.store.transfer.beside(ids) if needs_all else {}
        calls = ws.store.transfer.recordings(u.recording_id for u in block if u.recording_id) if needs_all else {}
        judged = ws.store.transfer.judged(ids) if how.opinions else {}
        for one in block:
            values = _values(one, names)
            call = calls.get(one.recording_id or 0)
            if one.id in beside:
                more = beside[one.id]
                values |= sources[one.source_id] | _of_recording(call)
                values |= {"_parent": more.parent, "_meta": _json(more.meta)}
                values[export.SILVER] = ",".join(more.silver) or None
                values[export.DISPUTED] = ",".join(more.disputed) or None
                values[export.TAGS] = json.dumps(more.tags, ensure_ascii=False) if more.tags else None
            opinions = tuple(probabilities.opinion(one.id, x) for x in judged.get(one.id, ()))
            yield Line(values, call, audio.of(call) if how.audio else None, opinions)


def _values(one: Utterance, names: list[str]) -> dict[str, Any]:
    own = {name: getattr(one, name) for name in export.COLUMNS if name not in SCHEMES}
    return own | {name: one.labels.get(name) for name in names}


def _of_recording(call: Recording | None) -> dict[str, Any]:
    if call is None:
        return dict.fromkeys(("_recording", "_recording_ms", "_recording_hz", "_recording_sha256", "_recording_meta"))
    return {
        "_recording": call.key, "_recording_ms": call.duration_ms, "_recording_hz": call.sample_rate_hz,
        "_recording_sha256": call.sha256, "_recording_meta": _json(call.meta),
    }  # fmt: skip


class _Probabilities:
    """The probabilities of runs, each file read once."""

    def __init__(self, ws: Workspace) -> None:
        self._runs = ws.settings.runs
        self._read: dict[tuple[str, str, str], Probabilities] = {}

    def opinion(self, utterance_id: int, one: Judged) -> Opinion:
        """What the run said, with every class where its file is there, else with the class that it decided for."""
        which = one.run_id, one.purpose, one.scheme
        if which not in self._read:
            self._read[which] = read_probabilities(self._runs / one.run_id, one.purpose, one.scheme)
        probs = self._read[which].of(utterance_id)
        shares = {one.code: one.confidence}
        if probs is not None:
            shares = dict(zip(scheme(one.scheme).codes, probs.tolist(), strict=False))
        return Opinion(one.run_id, one.scheme, one.code, one.confidence, shares)


def _frozen_lines(ws: Workspace, how: Format, content: frozen.Snapshot, left_out: dict[str, int]) -> Iterator[Line]:
    audio = _Audio(ws, left_out if how.audio else {})
    for block in batches(content.items, BLOCK):
        keys = {item.recording for item in block if item.recording}
        calls = ws.store.transfer.recordings_by_key(keys) if how.audio else {}
        for item in block:
            values = {name: getattr(item, name) for name in export.FROZEN if name != "scheme"}
            call = calls.get(item.recording or "")
            yield Line(values | {"scheme": content.scheme}, call, audio.of(call) if how.audio else None)


class _Audio:
    """The file of a recording; each one that is gone is counted once."""

    def __init__(self, ws: Workspace, left_out: dict[str, int]) -> None:
        self._ws, self._left_out = ws, left_out
        self._last: tuple[int, Path | None] = (0, None)
        self._gone: set[int] = set()

    def of(self, call: Recording | None) -> Path | None:
        if call is None or call.path is None:
            return None
        if call.id != self._last[0]:
            self._last = call.id, self._find(call.id, call.path)
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
