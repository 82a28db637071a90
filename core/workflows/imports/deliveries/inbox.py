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
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakSet

from core.errors import InputError
from core.files import full_disk_named, make_folder, move_into_place, remove, remove_leftovers, temporary_path
from core.ingest.archives import printable
from core.workflows.workspace import Workspace

FOLDER = "uploads"
MOST_BYTES = 50_000_000_000  # of one file
RESERVE_BYTES = 1_000_000_000  # of the disk, which an upload leaves free
KEPT_S = 7 * 24 * 3600
MS = 1_000_000  # nanoseconds
DEEPEST, LONGEST = 12, 200  # folders above a file, bytes of a name
_ID = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True, slots=True)
class Received:
    """A file of a delivery: its path below the delivery, its size in bytes, and when it was written (ms of 1970)."""

    path: str
    size: int
    modified_ms: int = field(default=0, compare=False)


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
    """The largest file that can be received now, in bytes: the disk keeps a reserve, and room for what is coming."""
    coming = sum(incoming.missing for incoming in list(_arriving))
    return max(0, min(MOST_BYTES, shutil.disk_usage(ws.settings.home).free - RESERVE_BYTES - coming))


class Incoming:
    """A file that is being received: `write` its blocks, then `keep` it; `drop` removes what was not kept."""

    def __init__(self, target: Path, size: int, modified_ms: int | None = None) -> None:
        self._target, self._size, self._modified_ms, self._n = target, size, modified_ms, 0
        self._partial = temporary_path(target)
        try:
            with full_disk_named(target.name):
                make_folder(target.parent)
                if target.is_dir():
                    raise IsADirectoryError
                self._file = self._partial.open("wb")
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise InputError(
                "{name}: a file and a folder have one name here; give it another name", name=target.name
            ) from error
        _arriving.add(self)

    @property
    def missing(self) -> int:
        """The bytes that were announced and have not come."""
        return max(0, self._size - self._n)

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
        if self._modified_ms is not None:
            os.utime(self._partial, ns=(self._modified_ms * MS, self._modified_ms * MS))
        with full_disk_named(self._target.name):
            move_into_place(self._partial, self._target)

    def drop(self) -> None:
        _arriving.discard(self)
        self._file.close()
        remove(self._partial)


_arriving: WeakSet[Incoming] = WeakSet()


def begin(ws: Workspace, delivery: str, name: str, size: int, modified_ms: int | None = None) -> Incoming:
    """Begin to receive the file `name` of `size` bytes. `InputError` if it is too large or cannot have this name.

    `modified_ms` is when the file was written on the sender's machine: a file of another time is another file.
    """
    most = most_bytes(ws)
    if size > most:
        raise InputError(
            "{name} is too large: {size:,} MB; the disk of this server takes up to {most:,} MB now",
            name=printable(name)[-LONGEST:], size=-(-size // 1_000_000), most=most // 1_000_000,
        )  # fmt: skip
    return Incoming(folder(ws, delivery) / _inner(name), size, modified_ms)


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
    return sorted((_received(path, root) for path in found), key=lambda f: f.path)


def _received(path: Path, root: Path) -> Received:
    status = path.stat()
    return Received(path.relative_to(root).as_posix(), status.st_size, status.st_mtime_ns // MS)


def entries(ws: Workspace, delivery: str) -> list[Path]:
    """The files and folders at the top of a delivery: what an importer gets."""
    root = folder(ws, delivery)
    return sorted(path for path in root.iterdir() if not path.name.startswith(".")) if root.is_dir() else []


def discard(ws: Workspace, delivery: str) -> None:
    """Remove the files of a delivery; what was imported of them stays in the corpus."""
    remove(folder(ws, delivery))


def tidy(ws: Workspace, in_use: Collection[str], now_s: float | None = None) -> int:
    """Remove deliveries that nobody has added to for a week and that no job reads (`in_use`); return how many.

    What a killed server was receiving is removed, too.
    """
    root = ws.settings.home / FOLDER
    now_s = time.time() if now_s is None else now_s
    old = [
        path for path in (root.iterdir() if root.is_dir() else ())
        if path.name not in in_use and is_id(path.name) and now_s - _changed_s(path) > KEPT_S
    ]  # fmt: skip
    for path in old:
        remove(path)
    if root.is_dir():
        remove_leftovers(root, deep=True)
    return len(old)


def _changed_s(delivery: Path) -> float:
    """When something was last put into a delivery or a folder in it, in seconds of 1970."""
    return max(os.stat(place).st_mtime for place, _, _ in os.walk(delivery))
