"""Jobs in a real worker process: how they end, cancelling, and continuing after `kill -9`."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pytest
from job_kinds import KINDS
from postgres import Server

from core.errors import Cancelled, NotFound, UnknownName
from core.jobs import JobContext, cancel, submit
from core.jobs import worker as job_worker
from core.jobs.context import Stopped
from core.messages import Message
from core.records import Job
from core.settings import ROOT, settings
from core.store import Store, open_store
from core.store.engine import engine_for
from core.web import children

pytestmark = pytest.mark.integration

PATIENCE_S = 120


@pytest.fixture
def store(tmp_path: Path, backend: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Store:
    monkeypatch.setenv("GWIDAMA_HOME", str(tmp_path / "home"))
    for name in ("GWIDAMA_DATABASE_URL", "GWIDAMA_JOBS_URL"):
        monkeypatch.delenv(name, raising=False)
    if backend == "postgresql":
        monkeypatch.setenv("GWIDAMA_DATABASE_URL", request.getfixturevalue("database_url"))
    return open_store(settings().database_url)


@pytest.fixture
def worker(store: Store, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        log = (tmp_path / "worker.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests" / "support" / "job_kinds.py"), *arguments],
            env=os.environ | {"PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=log, stderr=log,
        )  # fmt: skip
        log.close()
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdin:
            process.stdin.close()


def wait_until(condition: Callable[[], bool], what: str) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up, f"never happened: {what}"
        time.sleep(0.05)


def ended(store: Store, job_id: str) -> Job:
    wait_until(lambda: store.board.get(job_id).state in ("done", "failed", "cancelled"), f"end of {job_id}")
    return store.board.get(job_id)


def lines(folder: Path) -> list[str]:
    path = folder / "lines"
    return path.read_text().splitlines() if path.exists() else []


def put(store: Store, kind: str, job_id: str, **params: object) -> str:
    return submit(store, kind, f"a job of kind {kind}", params, job_id, kinds=KINDS)


def test_a_job_whose_workers_died_too_often_fails_with_a_message_that_pages_translate(store: Store) -> None:
    put(store, "five_steps", "dead")
    exceeded = SimpleNamespace(status="MAX_RECOVERY_ATTEMPTS_EXCEEDED")
    job_worker._reconcile(store.board, settings().jobs_url, lambda job_id: exceeded)
    job = store.board.get("dead")
    assert (job.state, job.error) == ("failed", "the worker died 20 times while working on it")
    assert isinstance(job.error, Message)
    assert job.error.template == "the worker died {n} times while working on it"


def test_outcomes_are_on_the_board(store: Store, worker: Callable[..., object], tmp_path: Path) -> None:
    assert put(store, "five_steps", "a", folder=str(tmp_path)) == "a"
    put(store, "five_steps", "a", folder=str(tmp_path))  # a second time adds nothing
    put(store, "too_little", "b")
    put(store, "broken", "c")
    assert [store.board.get(j).state for j in "abc"] == ["queued"] * 3
    worker()

    done = ended(store, "a")
    assert (done.state, done.error) == ("done", None)
    assert done.progress == {"done": 5, "total": 5, "unit": "step", "history": [1, 2, 3, 4, 5]}
    assert lines(tmp_path) == [f"{word} {n}" for n in range(1, 6) for word in ("begin", "end")]

    refused = ended(store, "b")
    assert (refused.state, refused.error) == ("failed", "only 3 rows; 10 are needed")
    assert refused.progress == {"done": 2}, "the last report gets through the rate limit"

    crashed = ended(store, "c")
    assert (crashed.state, crashed.error) == ("failed", "ZeroDivisionError: by design")
    log = (tmp_path / "worker.log").read_text()
    assert "Traceback" in log
    assert "ZeroDivisionError: by design" in log
    assert "only 3 rows" not in log, "an expected failure needs no traceback"

    put(store, "five_steps", "a", folder=str(tmp_path))  # long after it is done
    put(store, "too_little", "d")
    ended(store, "d")
    assert len(lines(tmp_path)) == 10


def test_cancel_while_running_and_while_queued(store: Store, worker: Callable[..., object], tmp_path: Path) -> None:
    put(store, "endless", "running")
    put(store, "five_steps", "queued", folder=str(tmp_path))
    put(store, "five_steps", "early", folder=str(tmp_path))
    cancel(store, "early")
    assert store.board.get("early").state == "cancelled"
    worker()
    wait_until(lambda: store.board.get("running").progress != {}, "first report")
    assert store.board.get("running").state == "running"
    assert store.board.get("queued").state == "queued", "one job at a time"
    cancel(store, "queued")
    cancel(store, "running")
    job = ended(store, "running")
    assert (job.state, job.error, job.progress["done"]) == ("cancelled", None, 1)
    put(store, "too_little", "last")
    ended(store, "last")
    assert [store.board.get(j).state for j in ("early", "queued")] == ["cancelled"] * 2
    assert lines(tmp_path) == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_job_goes_on_with_the_step_its_worker_ended_in(
    how: signal.Signals, store: Store, worker: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    put(store, "five_steps", "a", folder=str(tmp_path), wait_in=3)
    first = worker()
    wait_until(lambda: "begin 3" in lines(tmp_path), "step 3")
    first.send_signal(how)
    assert first.wait(PATIENCE_S) == (0 if how == signal.SIGTERM else -how)
    assert lines(tmp_path) == ["begin 1", "end 1", "begin 2", "end 2", "begin 3"]
    (tmp_path / "gate").touch()
    worker()
    assert ended(store, "a").state == "done"
    assert lines(tmp_path)[5:] == ["begin 3", "end 3", "begin 4", "end 4", "begin 5", "end 5"]
    assert store.board.get("a").progress["history"] == [1, 2, 3, 4, 5]


def test_a_stopped_worker_leaves_its_job_queued(store: Store, worker: Callable[..., subprocess.Popen[bytes]]) -> None:
    put(store, "endless", "a")
    first = worker()
    wait_until(lambda: store.board.get("a").progress != {}, "first report")
    first.terminate()
    assert first.wait(PATIENCE_S) == 0
    assert store.board.get("a").state == "queued"
    worker()
    wait_until(lambda: store.board.get("a").state == "running", "taken up again")
    cancel(store, "a")
    assert ended(store, "a").state == "cancelled"


def test_cancelled_between_two_workers(store: Store, worker: Callable[..., subprocess.Popen[bytes]]) -> None:
    put(store, "stuck", "a")
    first = worker()
    wait_until(lambda: store.board.get("a").state == "running", "start")
    first.kill()
    first.wait()
    cancel(store, "a")
    assert store.board.get("a").state == "running", "nobody is there to stop it"
    worker()
    assert ended(store, "a").state == "cancelled"


def test_a_tethered_worker_ends_with_its_parent_even_when_the_job_is_stuck(
    store: Store, worker: Callable[..., subprocess.Popen[bytes]]
) -> None:
    put(store, "stuck", "a")
    process = worker("--until-stdin-closes")
    wait_until(lambda: store.board.get("a").progress != {}, "start")
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(PATIENCE_S) == 0


def test_one_worker_a_workspace(store: Store, worker: Callable[..., subprocess.Popen[bytes]], tmp_path: Path) -> None:
    put(store, "endless", "a")
    worker()
    wait_until(lambda: store.board.get("a").state == "running", "start")
    assert worker().wait(PATIENCE_S) == 1
    assert "another worker serves home/ already" in (tmp_path / "worker.log").read_text()


def test_announced_but_never_queued_is_queued_by_the_worker(
    store: Store, worker: Callable[..., object], tmp_path: Path
) -> None:
    store.board.add("a", "five_steps", "its submitter died", {"folder": str(tmp_path)}, "2026-01-01T00:00:00+00:00")
    worker()
    assert ended(store, "a").state == "done"


def test_unknown_kinds_and_jobs(store: Store) -> None:
    with pytest.raises(UnknownName, match=r"unknown job 'fly'; known: import, train"):
        submit(store, "fly", "a title", {}, "a")
    assert store.board.list() == []
    with pytest.raises(NotFound, match="no job 'a'"):
        cancel(store, "a")


def test_reports_are_limited_in_rate_and_merged(store: Store) -> None:
    store.board.add("a", "train", "a title", {}, "2026-01-01T00:00:00+00:00")
    seconds, stop = [0.0], Event()
    job = JobContext(store.board, "a", lambda name, fn: fn(), stop, clock=lambda: seconds[0])
    job.report({"done": 1, "history": [0.5]})
    assert store.board.get("a").progress == {"done": 1, "history": [0.5]}
    seconds[0] = 0.2
    job.report({"done": 2})
    assert store.board.get("a").progress["done"] == 1
    seconds[0] = 0.3
    job.report({"done": 3})
    assert store.board.get("a").progress == {"done": 3, "history": [0.5]}
    job.report({"done": 4})
    assert job.step("an end flushes", lambda: 7) == 7
    assert store.board.get("a").progress["done"] == 4

    again = JobContext(store.board, "a", lambda name, fn: fn(), stop)
    again.report({"done": 5})
    assert store.board.get("a").progress == {"done": 5, "history": [0.5]}, "a second life keeps the history"

    cancel(store, "a")
    with pytest.raises(Cancelled, match="job a was cancelled"):
        again.step("never runs", lambda: pytest.fail("ran"))
    stop.set()
    with pytest.raises(Stopped):
        again.report({"done": 6})


@pytest.fixture
def own_server(postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server of this test alone, which may be restarted, with an empty workspace."""
    server = Server(tmp_path)
    server.start()
    monkeypatch.setenv("GWIDAMA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("GWIDAMA_JOBS_URL", raising=False)
    monkeypatch.setenv("GWIDAMA_DATABASE_URL", server.create("own"))
    yield server
    engine_for(settings().database_url).dispose()
    server.stop()


def test_a_job_goes_on_after_its_database_server_was_restarted(own_server: Server, tmp_path: Path) -> None:
    store = open_store(settings().database_url)
    put(store, "five_steps", "a", folder=str(tmp_path), wait_in=3)
    command = [sys.executable, str(ROOT / "tests" / "support" / "job_kinds.py")]
    with (tmp_path / "worker.log").open("wb") as log, pytest.MonkeyPatch.context() as patch:
        patch.setattr(children.subprocess, "Popen", partial(subprocess.Popen, stdout=log, stderr=log))
        with children.kept_running("worker", command, os.environ | {"PYTHONPATH": str(ROOT)}):
            wait_until(lambda: "begin 3" in lines(tmp_path), "step 3")
            own_server.restart()
            (tmp_path / "gate").touch()
            assert ended(store, "a").state == "done"
    assert store.board.get("a").progress["history"] == [1, 2, 3, 4, 5]
    assert [line for line in lines(tmp_path) if line.startswith("end")][-3:] == ["end 3", "end 4", "end 5"]
