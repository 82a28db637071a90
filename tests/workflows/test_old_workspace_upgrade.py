"""A workspace made by version 0.1.0: its upgrade is killed half way, or may not write."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from old_workspace import HEAD, altered, close, expected, rows_of, saved_tables, schema, unpacked

from core.settings import ROOT
from core.workflows import workspace

pytestmark = pytest.mark.integration


OPEN_AND_DIE = """
import os, signal, sys
from sqlalchemy import Engine, event
left = int(sys.argv[1])

@event.listens_for(Engine, "before_cursor_execute")
def count(connection, cursor, statement, *rest):
    global left
    if statement.lstrip().split()[0].upper() in ("CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE"):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

from core.workflows.workspace import open_workspace
open_workspace()
"""


def open_and_die(home: Path, after: int) -> int:
    """Open the workspace in a process that is killed before its write number `after`; returns its exit status."""
    done = subprocess.run(
        [sys.executable, "-c", OPEN_AND_DIE, str(after)], cwd=ROOT, env=os.environ | {"GWIDAMA_HOME": str(home)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


KILLED_AFTER = (0, 3, 8, 13, 20)  # writes


def test_a_migration_that_was_killed_is_done_by_the_next_opening(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.open_workspace()
    upgraded, killed = schema(home), []
    before = {name: digest for name, digest in expected()["files"].items() if name.startswith(("runs/", "snapshots/"))}
    for after in KILLED_AFTER:
        copy = unpacked(tmp_path / f"killed-{after}")
        killed.append(open_and_die(copy, after) == -signal.SIGKILL)
        monkeypatch.setenv("GWIDAMA_HOME", str(copy))
        close()
        workspace.open_workspace()
        assert schema(copy) == upgraded
        assert saved_tables(copy) == []
        assert [name for name in altered(copy, before) if name in before] == []
    assert killed[0] == (HEAD > "0005")  # without a migration nothing is written


def test_a_workspace_that_may_not_be_written_to_is_refused_and_left_as_it_is(home: Path) -> None:
    """Root may write anywhere, so the process gives up that right first (`setpriv`, util-linux)."""
    as_root = os.geteuid() == 0
    if as_root and shutil.which("setpriv") is None:
        pytest.skip("root without setpriv may write to read-only files")
    before, database = altered(home, {}), (home / "gwidama.db").read_bytes()
    _allow(home, write=False)
    try:
        less = ["setpriv", "--bounding-set=-dac_override"] if as_root else []
        done = subprocess.run(
            [*less, sys.executable, "-m", "core", "runs", "list", "--json"], cwd=ROOT, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
    finally:
        _allow(home, write=True)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("error: ")
    assert "readonly database" in line
    assert (home / "gwidama.db").read_bytes() == database
    assert altered(home, {}) == before
    assert rows_of(home, "SELECT version_num FROM alembic_version") == [("0005",)]


def _allow(home: Path, *, write: bool) -> None:
    for path in (home, *home.rglob("*")):
        path.chmod((0o755 if path.is_dir() else 0o644) if write else (0o555 if path.is_dir() else 0o444))
