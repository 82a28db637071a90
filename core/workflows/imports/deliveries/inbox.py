"""Files that a browser sends: kept in the workspace until they are imported, or for a week.

A delivery is the folder `uploads/ID/` of the workspace; the paths below it are those that the browser names. Names are
hostile: each part is checked, and none leaves the folder. A file is there completely or not at all.
"""

import os
import re
import secrets
import shutil
import time
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError
from core.files import full_disk_named, make_folder, move_into_place, remove, temporary_path
from core.ingest.archives import printable
from core.workflows.workspace import Workspace

FOLDER = "uploads"
MOST_BYTES = 50_000_000_000  # of one file
RESERVE_BYTES = 1_000_000_000  # of the disk, which an upload leaves free
KEPT_S = 7 * 24 * 3600
DEEPEST, LONGEST = 12, 200  # folders above a file, bytes of a name
_ID = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True, slots=True)
class Received:
    """A file of a delivery: its path below the delivery, and its size in bytes."""

    path: str
    size: int


def new_id() -> str:
    """An id for a delivery that nobody can guess."""
    return secrets.token_urlsafe(16)


def is_id(delivery: str) -> bool:
    return bool(_ID.fullmatch(delivery))


def folder(ws: Workspace, delivery: str) -> Path:
    """The folder of a delivery, which may not exist yet. `InputError` for what is no id."""
    if not is_id(delivery):
        raise InputError("there is no such upload")
    return ws.settings.home / FOLDER / delivery


def most_bytes(ws: Workspace) -> int:
    """The largest file that can be received now, in bytes: the disk keeps a reserve."""
    return max(0, min(MOST_BYTES, shutil.disk_usage(ws.settings.home).free - RESERVE_BYTES))


class Incoming:
    """A file that is being received: `write` its blocks, then `keep` it; `drop` removes what was not kept."""

    def __init__(self, target: Path, size: int) -> None:
        make_folder(target.parent)
        self._target, self._size, self._n = target, size, 0
        self._partial = temporary_path(target)
        self._file = self._partial.open("wb")

    def write(self, block: bytes) -> None:
        """Write a block. `InputError` if more comes than was announced."""
        self._n += len(block)
        if self._n > self._size:
            raise InputError("{name}: more came than was announced; send it again", name=self._target.name)
        with full_disk_named(self._target.name):
            self._file.write(block)

    def keep(self) -> None:
        """Put the complete file in its place. `InputError` if a part of it is missing."""
        self._file.close()
        if self._n < self._size:
            raise InputError("{name}: only a part of it came; send it again", name=self._target.name)
        with full_disk_named(self._target.name):
            move_into_place(self._partial, self._target)

    def drop(self) -> None:
        self._file.close()
        remove(self._partial)


def begin(ws: Workspace, delivery: str, name: str, size: int) -> Incoming:
    """Begin to receive the file `name` of `size` bytes. `InputError` if it is too large or cannot have this name."""
    most = most_bytes(ws)
    if size > most:
        raise InputError(
            "{name} is too large: {size:,} MB; the disk of this server takes up to {most:,} MB now",
            name=printable(name)[-LONGEST:], size=-(-size // 1_000_000), most=most // 1_000_000,
        )  # fmt: skip
    return Incoming(folder(ws, delivery) / _inner(name), size)


def _inner(name: str) -> Path:
    """The path of a file below its delivery. `InputError` for a name that cannot be kept."""
    parts = unicodedata.normalize("NFC", name).split("/")
    if len(parts) > DEEPEST or not all(map(_usable, parts)):
        raise InputError(
            "{name}: a file of this name cannot be taken; give it another name", name=printable(name)[-LONGEST:]
        )
    return Path(*parts)


def _usable(part: str) -> bool:
    """Whether a file or folder may have this name: visible characters, no hidden name, not too long."""
    encoded = part.encode("utf-8", "surrogatepass")
    return 0 < len(encoded) <= LONGEST and part[0] != "." and "\\" not in part and printable(part) == part


def files(ws: Workspace, delivery: str) -> list[Received]:
    """The files that arrived completely, by path."""
    root = folder(ws, delivery)
    found = [
        Path(place, name) for place, _, names in os.walk(root) for name in names if not name.startswith(".")
    ]  # fmt: skip
    return sorted(
        (Received(path.relative_to(root).as_posix(), path.stat().st_size) for path in found), key=lambda f: f.path
    )


def entries(ws: Workspace, delivery: str) -> list[Path]:
    """The files and folders at the top of a delivery: what an importer gets."""
    root = folder(ws, delivery)
    return sorted(path for path in root.iterdir() if not path.name.startswith(".")) if root.is_dir() else []


def discard(ws: Workspace, delivery: str) -> None:
    """Remove the files of a delivery; what was imported of them stays in the corpus."""
    remove(folder(ws, delivery))


def tidy(ws: Workspace, in_use: Collection[str], now_s: float | None = None) -> int:
    """Remove deliveries that nobody has added to for a week and that no job reads (`in_use`); return how many."""
    root = ws.settings.home / FOLDER
    now_s = time.time() if now_s is None else now_s
    old = [
        path for path in (root.iterdir() if root.is_dir() else ())
        if path.name not in in_use and is_id(path.name) and now_s - path.stat().st_mtime > KEPT_S
    ]  # fmt: skip
    for path in old:
        remove(path)
    return len(old)
