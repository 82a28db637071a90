"""What a person does with a job: ask it to stop."""

from core.jobs import cancel as cancel_job
from core.workflows.workspace import Workspace


def cancel(ws: Workspace, job_id: str) -> None:
    """Ask for a stop between two batches; the job's run keeps nothing of it."""
    cancel_job(ws.store, job_id)
    job = ws.store.board.get(job_id)
    if job.kind == "train" and job.state == "cancelled":  # it never began, so nobody else will say so
        ws.store.ledger.set_run(job_id, "cancelled")
