"""Folders on the server's machine that may be imported from a page: listed to choose from, never left.

Allowed are the folder `inbox` of the workspace, the calls of the bundled demo, and what `GWIDAMA_IMPORT_FOLDERS` names.
A link that leads out of an allowed folder is not shown and cannot be chosen.
"""

from collections.abc import Sequence
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
    """What a folder holds: its folders by name, its files with their sizes. `more`: there are others, not shown."""

    folders: tuple[str, ...]
    files: tuple[Received, ...]
    more: bool = False


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
    for path in entries[:MOST_SHOWN]:
        if path.name.startswith(".") or not _is_below(path, top):
            continue
        if path.is_dir():
            folders.append(path.name)
        elif path.is_file():
            files.append(Received(path.name, path.stat().st_size))
    return Listing(tuple(folders), tuple(files), len(entries) > MOST_SHOWN)


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
        if not any(path.resolve().is_relative_to(top) for top in allowed):
            raise InputError("{folder} is not in the folders that may be imported", folder=_shown(path.name))


def _inside(ws: Workspace, root: str, inner: str) -> tuple[Path, Path]:
    """The allowed folder and the folder below it, both without links."""
    known = roots(ws)
    if root not in known:
        raise InputError("{folder} is not in the folders that may be imported", folder=_shown(root))
    top = known[root].resolve()
    here = (top / inner).resolve()
    if not here.is_relative_to(top) or not here.is_dir():
        raise InputError("{folder} is not in the folders that may be imported", folder=_shown(inner or root))
    return top, here


def _is_below(path: Path, top: Path) -> bool:
    try:
        return path.resolve().is_relative_to(top)
    except OSError:
        return False


def _shown(name: str) -> str:
    return printable(name)[-200:]
