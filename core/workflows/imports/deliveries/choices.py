"""What a person chose on the Import page for one delivery, before it is imported: kept on the disk, by its token.

A choice is the value of a field of the page. So a reload, the Back button and another browser show the same choices.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from core.errors import InputError
from core.files import make_folder, remove, write_text
from core.workflows.workspace import Workspace

FOLDER = "imports"
KEPT = 200  # the latest deliveries
MOST_CHARS = 200_000
Value = str | int | bool | list[str] | None
_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,64}")


def load(ws: Workspace, token: str) -> dict[str, Value]:
    """The choices that were kept under `token`; {} if there are none."""
    try:
        document = json.loads(_path(ws, token).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): value for name, value in document.items()} if isinstance(document, dict) else {}


def save(ws: Workspace, token: str, values: Mapping[str, Value]) -> None:
    """Keep the choices under `token`; of older ones only the latest `KEPT` stay."""
    text = json.dumps(dict(values), ensure_ascii=False, sort_keys=True)
    if len(text) > MOST_CHARS:
        return
    path = _path(ws, token)
    make_folder(path.parent)
    write_text(path, text)
    for old in sorted(path.parent.glob("*.json"), key=lambda file: file.stat().st_mtime)[:-KEPT]:
        remove(old)


def forget(ws: Workspace, token: str) -> None:
    remove(_path(ws, token))


def _path(ws: Workspace, token: str) -> Path:
    if not _TOKEN.fullmatch(token):
        raise InputError("there is no such upload")
    return ws.settings.home / FOLDER / f"{token}.json"
