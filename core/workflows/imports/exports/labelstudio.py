"""Imports exports of Label Studio. A project is one source, however often and under whatever name it is exported.

Its tasks are known by their ids and its regions by theirs. Workspaces of earlier programs named a project after the
file and a region after its place: there the keys stay as they are, and a region is found by its times and its text.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from core.batches import batches
from core.errors import UnknownName
from core.files import sha256
from core.filters import Filter
from core.ingest.exports.labelstudio import LabelStudioExport
from core.ingest.exports.labelstudio_project import moved, project_in_name, project_of
from core.ingest.exports.rows import Export, ExportedRecording, ExportedRow
from core.records import NewRecording, OnClash, RestoredUtterance, Skip, Utterance
from core.schemes import SCHEMES, Scheme
from core.store import Comparison
from core.store.corpus.compare import plain
from core.workflows.imports import sources
from core.workflows.imports.sources import ChosenSource, NamedDelivery
from core.workflows.imports.tables.sources import sound_sha256
from core.workflows.workspace import Workspace

BLOCK = 2_000
PREFIX = "export:"
_PLACE = re.compile(r"\d+")


class ProjectExport:
    """An export whose rows have the keys that its project has in this workspace; see `core.ingest.exports.rows.Export`.

    `base` is the name of the project in the keys.
    """

    def __init__(self, ws: Workspace, file: LabelStudioExport, stem: str, base: str) -> None:
        self.name, self.schemes = file.name, file.schemes
        self._ws, self._file, self._stem, self._base = ws, file, stem, base

    def rows(self) -> Iterator[ExportedRow | Skip]:
        for block in batches(self._file.rows(), BLOCK):
            yield from _known_regions(
                self._ws, [moved(r, self._stem, self._base) if isinstance(r, ExportedRow) else r for r in block]
            )

    def recordings(self) -> Iterator[ExportedRecording | Skip]:
        return self._file.recordings()


def open_project(
    ws: Workspace, file: LabelStudioExport, path: Path, policy: OnClash
) -> tuple[Export, NamedDelivery, ChosenSource]:
    """The export as one of its project, the delivery, and the source that it belongs to."""
    project = project_of(path)
    name = PREFIX + (project or path.name)
    delivered = NamedDelivery("export", name, sha256(path), former=_former_names(ws, project))

    def compare(source: str) -> Comparison:
        return _of_project(ws, ProjectExport(ws, file, path.stem, base_of(source)))

    chosen = sources.choose(ws, delivered, cache(compare), policy)
    return ProjectExport(ws, file, path.stem, base_of(chosen.name)), delivered, chosen


def base_of(source: str) -> str:
    """The name of a project in keys, from the name of its source.

    >>> base_of("export:project-3 (2)"), base_of("export:tasks.json"), base_of("export:tasks.json (2)")
    ('project-3 (2)', 'tasks', 'tasks (2)')
    """
    return re.sub(r"\.json(?=( \(\d+\))?$)", "", source.removeprefix(PREFIX), flags=re.I)


def _former_names(ws: Workspace, project: str | None) -> tuple[str, ...]:
    """The sources that earlier programs made of exports of the project, one for each file."""
    if project is None:
        return ()
    names = (name for name, kind in ws.store.deliveries.kinds().items() if kind == "export")
    return tuple(name for name in names if project_in_name(base_of(name)) == project)


def _of_project(ws: Workspace, export: ProjectExport) -> Comparison:
    total = compare_export(ws, export)
    other, same = total.other - total.other_sounds, total.same - total.same_sounds
    if other <= same or other == 1:
        # The number and the ids are those of the project, and so are the texts: other audio is another file of it, and
        # one edited text does not tell two projects apart.
        return Comparison(total.clashes, same=same + (other == 1))
    return total


def compare_export(ws: Workspace, export: Export) -> Comparison:
    """Compare the rows of an export with what is stored under their keys; nothing is written."""
    total = Comparison()
    for block in batches(export.rows(), BLOCK):
        rows = [row for row in block if isinstance(row, ExportedRow)]
        recordings = {row.new_recording.key: _sounding(row) for row in rows if row.new_recording is not None}
        items = [
            RestoredUtterance(replace(row.new, labels=_codes(row.labels)), row.text, recording=_key(row.recording))
            for row in rows
        ]
        total += ws.store.transfer.compare(items, recordings)
    return total


def _key(recording: str | int | None) -> str | None:
    return recording if isinstance(recording, str) else None


def _sounding(row: ExportedRow) -> NewRecording:
    """The recording of a row with the hash of the audio beside the export."""
    assert row.new_recording is not None
    return row.new_recording if row.sound is None else replace(row.new_recording, sha256=sound_sha256(row.sound))


def _codes(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels that the schemes of the workspace can read; under others nothing is stored yet."""
    codes = {}
    for name, value in labels.items():
        known: Scheme | None = SCHEMES.get(name)
        if known is not None and known.level == "utterance":
            try:
                codes[name] = known.parse(value)
            except UnknownName:
                continue
    return codes


def _known_regions(ws: Workspace, rows: list[ExportedRow | Skip]) -> Iterable[ExportedRow | Skip]:
    """The rows; a region that an earlier program named after its place gets the key that it has in the workspace."""
    regions = [r for r in rows if isinstance(r, ExportedRow) and r.new.key.startswith(f"{r.recording}:")]
    known = ws.store.corpus.utterance_ids([row.new.key for row in regions])
    unknown = [row for row in regions if row.new.key not in known]
    calls = ws.store.transfer.recordings_by_key({str(row.recording) for row in unknown})
    if not calls:
        return rows
    keys: dict[str, str] = {}
    for name, call in calls.items():
        stored = {u.key: u for u in ws.store.corpus.every(Filter(recording_id=call.id))}
        placed = {key: u for key, u in stored.items() if _PLACE.fullmatch(key.removeprefix(f"{name}:"))}
        keys |= _matches([row for row in unknown if row.recording == name], placed)
    return [
        replace(row, new=replace(row.new, key=keys[row.new.key]))
        if isinstance(row, ExportedRow) and row.new.key in keys
        else row
        for row in rows
    ]


def _matches(rows: list[ExportedRow], placed: dict[str, Utterance]) -> dict[str, str]:
    """Map the key of each region to that of the stored region with its times, else to that with its text."""
    keys: dict[str, str] = {}
    for by_text in (False, True):
        left: dict[object, list[str]] = {}
        for key, u in placed.items():
            if key not in keys.values():
                left.setdefault(plain(u.original) if by_text else (u.start_ms, u.end_ms), []).append(key)
        for row in rows:
            mark = plain(row.new.text) if by_text else (row.new.start_ms, row.new.end_ms)
            if row.new.key not in keys and mark != "" and len(left.get(mark, [])) == 1:
                keys[row.new.key] = left.pop(mark)[0]
    return keys
