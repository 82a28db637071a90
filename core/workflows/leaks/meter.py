"""Run a leak meter: train the same recipe on up to four arrangements of one snapshot, and compare the scores.

The arrangements are sides by lineage (those of the snapshot: no group is cut) and sides by random rows, each without
and with augmentation. Each training is a durable step in a folder of its own; no run is added to the workspace. All
test rows are scored on the same draws of groups.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.files import make_folder, removed_afterwards, write_bytes, write_json
from core.jobs import submit
from core.messages import message_to_json
from core.schemes import SCHEMES
from core.scores import leakage
from core.snapshots.items import Items
from core.split import SIDES
from core.training.recipes import recipe
from core.workflows.jobs import IdentifiedContext
from core.workflows.leaks import results
from core.workflows.leaks.arms import (
    AUGMENTED,
    LEAKY,
    NAIVE,
    PLAIN,
    Arm,
    arrange,
    groups_of,
    predicted_test_rows,
    train,
)
from core.workflows.leaks.plan import LeakPlan, checked
from core.workflows.leaks.variants import Augmented, augmented
from core.workflows.workspace import Workspace, now, open_workspace, stamped

KIND = "leakmeter"
RESAMPLES = 1000
STEPS_A_TRAINING = 1000  # of the progress

Report = Callable[[dict[str, Any]], None]
Step = Callable[[str, Callable[[], Any]], Any]

# What is told: the first model's score is subtracted from the second's.
APART = {"leakage_without": (PLAIN, LEAKY)}
TOGETHER = {"apparent": (PLAIN, NAIVE), "leakage": (AUGMENTED, NAIVE), "gain": (PLAIN, AUGMENTED)}


def start(ws: Workspace, plan: LeakPlan) -> str:
    """Queue a leak meter as a job; returns its id. The errors are those of `checked`."""
    checked(ws, plan)
    return submit(ws.store, KIND, f"leak meter · {plan.recipe} · {plan.snapshot}", plan.to_dict(), stamped(KIND))


def run_job(params: dict[str, Any], job: IdentifiedContext) -> None:
    """The job `leakmeter`: making the variants, each training and the scores are durable steps."""
    run(open_workspace(), LeakPlan.from_dict(params), job.report, job.step, job.id)


def run(
    ws: Workspace,
    plan: LeakPlan,
    report: Report = lambda progress: None,
    step: Step = lambda name, fn: fn(),
    meter_id: str | None = None,
) -> dict[str, Any]:
    """Measure to the end and return the document of `core.workflows.leaks.results`.

    A measurement that fails or is cancelled leaves nothing behind; one whose process is killed goes on where it was.
    """
    meter_id = meter_id or stamped(KIND)
    work = results.folder(ws) / meter_id
    with removed_afterwards(work):
        return _Meter(ws, plan, meter_id, work, report, step).measured()


class _Meter:
    """One measurement, whose parts are in the folder `work`."""

    def __init__(self, ws: Workspace, plan: LeakPlan, meter_id: str, work: Path, report: Report, step: Step) -> None:
        self.ws, self.plan, self.id, self.work, self.report, self.step = ws, plan, meter_id, work, report, step
        self.frozen, self.spec = checked(ws, plan)

    def measured(self) -> dict[str, Any]:
        """Run all steps; return the document."""
        make_folder(self.work)
        made: dict[str, Any] = self.step("variants", self._variants)
        arms = [PLAIN, LEAKY, *([AUGMENTED, NAIVE] if made["n"] else [])]
        trained = {}
        for number, arm in enumerate(arms):
            self._progress(number, len(arms), 0.0)
            trained[arm.name] = self.step(arm.name, partial(self._train, arm, number, len(arms)))
        return dict(self.step("scores", lambda: self._document(made, arms, trained)))

    def _variants(self) -> dict[str, Any]:
        """Write the rows without variants, and the variants; return what is told about these."""
        made = augmented(self.ws, self.frozen, self.plan, self.work, self._making)
        for name, items in (("originals", made.originals), ("variants", made.variants)):
            sink = pa.BufferOutputStream()
            pq.write_table(items.table, sink, compression="zstd")
            write_bytes(self.work / f"{name}.parquet", sink.getvalue().to_pybytes())
        return _augmentation(made, self.plan)

    def _items(self, name: str) -> Items:
        return Items(pq.ParquetFile(self.work / f"{name}.parquet").read())

    def _train(self, arm: Arm, number: int, arms: int) -> dict[str, Any]:
        """Train one arm; return how many rows it has on each side, and how many variants were left out of it."""
        furthest = 0.0

        def report(progress: dict[str, Any]) -> None:
            nonlocal furthest
            furthest = max(furthest, progress.get("done", 0) / (progress.get("total") or 1))
            self._progress(number, arms, furthest)

        reads_text = recipe(self.plan.recipe).modality != "voice"
        originals, variants = self._items("originals"), self._items("variants")
        items, left_out = arrange(arm, originals, variants, reads_text, self.plan.seed)
        train(arm, self.frozen, items, replace(self.spec, seed=self.plan.seed), self.work, report)
        sides = items.column("side")
        return {"sides": {side: sides.count(side) for side in SIDES}, "repeats_left_out": left_out}

    def _making(self, done: int, total: int) -> None:
        self.report({"done": done, "total": total, "unit": "rows"})

    def _progress(self, number: int, arms: int, share: float) -> None:
        done = round(STEPS_A_TRAINING * (number + min(share, 1.0)))
        self.report({"done": done, "total": STEPS_A_TRAINING * arms, "unit": "training", "training": number + 1,
                     "trainings": arms})  # fmt: skip

    def _document(self, made: dict[str, Any], arms: Sequence[Arm], trained: Mapping[str, Any]) -> dict[str, Any]:
        """Score all arms together, write the document and return it."""
        target = self.frozen.targets[0]
        critical = SCHEMES[target.name].critical if target.name in SCHEMES else ""
        differences = APART | (TOGETHER if NAIVE in arms else {})
        groups = groups_of(self._items("originals"), self._items("variants"))
        scores = leakage.measure(
            {arm.name: predicted_test_rows(arm.name, self.work, target, groups) for arm in arms},
            {name: (first.name, second.name) for name, (first, second) in differences.items()},
            critical=target.codes.index(critical) if critical in target.codes else None,
            resamples=RESAMPLES,
            seed=self.plan.seed,
        )
        document = {
            "id": self.id,
            "made_at": now(),
            "plan": self.plan.to_dict(),
            "snapshot": self.plan.snapshot,
            "sha256": self.frozen.sha256,
            "recipe": self.plan.recipe,
            "encoder": self.spec.encoder,
            "preset": self.plan.preset,
            "scheme": target.name,
            "critical": critical or None,
            "unseen": "speakers" if self.frozen.inputs == "voice" else "groups",
            "augmentation": made,
            "arms": [
                {"name": arm.name, **asdict(arm), **trained[arm.name], **scores["models"][arm.name]} for arm in arms
            ],
            "differences": scores["differences"],
            "bootstrap": {"unit": "group", "level": 0.95, "resamples": RESAMPLES, "seed": self.plan.seed},
        }
        write_json(results.folder(self.ws) / f"{self.id}.json", document, indent=1)
        return document


def _augmentation(made: Augmented, plan: LeakPlan) -> dict[str, Any]:
    """What is told about the variants, in a form that JSON can hold."""
    return {
        "n": len(made.variants),
        "source": made.source,
        "operations": list(made.operations),
        "factor": plan.factor,
        "class_factors": dict(plan.class_factors),
        "alpha": plan.alpha,
        "refused": dict(made.refused or {}),
        "why": message_to_json(made.why) if made.why else None,
    }
