"""Durable jobs: submitted from any process, worked on by one worker process, and taken up again after it was killed.

The queue is DBOS's (SQLite by default, PostgreSQL by URL, the same code); what people see of it is the store's board.
A job is a function `run_job(params, job)` of the table `JOBS`; each `job.step` is durable, so that a job whose worker
died goes on with the step it was in. Steps therefore run at least once: what they write must bear being written again.
The worker is `core.jobs.worker` (`python -m core.jobs`); importing this package does not import DBOS.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from core.errors import UnknownName
from core.jobs.context import JobContext, now
from core.plugins import Backend
from core.settings import settings
from core.store import Store

__all__ = ["JOBS", "TETHER", "JobContext", "cancel", "submit"]

TETHER = "--until-stdin-closes"  # a flag of `python -m core.jobs`

JOBS: dict[str, Backend] = {
    "train": Backend("core.workflows.models.train:run_job"),
    "quality": Backend("core.workflows.cleaning.checks:run_job"),
    "clean": Backend("core.workflows.cleaning.run:run_job"),
    "label-errors": Backend("core.workflows.review.label_errors:run_job"),
}

# Client and worker must agree on these; the executor keeps its name, so that a new worker takes up a dead one's work.
APPLICATION = "gwidama"
VERSION = "1"
EXECUTOR = "worker"
QUEUE = "jobs"
WORKFLOW = "work"


def submit(
    store: Store,
    kind: str,
    title: str,
    params: Mapping[str, Any],
    job_id: str,
    *,
    kinds: Mapping[str, Backend] = JOBS,
) -> str:
    """Announce a job on the board and queue it; returns `job_id`. Submitting the same id again changes nothing.

    `params` must be JSON-able. Raises `UnknownName` for a kind that is not in `kinds`.
    """
    if kind not in kinds:
        raise UnknownName("job", kind, tuple(kinds))
    store.board.add(job_id, kind, title, params, now())
    enqueue(settings().jobs_url, [job_id])
    return job_id


def cancel(store: Store, job_id: str) -> None:
    """Ask a job to stop: a queued one at once, a running one at its next report or step. `NotFound` if unknown."""
    store.board.get(job_id)
    store.board.cancel(job_id, now())


def enqueue(url: str, job_ids: list[str]) -> None:
    """Queue announced jobs; those that are queued already stay as they are."""
    from dbos import DBOSClient, DBOSPortableJSONSerializer

    _prepare(url)
    client = DBOSClient(system_database_url=url, serializer=DBOSPortableJSONSerializer(), application_name=APPLICATION)
    try:
        for job_id in job_ids:
            client.enqueue(
                {"workflow_name": WORKFLOW, "queue_name": QUEUE, "workflow_id": job_id, "app_version": VERSION}, job_id
            )
    finally:
        client.destroy()


@cache
def _prepare(url: str) -> None:
    """Create the queue's tables: a client does not, and the first job may come before the first worker."""
    from dbos import DBOS

    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    DBOS.migrate(url)
