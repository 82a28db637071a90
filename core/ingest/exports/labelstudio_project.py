"""Which project of Label Studio an export is of: by the number in its name, else by the number in its tasks.

Each export of a project has another name (`project-3-at-2026-11-01-09-00-aaaa.json`), but its tasks have the same ids.
"""

import re
from dataclasses import replace
from pathlib import Path

from core.errors import InputError
from core.ingest import json_array
from core.ingest.exports.rows import ExportedRow

_NAME = re.compile(r"(project-\d+)-at-\d{4}-\d{2}-\d{2}-\d{2}-\d{2}(-[0-9A-Za-z]+)?")


def project_of(path: Path) -> str | None:
    """`project-3`, from the name of the file or else from its first task; None if neither tells."""
    if name := project_in_name(path.stem):
        return name
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            task = next(iter(json_array.items(file, path.name)), None)
    except (OSError, InputError):
        return None  # the reader names the fault
    number = task.get("project") if isinstance(task, dict) else None
    return f"project-{number}" if isinstance(number, int) and not isinstance(number, bool) else None


def project_in_name(stem: str) -> str | None:
    """The project in the name that Label Studio gives to an export.

    >>> project_in_name("project-3-at-2026-11-01-09-00-aaaa"), project_in_name("tasks")
    ('project-3', None)
    """
    match = _NAME.fullmatch(stem)
    return match[1] if match else None


def moved(row: ExportedRow, stem: str, base: str) -> ExportedRow:
    """The row with keys that begin with `labelstudio:{base}:` instead of the name of its file."""
    old, new = f"labelstudio:{stem}:", f"labelstudio:{base}:"

    def changed(key: str) -> str:
        return new + key[len(old) :] if key.startswith(old) else key

    recording = row.new_recording
    return replace(
        row,
        new=replace(row.new, key=changed(row.new.key), group=changed(row.new.group)),
        recording=changed(row.recording) if isinstance(row.recording, str) else row.recording,
        new_recording=None if recording is None else replace(recording, key=changed(recording.key)),
    )
