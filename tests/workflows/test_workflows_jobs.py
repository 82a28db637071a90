"""core.workflows.jobs: the latest jobs, the running job of a kind, and the worker's command."""

import sys
from pathlib import Path

import pytest
from store_data import AT
from workflow_data import trained

from core.errors import NotFound
from core.jobs.__main__ import TETHER
from core.settings import worker_command
from core.workflows import jobs
from core.workflows.cleaning import checks, run
from core.workflows.models import train
from core.workflows.workspace import Workspace


def test_the_job_of_a_kind_that_is_at_work_is_found(ws: Workspace) -> None:
    assert jobs.running(ws, run.JOB) is None
    for number, kind in enumerate((run.JOB, run.JOB, checks.JOB)):
        ws.store.board.add(f"j{number}", kind, kind, {}, AT.replace("T00", f"T0{number}"))
    assert [job.id for job in jobs.recent(ws, 2)] == ["j2", "j1"]
    job = jobs.running(ws, run.JOB)
    assert job is not None
    assert job.id == "j1"
    ws.store.board.update("j1", AT, state="running")
    ws.store.board.update("j0", AT, state="done")
    assert jobs.running(ws, run.JOB) == jobs.get(ws, "j1")
    for state in ("done", "failed", "cancelled"):
        ws.store.board.update("j1", AT, state=state)
        assert jobs.running(ws, run.JOB) is None
    with pytest.raises(NotFound, match="no job 'j9'"):
        jobs.get(ws, "j9")


def test_a_training_that_was_to_go_on_is_cancelled_under_the_name_of_its_run(ws: Workspace, tmp_path: Path) -> None:
    run_id = trained(ws, tmp_path)
    ws.store.ledger.set_run(run_id, "failed")
    job_id = train.resume(ws, run_id)
    assert job_id != run_id
    jobs.cancel(ws, job_id)
    assert ws.store.ledger.run(run_id).state == "cancelled"
    assert run_id in train.resumable(ws), "it can go on later"


def test_the_worker_is_started_so_that_it_ends_with_its_parent() -> None:
    assert worker_command() == [sys.executable, "-m", "core.jobs", TETHER]
