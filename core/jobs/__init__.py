"""Durable jobs: any process submits them, one worker process runs them, a new worker continues after a crash.

The queue is that of DBOS (SQLite by default, PostgreSQL by URL); people see jobs on the store's board. A job is a
function `run_job(params, job)` of the table `JOBS`. Each `job.step` is durable: if the worker dies, the next worker
continues with the step that was running. So a step runs at least once, and it must be safe to run it twice.
The worker is `core.jobs.worker` (`python -m core.jobs`). Importing this package does not import DBOS.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from core.errors import UnknownName
from core.jobs.context import JobContext, now
from core.plugins import Backend
from core.settings import TETHER, settings
from core.store import Store

__all__ = ["JOBS", "TETHER", "JobContext", "cancel", "submit"]

JOBS: dict[str, Backend] = {
    "import": Backend("core.workflows.imports.deliveries.job:run_job"),
    "train": Backend("core.workflows.models.train:run_job"),
    "quality": Backend("core.workflows.cleaning.checks:run_job"),
    "clean": Backend("core.workflows.cleaning.run:run_job"),
    "augment": Backend("core.workflows.augment.run:run_job"),
    "leakmeter": Backend("core.workflows.leaks.meter:run_job"),
    "label-errors": Backend("core.workflows.review.label_errors:run_job"),
    "predict-batch": Backend("core.workflows.predict.batch:run_job"),
    "transcribe": Backend("core.workflows.speech.corpus:run_job"),
    "letter-errors": Backend("core.workflows.speech.errors:run_job"),
    "pseudo-label": Backend("core.workflows.pseudo_labels.judge:run_job"),
    "pseudo-label-gate": Backend("core.workflows.pseudo_labels.ablation.gate:run_job"),
    "augment-voice": Backend("core.workflows.augment.voice:run_job"),
    "map": Backend("core.workflows.map.making:run_job"),
    "demo": Backend("core.workflows.demo:run_job"),
}

# Client and worker must agree on these. The executor keeps its name, so a new worker continues a dead worker's jobs.
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
    """Put a job on the board and in the queue; returns `job_id`. Idempotent: the same id again changes nothing.

    `params` must be JSON-able. `UnknownName` for a kind that is not in `kinds`.
    """
    if kind not in kinds:
        raise UnknownName("job", kind, tuple(kinds))
    store.board.add(job_id, kind, title, params, now())
    enqueue(settings().jobs_url, [job_id])
    return job_id


def cancel(store: Store, job_id: str) -> None:
    """Cancel a job: a queued one at once, a running one at its next report or step. `NotFound` for an unknown id."""
    store.board.get(job_id)
    store.board.cancel(job_id, now())


def enqueue(url: str, job_ids: list[str]) -> None:
    """Put jobs of the board into the queue; jobs that are in the queue already do not change."""
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
    """Create the queue's tables. A DBOS client does not, and the first job may come before the first worker."""
    from dbos import DBOS

    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    DBOS.migrate(url)
