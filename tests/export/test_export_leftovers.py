"""What a killed export left unfinished is removed by the next export, and when the workspace is opened."""

import subprocess
import sys
from pathlib import Path

import pytest

from core import files
from core.filters import Filter
from core.workflows import workspace
from core.workflows.corpus import export
from core.workflows.workspace import Workspace


@pytest.fixture(scope="module")
def dead() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def leftover(folder: Path, pid: int) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f".out.csv.{files._machine()}-{pid}-0123abcd.part"
    path.write_text("half", encoding="utf-8")
    return path


def test_the_next_export_removes_what_a_killed_one_left(ws: Workspace, tmp_path: Path, dead: int) -> None:
    outside, inside = leftover(tmp_path / "out", dead), leftover(ws.settings.home / "exports", dead)
    live = files.temporary_path(tmp_path / "out" / "other.csv")
    live.touch()
    export.save(ws, tmp_path / "out" / "a.csv", name="csv")
    export.deliver(ws, "csv", Filter(), None, lambda done, total: None)
    assert not outside.exists()
    assert not inside.exists()
    assert live.exists()


def test_opening_the_workspace_removes_them_too(ws: Workspace, dead: int) -> None:
    left = [leftover(folder, dead) for folder in (ws.settings.home, ws.settings.home / "exports", ws.settings.runs)]
    workspace._open.cache_clear()
    workspace.open_workspace()
    assert not any(path.exists() for path in left)
