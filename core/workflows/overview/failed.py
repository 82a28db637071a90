"""Failed jobs: which ones wait for a person, trying again, putting one aside, and taking that back."""

import secrets
from collections.abc import Callable

from core.errors import InputError
from core.jobs import submit
from core.messages import Word
from core.records import Job
from core.store.board import SETTLED
from core.workflows.workspace import Workspace, now


def failed(ws: Workspace) -> list[Job]:
    """The failed jobs that nobody has tried again or put aside, the newest first."""
    return list(ws.store.board.failed())


def aside(ws: Workspace) -> list[Job]:
    """The failed jobs that somebody has put aside, the newest first; those that were tried again are not among them."""
    return [job for job in ws.store.board.failed(settled=True) if "again" not in job.progress[SETTLED]]


def retry(ws: Workspace, job_id: str, curator: str) -> str:
    """Queue the work of a failed job once more; returns the id of the new job.

    A training goes on from its last checkpoint if it has one. What a failed job has stored is not added twice.
    `InputError` for a job that has not failed.
    """
    job = ws.store.board.get(job_id)
    if job.state != "failed":
        raise InputError("this job is {state}; only a failed one can be tried again", state=Word(job.state))
    new = _AGAIN.get(job.kind, _again)(ws, job)
    ws.store.board.settle(job_id, now(), by=curator, again=new)
    return new


def put_aside(ws: Workspace, job_id: str, curator: str) -> None:
    """Take a failed job off the list of what waits; `NotFound` if no failed job has this id."""
    ws.store.board.settle(job_id, now(), by=curator)


def take_up(ws: Workspace, job_id: str) -> None:
    """Put a failed job that was put aside back on the list; `NotFound` if no failed job has this id.

    `InputError` if its work was tried again.
    """
    if "again" in ws.store.board.get(job_id).progress.get(SETTLED, {}):
        raise InputError("this job was tried again already")
    ws.store.board.unsettle(job_id)


def _again(ws: Workspace, job: Job) -> str:
    return submit(ws.store, job.kind, job.title, job.params, f"{job.kind}-{secrets.token_hex(6)}")


def _import(ws: Workspace, job: Job) -> str:
    from core.workflows.imports.deliveries.job import again

    return again(ws, job)


def _training(ws: Workspace, job: Job) -> str:
    """Queue the rest of a training, or all of it where it failed before its first checkpoint."""
    from core.workflows.models import train

    run_id = str(job.params.get("run_id", job.id))
    if run_id in train.resumable(ws):
        return train.resume(ws, run_id)
    ws.store.ledger.set_run(run_id, "queued")
    return submit(ws.store, job.kind, job.title, job.params, f"{run_id}-{secrets.token_hex(2)}")


_AGAIN: dict[str, Callable[[Workspace, Job], str]] = {"import": _import, "train": _training}
