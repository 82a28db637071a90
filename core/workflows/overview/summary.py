"""Summarises the workspace: what it holds, what waits for a decision, and what to do next."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from core.records import Job, RunInfo, SnapshotInfo
from core.schemes import SCHEMES
from core.store import Disputes
from core.workflows.overview.waiting import NOBODY, Waiting, waiting
from core.workflows.workspace import Workspace

DEMO_SOURCE = "gwidama-demo"  # the source of the bundled sentences
DEMO_JOB = "demo"  # the kind of the job that builds the demo
NextStep = Literal["import", "clashes", "label", "schemes", "snapshot", "train", "predict"]


@dataclass(frozen=True, slots=True)
class Overview:
    """What the first page shows. `is_demo`: the workspace holds the bundled corpus, whose voices are synthetic.

    `clashes` counts the suggestions of deliveries that wait for a person; `waiting` is all that waits; `disputes` are
    those by scheme.
    """

    counts: dict[str, int]
    progress: dict[str, dict[str, int]]
    snapshots: list[SnapshotInfo]
    runs: list[RunInfo]
    jobs: list[Job]
    next_steps: tuple[NextStep, ...]
    is_demo: bool
    clashes: int = 0
    waiting: tuple[Waiting, ...] = ()
    disputes: Mapping[str, Disputes] = field(default_factory=dict)


def overview(ws: Workspace, curator: str = NOBODY) -> Overview:
    """Count and list what the first page shows to `curator`; "" is a person without a name."""
    counts = ws.store.corpus.counts()
    progress = ws.store.corpus.progress()
    snapshots, runs = ws.store.ledger.snapshots(), ws.store.ledger.runs()
    is_demo = any(source.name == DEMO_SOURCE for source in ws.store.corpus.sources())
    disputes = ws.store.waiting.disputes()
    rows = tuple(waiting(ws, curator, progress, disputes))
    clashes = sum(row.n for row in rows if row.kind == "clashes")
    next_steps = _next_steps(counts, progress, snapshots, runs, clashes)
    return Overview(
        counts, progress, snapshots, runs, ws.store.board.list(10), next_steps, is_demo, clashes, rows, disputes
    )  # fmt: skip


def _next_steps(
    counts: dict[str, int], progress: dict[str, dict[str, int]], snapshots: list[SnapshotInfo], runs: list[RunInfo],
    clashes: int,
) -> tuple[NextStep, ...]:  # fmt: skip
    if not counts["utterances"]:
        return ("import",)
    steps: list[NextStep] = ["clashes"] if clashes else []
    if any(scheme.state == "proposed" for scheme in SCHEMES.values()):
        steps.append("schemes")
    if progress["danger"]["labelled"] < progress["danger"]["targets"]:
        steps.append("label")
    if not snapshots:
        steps.append("snapshot")
    elif not any(run.state == "done" for run in runs):
        steps.append("train")
    else:
        steps.append("predict")
    return tuple(steps)
