"""Jobs as people see them: list them, show their progress, cancel one. `Context` is what a job gives its work."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from core.jobs import cancel as cancel_job
from core.jobs.context import Steps as Steps
from core.records import Job
from core.workflows.workspace import Workspace

LIVE = ("queued", "running")
SEARCHED_JOBS = 50  # of the latest jobs, to find one that is running


class Context(Protocol):
    """What a job gives to the work that it runs: durable steps, and progress that people see."""

    def step(self, name: str, fn: Callable[[], Any]) -> Any: ...
    def report(self, progress: Mapping[str, Any]) -> None: ...


class IdentifiedContext(Context, Protocol):
    """A context for work whose rows carry the job's id."""

    id: str


def by_stage(job: Context) -> Callable[[str, int, int], None]:
    """What takes the stage of the work, how much of it is done and how much there is, and reports it as progress."""

    def report(stage: str, done: int, total: int) -> None:
        job.report({"stage": stage, "done": done, "total": total, "unit": stage})

    return report


def recent(ws: Workspace, most: int) -> list[Job]:
    """The latest `most` jobs, the newest first."""
    return ws.store.board.list(most)


def get(ws: Workspace, job_id: str) -> Job:
    """The job as it is now. `NotFound` for an unknown id."""
    return ws.store.board.get(job_id)


def running(ws: Workspace, kind: str) -> Job | None:
    """The newest job of `kind` that is queued or running; None if there is none."""
    return next((job for job in recent(ws, SEARCHED_JOBS) if job.kind == kind and job.state in LIVE), None)


def cancel(ws: Workspace, job_id: str) -> None:
    """Ask a job to stop between two batches. A cancelled run keeps no results."""
    cancel_job(ws.store, job_id)
    job = ws.store.board.get(job_id)
    if job.kind == "train" and job.state == "cancelled":  # it never began, so no worker will set this
        run_id = str(job.params.get("run_id", job_id))  # a run that goes on has another job each time
        ws.store.ledger.set_run(run_id, "cancelled")
