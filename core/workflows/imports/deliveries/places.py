"""Folders on the server's machine that may be imported from a page: listed to choose from, never left.

Allowed are the folder `inbox` of the workspace, the calls of the bundled demo, and what `GWIDAMA_IMPORT_FOLDERS` names.
A link that leads out of an allowed folder is not shown and cannot be chosen.
"""

import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError
from core.files import make_folder
from core.ingest.archives import printable
from core.settings import DEMO
from core.workflows.imports.deliveries.inbox import Received
from core.workflows.workspace import Workspace

INBOX, CALLS = "inbox", "demo"
MOST_SHOWN = 2_000  # entries of one folder


@dataclass(frozen=True, slots=True)
class Listing:
    """What a folder holds: its folders by name, its files with their sizes. `more`: there are others, not shown.

    `unnamed` counts what has a name in another encoding than UTF-8: it comes in with its folder only.
    """

    folders: tuple[str, ...]
    files: tuple[Received, ...]
    more: bool = False
    unnamed: int = 0


def roots(ws: Workspace) -> dict[str, Path]:
    """The allowed folders by name: `inbox`, `demo`, and the path of each that the settings name."""
    inbox = ws.settings.home / INBOX
    make_folder(inbox)
    named = sorted(ws.settings.import_folders)
    return {INBOX: inbox, CALLS: DEMO / "archives"} | {path: Path(path).expanduser() for path in named}


def look(ws: Workspace, root: str, inner: str = "") -> Listing:
    """What lies in the folder `inner` below the allowed folder `root`. `InputError` if it is not there."""
    top, here = _inside(ws, root, inner)
    folders, files = list[str](), list[Received]()
    try:
        entries = sorted(here.iterdir(), key=lambda path: path.name)
    except OSError as error:
        raise InputError("{folder} cannot be read: {reason}", folder=_shown(inner or root), reason=error.strerror
                         or str(error)) from error  # fmt: skip
    visible = [path for path in entries if not path.name.startswith(".")]
    named = [path for path in visible if is_utf8(path.name)]
    for path in named[:MOST_SHOWN]:
        if not _is_below(path, top):
            continue
        with suppress(OSError):  # it is gone since, or may not be looked at
            status = path.stat()
            if stat.S_ISDIR(status.st_mode):
                folders.append(path.name)
            elif stat.S_ISREG(status.st_mode):
                files.append(Received(path.name, status.st_size))
    return Listing(tuple(folders), tuple(files), len(named) > MOST_SHOWN, len(visible) - len(named))


def is_utf8(name: str) -> bool:
    """Whether a name of the disk can be shown and stored as text."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def chosen(ws: Workspace, root: str, inner: str, names: Sequence[str] = ()) -> list[Path]:
    """The paths to import: the folder itself, or those files and folders in it. `InputError` if one is not allowed."""
    top, here = _inside(ws, root, inner)
    if not names:
        return [here]
    paths = [here / name for name in names]
    for name, path in zip(names, paths, strict=True):
        if Path(name).name != name or not path.exists() or not _is_below(path, top):
            raise InputError("{folder} is not in the folders that may be imported", folder=_shown(name))
    return paths


def check_allowed(ws: Workspace, paths: Sequence[Path]) -> None:
    """Raise `InputError` for a path that lies in no allowed folder and in no upload."""
    allowed = [*(path.resolve() for path in roots(ws).values()), (ws.settings.home / "uploads").resolve()]
    for path in paths:
        if not any(_is_below(path, top) for top in allowed):
            raise InputError("{folder} is not in the folders that may be imported", folder=_shown(path.name))


def _inside(ws: Workspace, root: str, inner: str) -> tuple[Path, Path]:
    """The allowed folder and the folder below it, both without links."""
    known = roots(ws)
    if root not in known:
        raise InputError("{folder} is not in the folders that may be imported", folder=_shown(root))
    top = known[root].resolve()
    try:
        here = (top / inner).resolve()
        is_there = here.is_relative_to(top) and here.is_dir()
    except (OSError, RuntimeError, ValueError):  # a loop of links, a name that no disk takes
        is_there = False
    if not is_there:
        raise InputError("{folder} is not in the folders that may be imported", folder=_shown(inner or root))
    return top, here


def _is_below(path: Path, top: Path) -> bool:
    try:
        return path.resolve().is_relative_to(top)
    except (OSError, RuntimeError, ValueError):  # RuntimeError: a link that leads to itself
        return False


def _shown(name: str) -> str:
    return printable(name)[-200:]
