"""The worker: one process that runs jobs, one at a time, and writes their state on the board.

Nothing is lost when it ends: on SIGTERM the job stops at its next report and stays unfinished, after `kill -9` it is
unfinished too, and the next worker continues it. A workspace has one worker; a second one waits some seconds for the
first to end and then fails.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from core.errors import Cancelled, CoreError, DiskFull, JobFailed, StoreAway
from core.files import full_disk_named, remove_leftovers, try_lock
from core.files.private import keep_private
from core.jobs import APPLICATION, EXECUTOR, JOBS, QUEUE, VERSION, WORKFLOW, enqueue
from core.jobs.context import JobContext, Stopped, now
from core.messages import Message
from core.plugins import Backend, pick
from core.records import JobState
from core.settings import settings
from core.store import Board, open_store
from core.store.engine import is_away, is_disk_full

LOG = logging.getLogger("gwidama.jobs")
LIVES = 20  # a job whose worker died this many times fails
LOCK_WAIT_S = 8.0  # a worker whose parent was killed needs some time to end
RECONCILE_S = 2.0
GRACE_S = 3.0
SPACE_S = 5.0  # between two looks whether a full disk has space again


def run_worker(stop: Event | None = None, kinds: Mapping[str, Backend] = JOBS) -> bool:
    """Run jobs until `stop` is set. Returns whether the last job ended in time; if not, leave by `os._exit`.

    `JobFailed` if another worker serves this workspace, `StoreAway` if the database server does not answer.
    """
    from dbos import DBOS, DBOSPortableJSONSerializer

    stop = stop or Event()
    chosen = settings()
    keep_private(chosen.home, chosen.database_file)
    remove_leftovers(chosen.home, deep=True)
    board = open_store(chosen.database_url).board
    idle, away = Event(), Event()
    idle.set()
    with _only_worker(chosen.home / "worker.lock", stop):
        DBOS(
            config={
                "name": APPLICATION,
                "system_database_url": chosen.jobs_url,
                "application_version": VERSION,
                "executor_id": EXECUTOR,
                "serializer": DBOSPortableJSONSerializer(),
                "log_level": "CRITICAL",  # DBOS would log a failed job, which `_work` logs already
                "enable_otlp": False,
            }
        )

        def steps(name: str, fn: Callable[[], Any]) -> Any:
            return DBOS.run_step({"name": name}, fn)

        @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=LIVES)
        def work(job_id: str) -> None:
            idle.clear()
            try:
                _work(board, kinds, job_id, steps, stop, away)
            finally:
                idle.set()

        DBOS.launch()
        DBOS.register_queue(QUEUE, worker_concurrency=1, polling_interval_sec=0.2)
        LOG.info("worker ready")
        while not stop.wait(RECONCILE_S):
            try:
                _reconcile(board, chosen.jobs_url, DBOS.get_workflow_status)
            except Exception as error:
                if is_away(error):
                    raise StoreAway("the database server does not answer: {error}", error=error) from error
                if not is_disk_full(error):
                    raise
                LOG.warning("the disk is full: jobs wait for space")
            if away.is_set():
                raise StoreAway("the database server did not answer; the next worker goes on with the job")
        let_go = idle.wait(GRACE_S)
        DBOS.destroy()
        return let_go


def _work(board: Board, kinds: Mapping[str, Backend], job_id: str, steps: Any, stop: Event, away: Event) -> None:
    """Run one job and write its end on the board. `Stopped` passes through to DBOS, which keeps the job unfinished.

    If the database server does not answer, the job is unfinished too, and `away` is set: the worker has to end.
    """
    job = board.get(job_id)
    if job.state in ("done", "failed", "cancelled"):
        return  # cancelled before its turn, or killed between the end of the job and the end of its workflow
    context = JobContext(board, job_id, steps, stop)
    try:
        run_job = pick(kinds, job.kind, "job")
        if board.update(job_id, now(), state="running"):
            raise Cancelled
        with full_disk_named(Message("a file of the job")):
            run_job(dict(job.params), context)
    except Stopped:
        _end(board, context, stop, "queued")
        raise
    except Cancelled:
        _end(board, context, stop, "cancelled")
    except StoreAway as error:
        LOG.warning("job %s: %s", job_id, error)
        away.set()
        raise Stopped from error
    except CoreError as error:
        _end(board, context, stop, "failed", error.message)
    except Exception as error:
        LOG.exception("job %s (%s) failed", job_id, job.kind)
        _end(board, context, stop, "failed", f"{type(error).__name__}: {error}")
    else:
        _end(board, context, stop, "done")


def _end(board: Board, context: JobContext, stop: Event, state: JobState, error: str | None = None) -> None:
    """Write how a job ended on the board. On a full disk this waits for space; `Stopped` if the worker shuts down."""
    while True:
        try:
            context.flush()
            board.update(context.id, now(), state=state, error=error)
            return
        except DiskFull as full:
            LOG.warning("job %s: %s", context.id, full)
            if stop.wait(SPACE_S):
                raise Stopped from full


def _reconcile(board: Board, url: str, status_of: Callable[[str], Any]) -> None:
    """Make board and queue agree: queue jobs that are only on the board; fail jobs whose workers died too often."""
    for job in board.list(limit=100):
        if job.state not in ("queued", "running"):
            continue
        status = status_of(job.id)
        if status is None:
            enqueue(url, [job.id])
        elif status.status == "MAX_RECOVERY_ATTEMPTS_EXCEEDED":
            died = Message("the worker died {n} times while working on it", n=LIVES)
            board.update(job.id, now(), state="failed", error=died)


@contextmanager
def _only_worker(path: Path, stop: Event) -> Iterator[None]:
    """Hold the lock file `path`; `JobFailed` if another worker holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + LOCK_WAIT_S
    with path.open("w") as lock:
        while not try_lock(lock):
            if stop.wait(0.2) or time.monotonic() > until:
                raise JobFailed("another worker serves {folder}/ already", folder=path.parent.name)
        yield
