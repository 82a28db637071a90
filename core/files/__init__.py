"""Atomic writes of files and folders, JSON documents, SHA-256, and file locks.

A new file or folder is written under a hidden name in the folder of its target. When it is complete and on the disk, it
is renamed to the target. So a reader sees the old or the new content and never a part, even after a power cut. A full
disk is a `DiskFull`. `core.files` knows nothing of workspaces; `core.files.private` keeps one from other users.
"""

import errno
import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, Any, BinaryIO

from core.errors import DiskFull
from core.files.private import open_to_others

BLOCK_BYTES = 1 << 20
Sync = Callable[[int], None]  # takes a file descriptor
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
STALE_S = 24 * 3600  # an unfinished file of an unknown process that nobody has written to for so long is left over
UNFINISHED = re.compile(r"\.(?:([0-9a-f]{8})-(\d+)-)?[0-9a-f]{8}\.part$")  # old versions named no process
SHOWN_CHARS = 60  # of a name inside a temporary name


@contextmanager
def atomic_path(path: Path, sync: Sync = os.fsync) -> Iterator[Path]:
    """Yield a temporary path; what the block writes there replaces `path` when the block ends.

    The block writes a file, or a folder if `path` does not exist yet. If the block fails, the temporary file is removed
    and `path` stays as it was. A replaced file keeps its mode, and a symbolic link stays a link. If `path` is no file
    on a disk, such as /dev/stdout, the block gets `path` itself.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        yield path
        return
    target = Path(os.path.realpath(path))
    temporary = temporary_path(target)
    try:
        with full_disk_named(path.name):
            yield temporary
            move_into_place(temporary, target, sync)
    finally:
        remove(temporary)


@contextmanager
def temporary_folder(folder: Path) -> Iterator[Path]:
    """Yield a new hidden folder in `folder`; it is removed with its content when the block ends."""
    temporary = temporary_path(folder / "folder")
    try:
        with full_disk_named(folder.name):
            temporary.mkdir(mode=0o700)
            yield temporary
    finally:
        remove(temporary)


@contextmanager
def full_disk_named(what: str) -> Iterator[None]:
    """Convert the error of a full disk in the block to `DiskFull`; `what` is what is being written."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise DiskFull(what) from error


def temporary_path(path: Path) -> Path:
    """Return a hidden name in the folder of `path` that no other writer uses. This creates nothing.

    The name tells which process writes it, so that `remove_leftovers` knows whether that process still runs.
    """
    writer = f"{_machine()}-{os.getpid()}-{secrets.token_hex(4)}"
    return path.with_name(f".{path.name[:SHOWN_CHARS]}.{writer}.part")


def remove_leftovers(folder: Path, deep: bool = False, now: Callable[[], float] = time.time) -> int:
    """Remove what killed processes left unfinished in `folder` (`deep`: and below it); return how many.

    A file of a process that still runs stays. So does one of another machine or of an old version, whose process cannot
    be asked, until nobody has written to it for a day.
    """
    removed = 0
    for path in sorted(folder.rglob(".*.part") if deep else folder.glob(".*.part")):
        if _is_left_over(path, now()):
            remove(path)
            removed += 1
    return removed


def _is_left_over(path: Path, now: float) -> bool:
    writer = UNFINISHED.search(path.name)
    if writer is None:  # not ours
        return False
    if writer[1] == _machine():
        return not _runs(int(writer[2]))
    try:
        return now - max(part.lstat().st_mtime for part in (path, *path.rglob("*"))) > STALE_S
    except OSError:  # another process has just finished or removed it
        return False


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@cache
def _machine() -> str:
    """Eight letters for this machine since its start; process ids mean the same only where these are equal."""
    parts = [socket.gethostname()]
    for place in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        try:
            parts.append(os.readlink(place) if "ns" in place.split("/") else Path(place).read_text(encoding="ascii"))
        except OSError:
            continue
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]


def sync_to_disk(path: Path, sync: Sync = os.fsync) -> None:
    """Wait until the content of a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def move_into_place(temporary: Path, path: Path, sync: Sync = os.fsync) -> None:
    """Write a complete file or folder to the disk, rename it to `path`, and write the new name to the disk."""
    for part in (*(temporary.rglob("*") if temporary.is_dir() else ()), temporary):
        sync_to_disk(part, sync)
    if path.is_file():
        temporary.chmod(stat.S_IMODE(path.stat().st_mode))
    else:
        open_to_others(temporary, path)
    os.replace(temporary, path)
    sync_to_disk(path.parent, sync)


def remove(path: Path) -> None:
    """Remove a file, or a folder with its content, if it exists."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def removed_afterwards(*paths: Path) -> Iterator[None]:
    """Remove files and folders at the end of the block, also if it fails or is interrupted.

    A killed process, and a worker that shuts down, leave them to the next one, which goes on there.
    """
    try:
        yield
    except (Exception, KeyboardInterrupt):
        for path in paths:
            remove(path)
        raise
    for path in paths:
        remove(path)


def make_folder(path: Path) -> None:
    """Make a folder and its missing parents, and write the new names to the disk."""
    if not path.is_dir():
        make_folder(path.parent)
        with full_disk_named(path.name):
            path.mkdir(exist_ok=True)
            sync_to_disk(path.parent)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` atomically."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` atomically, in UTF-8; line ends stay as they are."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any, indent: int | None = None) -> None:
    """Write `value` as JSON to `path` atomically."""
    write_text(path, json_text(value, indent))


def json_text(value: Any, indent: int | None = None) -> str:
    """Return `value` as JSON. Hangul is not escaped, and keys keep their order. `ValueError` for NaN and infinity.

    >>> json_text({"text": "불", "n": 1})
    '{"text": "불", "n": 1}'
    """
    return json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)


def sha256(content: bytes | Path | BinaryIO) -> str:
    """Return the SHA-256, in hexadecimal digits, of bytes, of the file at a path, or of the rest of an open file.

    >>> sha256(b"119")[:12]
    '3038bfb575be'
    """
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    if isinstance(content, Path):
        with content.open("rb") as file:
            return sha256(file)
    digest = hashlib.sha256()
    while block := content.read(BLOCK_BYTES):
        digest.update(block)
    return digest.hexdigest()


def try_lock(lock: IO[Any]) -> bool:
    """Lock an open file until it is closed; False if another process or thread has locked it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold the lock file `path` during the block; other processes and threads wait until the block ends."""
    with full_disk_named(path.name):
        lock = path.open("w")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
