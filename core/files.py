"""Files and folders that appear whole or not at all, JSON documents, and SHA-256.

A new file or folder is made under a hidden name in the folder of its target. Once it is complete and on the disk, it
takes the name of the target. So a reader, a crash or a power cut sees the old content or the new, never a half.
"""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

BLOCK_BYTES = 1 << 20
Sync = Callable[[int], None]  # takes a file descriptor


@contextmanager
def whole(path: Path, sync: Sync = os.fsync) -> Iterator[Path]:
    """Yield a new name beside `path`; what the block makes there takes the place of `path` when the block ends.

    The block makes a file, or a folder where `path` does not exist yet. If the block fails, what it made is removed and
    `path` stays as it was. A replaced file keeps its mode, and a symbolic link stays a link. A `path` that is no file
    on a disk, such as /dev/stdout, is yielded itself.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        yield path
        return
    target = Path(os.path.realpath(path))
    temporary = temporary_beside(target)
    try:
        yield temporary
        put(temporary, target, sync)
    finally:
        remove(temporary)


def temporary_beside(path: Path) -> Path:
    """A hidden name in the folder of `path` that no other writer has; nothing is made."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")


def to_disk(path: Path, sync: Sync = os.fsync) -> None:
    """Wait until the content of a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def put(temporary: Path, path: Path, sync: Sync = os.fsync) -> None:
    """Bring a complete file or folder to the disk, then give it the name `path`, and bring the name to the disk."""
    for part in (*(temporary.rglob("*") if temporary.is_dir() else ()), temporary):
        to_disk(part, sync)
    if path.is_file():
        temporary.chmod(stat.S_IMODE(path.stat().st_mode))
    os.replace(temporary, path)
    to_disk(path.parent, sync)


def remove(path: Path) -> None:
    """Remove a file or a folder with its content, if it is there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def make_folder(path: Path) -> None:
    """Make a folder with its parents, and bring the new names to the disk; do nothing where it is there."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        to_disk(path.parent)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all."""
    with whole(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` in UTF-8, its line ends as they are, to `path`, whole or not at all."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any, indent: int | None = None) -> None:
    """Write `value` as JSON to `path`, whole or not at all."""
    write_text(path, json_text(value, indent))


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON with Hangul as it is and keys in their order; `ValueError` for NaN and infinity, which JSON lacks.

    >>> json_text({"text": "불", "n": 1})
    '{"text": "불", "n": 1}'
    """
    return json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)


def sha256(content: bytes | Path | BinaryIO) -> str:
    """The SHA-256, in hexadecimal digits, of bytes, of the file at a path, or of the rest of an open file.

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


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path` during the block; another process or thread that asks for it waits."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
