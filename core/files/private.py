"""Keeps a workspace from other users: files are 0600, folders 0700, whatever the umask of the shell is.

Every library of this process writes there (SQLite with its -wal and -shm, torch, pyarrow), so the umask of the process
itself is set. Files outside the workspace, such as exports to a folder that a person names, get their usual mode.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

PRIVATE_UMASK = 0o077
FILE_MODE = 0o600

_usual_umask: int | None = None  # that of the shell, once it was replaced
_roots: set[Path] = set()


def keep_private(root: Path, database: Path | None = None) -> None:
    """Make `root` and everything below it private, now and for everything that this process will write.

    What an earlier version wrote is corrected once. `database` is the SQLite file, which is made if it is missing; it
    is corrected last, so its mode tells that the rest is done. Files of another user stay as they are.
    """
    global _usual_umask
    previous = os.umask(PRIVATE_UMASK)
    if _usual_umask is None:
        _usual_umask = previous
    root.mkdir(parents=True, exist_ok=True)
    root = root.resolve()
    _roots.add(root)
    if not os.access(root, os.W_OK):  # made read-only on purpose: it stays as it is
        return
    if database is not None and database.is_relative_to(root):
        if not database.exists():
            database.parent.mkdir(parents=True, exist_ok=True)
            database.touch(FILE_MODE)
    else:
        database = None
    if not (is_private(root) and (database is None or is_private(database))):
        correct(root, last=database)


def correct(root: Path, last: Path | None = None) -> None:
    """Take every right of others from the folders and files below `root`, from `last` at the end.

    The owner's own rights stay: a read-only file stays read-only. Links are not followed.
    """
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            if Path(folder, name) != last:
                _close(Path(folder, name))
    _close(root)
    if last is not None:
        _close(last)


def open_to_others(path: Path, target: Path) -> None:
    """Give a new file or folder the usual mode if `target`, where it will stand, is in no private folder."""
    if _usual_umask is None or _usual_umask == PRIVATE_UMASK or any(target.is_relative_to(root) for root in _roots):
        return
    for part in (path, *(path.rglob("*") if path.is_dir() else ())):
        with suppress(OSError):
            part.chmod((0o777 if part.is_dir() else 0o666) & ~_usual_umask)


def is_private(path: Path) -> bool:
    """Whether no other user has any right on a file or folder."""
    return not stat.S_IMODE(path.stat().st_mode) & PRIVATE_UMASK


def _close(path: Path) -> None:
    """Take the rights of others from a file or folder, if it is no link."""
    with suppress(OSError):
        if not path.is_symlink() and not is_private(path):
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~PRIVATE_UMASK)
