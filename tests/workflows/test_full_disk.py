"""A full disk: import, review and export say so in one message, leave nothing half-written, and go on with space.

The workspace lies on a small disk in memory; where none can be mounted, the test is skipped. SQLite's own words for a
full disk are tested without one.
"""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pytest
from aihub119_files import wav_bytes
from sqlalchemy.exc import OperationalError
from store_data import AT

from core import jobs, schemes
from core.errors import DiskFull, StoreError
from core.filters import Filter
from core.jobs import worker as job_worker
from core.jobs.context import Stopped
from core.store.engine import engine_for, is_disk_full, migrating
from core.workflows import workspace
from core.workflows.corpus import export
from core.workflows.imports.audio import Rules, ingest_audio
from core.workflows.imports.tables.table import Columns, File, TableImportOptions, ingest_table
from core.workflows.workspace import Workspace

FULL = "the disk is full: {what} could not be written. What was saved before stays; free some space and try again"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no small disk can be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=False)


@pytest.fixture
def small_ws(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    for name in ("DATABASE_URL", "JOBS_URL"):
        monkeypatch.delenv(f"GWIDAMA_{name}", raising=False)
    monkeypatch.setenv("GWIDAMA_HOME", str(small_disk / "ws"))
    workspace._open.cache_clear()
    yield workspace.open_workspace()
    workspace._open.cache_clear()
    schemes.publish(None, [])


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """The disk without a byte of space, until the block ends."""
    ballast = os.open(disk / "ballast", os.O_CREAT | os.O_WRONLY)
    try:
        while True:
            os.write(ballast, bytes(1024))
    except OSError:
        os.close(ballast)
    try:
        yield
    finally:
        (disk / "ballast").unlink()


def everything(home: Path) -> dict[str, int]:
    """The files of the workspace with their sizes, without those of SQLite."""
    return {
        str(path.relative_to(home)): path.stat().st_size
        for path in home.rglob("*")
        if path.is_file() and not path.name.startswith("gwidama.db")
    }


@pytest.mark.integration
def test_work_on_a_full_disk_fails_clearly_and_goes_on_with_space(
    small_disk: Path, small_ws: Workspace, tmp_path: Path
) -> None:
    ws = small_ws
    table = tmp_path / "t.csv"
    table.write_text("id,text,label\n" + "".join(f"{n},{n}번 출동,위험\n" for n in range(20)), encoding="utf-8")
    (tmp_path / "a.wav").write_bytes(wav_bytes(600))

    def imports(source: str) -> int:
        options = TableImportOptions(Columns("text", {"danger": "label"}, id="id"), source=source)
        return ingest_table(ws, File.at(table), options).added

    assert imports("first") == 20
    before, files = ws.store.corpus.counts(), everything(ws.settings.home)
    (utterance, *_) = ws.store.corpus.every(Filter())
    with filled(small_disk):
        for work in (
            lambda: imports("second"),
            lambda: ingest_audio(ws, [tmp_path / "a.wav"], Rules()),
            lambda: export.deliver(ws, "csv", Filter(), None, lambda done, total: None),
            lambda: ws.store.review.decide(utterance.id, utterance.version, "ann", AT, text="불"),
            lambda: jobs.submit(ws.store, "quality", "quality", {"checks": None}, "job"),
        ):
            with pytest.raises(DiskFull) as caught:
                work()
            assert str(caught.value).startswith("the disk is full: ")
        assert everything(ws.settings.home).items() <= files.items() | {("rejects", 0)}
    assert ws.store.corpus.counts() == before
    assert ws.store.corpus.utterances([utterance.id])[0].text == utterance.text
    assert ws.store.review.decide(utterance.id, utterance.version, "ann", AT, text="불").version == 1
    assert jobs.submit(ws.store, "quality", "quality", {"checks": None}, "job") == "job"
    assert imports("second") == 20
    assert ingest_audio(ws, [tmp_path / "a.wav"], Rules()).report.added == 1
    path, report = export.deliver(ws, "csv", Filter(), None, lambda done, total: None)
    assert report.utterances == 41
    assert path.read_text(encoding="utf-8-sig").count("\n") == 42
    assert not [name for name in everything(ws.settings.home) if name.endswith(".part")]


class _FullBoard:
    """A board that cannot be written to at first."""

    def __init__(self, refusals: int) -> None:
        self.refusals, self.written = refusals, list[tuple[str | None, str | None]]()

    def get(self, job_id: str) -> SimpleNamespace:
        return SimpleNamespace(progress={})

    def update(
        self, job_id: str, at: str, *, state: str | None = None, error: str | None = None, **more: object
    ) -> bool:
        if self.refusals:
            self.refusals -= 1
            raise DiskFull("the database")
        self.written.append((state, error))
        return False


def test_the_end_of_a_job_waits_for_space_on_the_board(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_worker, "SPACE_S", 0.001)
    board = _FullBoard(refusals=3)
    context = jobs.JobContext(board, "job", lambda name, fn: fn(), Event())  # type: ignore[arg-type]
    job_worker._end(board, context, Event(), "failed", "the disk is full")  # type: ignore[arg-type]
    assert board.written == [("failed", "the disk is full")]
    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        job_worker._end(_FullBoard(1), context, stop, "done")  # type: ignore[arg-type]


def full_database(path: Path) -> sqlite3.Error:
    """The error that SQLite gives for a database that may not grow."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.execute("PRAGMA max_page_count = 2")
        try:
            connection.execute("INSERT INTO t VALUES (?)", ("x" * 100_000,))
        except sqlite3.Error as error:
            return error
    raise AssertionError("it grew")


def test_sqlite_says_that_the_disk_is_full(tmp_path: Path) -> None:
    full = full_database(tmp_path / "a.db")
    assert str(full) == "database or disk is full"
    assert is_disk_full(full)
    assert is_disk_full(OperationalError("INSERT", {}, full))
    assert not is_disk_full(OperationalError("INSERT", {}, sqlite3.OperationalError("database is locked")))
    engine = engine_for(f"sqlite:///{tmp_path / 'b.db'}")
    with pytest.raises(DiskFull) as caught, migrating(engine):
        raise OperationalError("INSERT", {}, full)
    assert str(caught.value) == FULL.format(what="the database")
    with pytest.raises(StoreError, match="the database cannot be used: database is locked"), migrating(engine):
        raise OperationalError("INSERT", {}, sqlite3.OperationalError("database is locked"))
