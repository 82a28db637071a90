"""Builds the demo workspace: imports the bundled corpus, makes the snapshots, trains the three default models.

What is there already is skipped, so a second call is quick and completes an interrupted one.
"""

from collections.abc import Callable
from typing import Any

from core.errors import InputError
from core.settings import DEMO
from core.workflows.imports import aihub119
from core.workflows.models import train
from core.workflows.overview import DEMO_SOURCE
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace

LICENCE = "Apache-2.0, written and synthesised by the Gwidama project"
# recipe, scheme, snapshot, split and what the model reads
MODELS: tuple[tuple[str, str, str, str, snapshot.Inputs], ...] = (
    ("danger-text", "danger", "demo-danger", "70/15/15", "text"),
    ("urgency-text", "urgency", "demo-urgency", "60/20/20", "text"),
    ("emotion-voice", "sentiment", "demo-sentiment", "60/20/20", "voice"),
)
Progress = Callable[[str, float], None]


def build(ws: Workspace, report: Progress = lambda stage, share: None) -> dict[str, Any]:
    """Build what is missing. `report(stage, share)` is called with the stage and how much of it is done (0 to 1)."""
    archives = sorted((DEMO / "archives").glob("*.zip"))
    if not archives:
        raise InputError("assets/demo/archives holds no zip: the checkout is incomplete")
    report("import", 0.0)
    calls = aihub119.ingest_aihub119(ws, archives, lambda done, total: report("import", done / max(total, 1)))
    texts = aihub119.ingest_sentences(ws, DEMO / "utterances.csv", DEMO_SOURCE, LICENCE)
    report("import", 1.0)
    frozen = {info.name for info in ws.store.ledger.snapshots()}
    trained = {(run.recipe, run.snapshot) for run in ws.store.ledger.runs("done")}
    for recipe, scheme, name, split, inputs in MODELS:
        if name not in frozen:
            snapshot.create(ws, name, scheme, split, inputs=inputs)
        if (recipe, name) not in trained:
            train.run(ws, train.plan(ws, recipe, name), _training_progress(report, recipe))
        report(recipe, 1.0)
    return {
        "calls": calls.report.added,
        "utterances": texts.report.added,
        "rejects": len(calls.report.skipped),
        "runs": [run.id for run in ws.store.ledger.runs("done")],
    }


def _training_progress(report: Progress, recipe: str) -> train.Report:
    def report_training(progress: dict[str, Any]) -> None:
        if progress.get("total"):
            report(recipe, progress["done"] / progress["total"])

    return report_training
