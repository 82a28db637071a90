"""The CSV of what an import could not use: one for each import, so that two imports at once never write the same file.

It is `rejects/rejects-table-DATE-LETTERS.csv` in the workspace; `rejects-table.csv` is the latest of its kind.
"""

import csv
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.files import atomic_path, full_disk_named, make_folder, move_into_place, remove, temporary_path
from core.records import Skip
from core.text.cells import escape_formula
from core.workflows.workspace import Workspace, now

KEPT_REJECTS = 100
ENCODING = "utf-8-sig"  # the BOM makes spreadsheets read Hangul


class Rejects:
    """An open CSV of rejects. `path` is the complete file after the block of `streamed`, None if nothing was added."""

    def __init__(self, table: Any) -> None:
        self._table = table
        self.n = 0
        self.path: Path | None = None

    def add(self, *cells: str | int) -> None:
        """Write one row; no cell of it can run as a formula."""
        self._table.writerow([escape_formula(cell) if isinstance(cell, str) else cell for cell in cells])
        self.n += 1


@contextmanager
def streamed(ws: Workspace, name: str, columns: Sequence[str]) -> Iterator[Rejects]:
    """Yield the CSV of an import; `name` is that of the latest one. It is complete also after an error in the block."""
    path = own_path(ws, name)
    partial = temporary_path(path)
    with full_disk_named(name), partial.open("w", newline="", encoding=ENCODING) as out:
        table = csv.writer(out)
        table.writerow(columns)
        rejects = Rejects(table)
        try:
            yield rejects
        finally:
            try:
                out.flush()
                if rejects.n:
                    move_into_place(partial, path)
                    keep_as_latest(path, ws.settings.home / name)
                    rejects.path = path
            finally:
                remove(partial)


def write_rejects(ws: Workspace, name: str, skipped: Sequence[Skip]) -> Path | None:
    """Write `skipped` as a CSV (file, reason) into the workspace and return its path; None if nothing was skipped."""
    if not skipped:
        return None
    with streamed(ws, name, ("file", "reason")) as rejects:
        for skip in skipped:
            rejects.add(skip.where, skip.reason)
    return rejects.path


def own_path(ws: Workspace, name: str) -> Path:
    """The path of the CSV of one import. The `KEPT_REJECTS` latest files are kept."""
    folder = ws.settings.home / "rejects"
    make_folder(folder)
    for old in sorted(folder.glob("*.csv"), key=_written_at)[:-KEPT_REJECTS]:
        remove(old)
    stamp = re.sub("[^0-9]", "", now())[:14]
    return folder / f"{name.removesuffix('.csv')}-{stamp}-{secrets.token_hex(3)}.csv"


def keep_as_latest(path: Path, latest: Path) -> None:
    """Make `latest` the same file as `path`, so that the last import of a kind is found under a fixed name."""
    with atomic_path(latest) as partial:
        try:
            partial.hardlink_to(path)
        except OSError:  # a file system without hard links
            shutil.copyfile(path, partial)


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another import has just removed it
        return 0.0
