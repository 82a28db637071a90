"""The workspace that version 0.1.0 made, and how tests read it before and after today's program opened it.

`data/workspace-0.1.0.zip` holds the workspace and `expected.json`, what version 0.1.0 read back from it (see
`data/make_old_workspace.py.txt`).
"""

import hashlib
import json
import math
import sqlite3
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from core import schemes
from core.cli import app
from core.settings import ROOT
from core.workflows import workspace

ZIP = Path(__file__).parents[1] / "data" / "workspace-0.1.0.zip"
TOLERANCE = 1e-6
# What opening and reading must leave as it is, byte by byte.
UNTOUCHED = ("runs/", "snapshots/", "audio/", "exports/", "cleaning/", "cleaning.toml", "quality.json", "similar/")
POOL = "predictions-pool.parquet"  # what opening adds to a run, since migration 0007
HEAD = max(path.name[:4] for path in ROOT.glob("core/**/versions/*.py"))  # the newest migration of this checkout
SETTINGS = ("HOME", "DATABASE_URL", "JOBS_URL", "API_KEYS", "HOST", "PORT", "CURATOR")


@cache
def expected() -> Any:
    """What version 0.1.0 read from the workspace, and the names that the tests need."""
    with zipfile.ZipFile(ZIP) as archive:
        return json.loads(archive.read("expected.json"))


def unpacked(folder: Path) -> Path:
    """The workspace as version 0.1.0 left it, in `folder`."""
    with zipfile.ZipFile(ZIP) as archive:
        archive.extractall(folder)
    return folder / "workspace"


def old_home(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Path]:
    """For a fixture: the workspace in `folder`, not opened yet; the settings point at it while the test runs."""
    for name in SETTINGS:
        patch.delenv(f"GWIDAMA_{name}", raising=False)
    patch.setenv("GWIDAMA_HOME", str(folder / "workspace"))
    patch.setenv("GWIDAMA_CURATOR", "tester")
    close()
    yield unpacked(folder)
    close()
    schemes.publish(None, [])  # what this workspace added is not known to the next test


def close() -> None:
    """Forget the open workspace, so that the next call opens it as a new process would."""
    workspace._open.cache_clear()


def answer(*verb: str) -> Any:
    """The JSON document of a command that succeeds."""
    done = CliRunner().invoke(app, [*verb, "--json"])
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def differences(old: Any, new: Any, where: str = "") -> list[str]:
    """Where `new` lacks something of `old` or tells it differently; new keys of an object are no difference."""
    if isinstance(old, dict) and isinstance(new, dict):
        gone = [f"{where}/{key} is gone" for key in old.keys() - new.keys()]
        return gone + [d for key in old.keys() & new.keys() for d in differences(old[key], new[key], f"{where}/{key}")]
    if isinstance(old, list) and isinstance(new, list | tuple) and len(old) == len(new):
        return [d for n, pair in enumerate(zip(old, new, strict=True)) for d in differences(*pair, f"{where}/{n}")]
    if isinstance(old, float) and isinstance(new, float | int):
        return [] if math.isclose(old, new, rel_tol=0, abs_tol=TOLERANCE) else [f"{where}: {old} became {new}"]
    return [] if old == new else [f"{where}: {old!r} became {new!r}"]


def hashes(home: Path) -> dict[str, str]:
    """SHA-256 of every file that opening must not change, by its path in the workspace."""
    names = {path.relative_to(home).as_posix(): path for path in home.rglob("*") if path.is_file()}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in names.items()
        if name.startswith(UNTOUCHED) and not name.endswith(".lock")
    }


def altered(home: Path, before: dict[str, str]) -> list[str]:
    """The files that are gone, changed or new; the probabilities that leave the database may lie in a run's folder."""
    now = hashes(home)
    names = [name for name in before.keys() | now.keys() if before.get(name) != now.get(name)]
    return sorted(name for name in names if name in before or Path(name).name != POOL)


def rows_of(home: Path, query: str) -> list[tuple[Any, ...]]:
    """What `query` reads from the database file, without this program."""
    raw = sqlite3.connect(home / "gwidama.db")
    try:
        return raw.execute(query).fetchall()
    finally:
        raw.close()


def schema(home: Path) -> dict[str, Any]:
    """The revision, the columns of every table, and the names of indexes and triggers."""
    tables = [name for (name,) in rows_of(home, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    columns = {table: sorted(rows_of(home, f"SELECT name, \"notnull\", pk FROM pragma_table_info('{table}')"))
               for table in tables if not table.startswith("sqlite_")}  # fmt: skip
    others = rows_of(home, "SELECT type, name FROM sqlite_master WHERE type != 'table' AND name NOT LIKE 'sqlite_%'")
    return columns | {"others": sorted(others), "revision": rows_of(home, "SELECT version_num FROM alembic_version")}


def saved_tables(home: Path) -> list[str]:
    """Where the tables hold something else than version 0.1.0 wrote; `revision.why` is compared by `histories`."""
    found = []
    for name, table in expected()["tables"].items():
        columns = [column for column in table["columns"] if column != "why"]
        rows = sorted([list(row) for row in rows_of(home, f"SELECT {', '.join(columns)} FROM {name}")], key=repr)
        wanted = sorted([row[: len(columns)] for row in table["rows"]], key=repr)  # `why` is the last column
        if name == "prediction":  # rows that judging the pool had overwritten may be there again
            rows = [row for row in rows if row in wanted]
        if rows != wanted:
            found.append(name)
    return found
