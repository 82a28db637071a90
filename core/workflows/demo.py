"""Builds the demo workspace: imports the bundled corpus, makes the snapshots, trains the three default models.

It runs in this process (`build`) or as a durable job (`start`, `run_job`). What is there already is skipped, so a
second call is quick and completes an interrupted one.
"""

import secrets
from collections.abc import Callable
from functools import partial
from typing import Any

from core.errors import InputError
from core.jobs import submit
from core.settings import DEMO
from core.workflows.imports import aihub119
from core.workflows.jobs import Context, running
from core.workflows.models import train
from core.workflows.overview.summary import DEMO_JOB, DEMO_SOURCE
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace, open_workspace

STAGES = ("import", "danger-text", "urgency-text", "emotion-voice")  # in the order of the work
LICENCE = "Apache-2.0, written and synthesised by the Gwidama project"
# recipe, scheme, snapshot, split and what the model reads
MODELS: tuple[tuple[str, str, str, str, snapshot.Inputs], ...] = (
    ("danger-text", "danger", "demo-danger", "70/15/15", "text"),
    ("urgency-text", "urgency", "demo-urgency", "60/20/20", "text"),
    ("emotion-voice", "sentiment", "demo-sentiment", "60/20/20", "voice"),
)
Progress = Callable[[str, float], None]


def start(ws: Workspace) -> str:
    """Queue the building of the demo as a job; returns its id, or that of the job that builds it already."""
    if (job := running(ws, DEMO_JOB)) is not None:
        return job.id
    return submit(ws.store, DEMO_JOB, DEMO_JOB, {}, f"{DEMO_JOB}-{secrets.token_hex(6)}")


def run_job(params: dict[str, Any], job: Context) -> None:
    """The job: the import, each plan and each training are durable steps, so a killed worker goes on where it was.

    Its progress has the `stage` (one of `STAGES`) and how much of that is done, in percent.
    """

    def report(stage: str, share: float) -> None:
        job.report({"stage": stage, "done": round(100 * share), "total": 100, "unit": "percent"})

    ws = open_workspace()
    job.step("import", lambda: _import(ws, report))
    for model in MODELS:
        planned = job.step(f"plan {model[0]}", partial(_plan, ws, model))
        if planned is not None:
            spec = train.TrainSpec.from_dict(planned)
            train.run(ws, spec, _training_progress(report, model[0]), job.step)
        report(model[0], 1.0)


def build(ws: Workspace, report: Progress = lambda stage, share: None) -> dict[str, Any]:
    """Build what is missing. `report(stage, share)` is called with the stage and how much of it is done (0 to 1)."""
    added = _import(ws, report)
    for model in MODELS:
        if (planned := _plan(ws, model)) is not None:
            train.run(ws, train.TrainSpec.from_dict(planned), _training_progress(report, model[0]))
        report(model[0], 1.0)
    return {**added, "runs": [run.id for run in ws.store.ledger.runs("done")]}


def _import(ws: Workspace, report: Progress) -> dict[str, int]:
    """Import the calls and the sentences; return how many are new, and how many files or parts are not used."""
    archives = sorted((DEMO / "archives").glob("*.zip"))
    if not archives:
        raise InputError("assets/demo/archives holds no zip: the checkout is incomplete")
    report("import", 0.0)
    calls = aihub119.ingest_aihub119(ws, archives, lambda done, total: report("import", done / max(total, 1)))
    texts = aihub119.ingest_sentences(ws, DEMO / "utterances.csv", DEMO_SOURCE, LICENCE)
    report("import", 1.0)
    return {"calls": calls.report.added, "utterances": texts.report.added, "rejects": len(calls.report.skipped)}


def _plan(ws: Workspace, model: tuple[str, str, str, str, snapshot.Inputs]) -> dict[str, Any] | None:
    """Make the snapshot of a model if it is missing; return the request of its training, None if that is done."""
    recipe, scheme, name, split, inputs = model
    if name not in {info.name for info in ws.store.ledger.snapshots()}:
        snapshot.create(ws, name, scheme, split, inputs=inputs)
    if (recipe, name) in {(run.recipe, run.snapshot) for run in ws.store.ledger.runs("done")}:
        return None
    return train.plan(ws, recipe, name).to_dict()


def _training_progress(report: Progress, recipe: str) -> train.Report:
    def report_training(progress: dict[str, Any]) -> None:
        if progress.get("total"):
            report(recipe, progress["done"] / progress["total"])

    return report_training
