"""Run a gate: train the same student with none, half and all of the pseudo-labels of a round, and compare.

All students are scored on the same gold set, on the same draws of its groups. Each training is a durable step in a
folder of its own; no run is added to the workspace. The verdict is stored with the round.
"""

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from core.files import make_folder
from core.jobs import submit
from core.schemes import SCHEMES
from core.scores import leakage
from core.scores.paired import mcnemar
from core.snapshots.arrangements import arranged
from core.snapshots.format import read
from core.snapshots.items import Items
from core.snapshots.weights import weights_of
from core.workflows.jobs import IdentifiedContext
from core.workflows.leaks.arms import SNAPSHOTS, groups_of, predicted_test_rows, train_apart
from core.workflows.pseudo_labels.ablation.arms import SHARES, Silver, arms, silver_of
from core.workflows.pseudo_labels.ablation.parts import folder_of, parts_in, plan_id, sweep, write_once
from core.workflows.pseudo_labels.ablation.plan import GatePlan, checked
from core.workflows.workspace import Workspace, now, open_workspace, stamped

KIND = "pseudo-label-gate"
RESAMPLES = 1000
STEPS_A_TRAINING = 1000  # of the progress
BY = "macro_f1"  # the score that decides

Report = Callable[[dict[str, Any]], None]
Step = Callable[[str, Callable[[], Any]], Any]
Verdict = Mapping[str, Any]


def start(ws: Workspace, plan: GatePlan) -> str:
    """Queue a gate as a job; returns its id. The errors are those of `checked`."""
    checked(ws, plan)
    return submit(ws.store, KIND, f"gate · {plan.round_id} · {plan.recipe}", plan.to_dict(), stamped("gate"))


def run_job(params: dict[str, Any], job: IdentifiedContext) -> None:
    """The job `pseudo-label-gate`: gathering the pseudo-labels, each training and the scores are durable steps."""
    run(open_workspace(), GatePlan.from_dict(params), job.report, job.step, job.id)


def run(
    ws: Workspace,
    plan: GatePlan,
    report: Report = lambda progress: None,
    step: Step = lambda name, fn: fn(),
    gate_id: str | None = None,
) -> dict[str, Any]:
    """Measure to the end, store the verdict with the round and return it.

    `{"verdict": "helps", "harms" or "undecided", "by": "macro_f1", "made_at", "round", "run", "scheme", "critical",
    "snapshot", "recipe", "encoder", "preset", "seed", "gold": {"set", "sha256", "n", "n_groups"}, "pseudo_labels":
    {"given", "used", "left_out", "dropped", "mean_weight"}, "arms": [{"name", "pseudo_labels", "train", "n",
    "n_groups", "accuracy", "macro_f1", "recall"}], "differences": {"half", "all": {"accuracy", "macro_f1", "recall"}},
    "mcnemar", "bootstrap"}`: a score is {value, low, high}; a difference is that to the student without pseudo-labels;
    recall is that of the class that must not be missed, where there is one. No arm holds the `dropped` labels of
    machines that are in the snapshot.
    A gate that fails or is cancelled leaves nothing behind; one whose process is killed goes on where it was.
    """
    sweep(ws)
    gate = _Gate(ws, plan, report, step)
    work = folder_of(ws) / (gate_id or plan_id(plan, gate.measured_on.frozen, gate.arms))
    with parts_in(work):
        return gate.measured(work)


class _Gate:
    """One gate, whose parts are in the folder `work`."""

    work: Path

    def __init__(self, ws: Workspace, plan: GatePlan, report: Report, step: Step) -> None:
        self.ws, self.plan, self.report, self.step = ws, plan, report, step
        self.measured_on = checked(ws, plan)

    @cached_property
    def silver(self) -> Silver:
        """The pseudo-labels of the round, as they are today."""
        return silver_of(self.ws, self.measured_on)

    @cached_property
    def arms(self) -> dict[str, Items]:
        """The items of each arm by its name."""
        return arms(self.measured_on, self.silver)

    def measured(self, work: Path) -> dict[str, Any]:
        """Run all steps in the folder `work`; return the verdict."""
        self.work = work
        make_folder(work)
        silver: dict[str, Any] = self.step("pseudo-labels", self._write_arms)
        for number, name in enumerate(SHARES):
            self._progress(number, 0.0)
            self.step(name, partial(self._train, name, number))
        return dict(self.step("verdict", lambda: self._verdict(silver)))

    def _write_arms(self) -> dict[str, Any]:
        """Write the snapshot of each arm; return what is told about the pseudo-labels."""
        silver = self.silver
        for name, items in self.arms.items():
            write_once(arranged(self.measured_on.frozen, name, items, "lineage"), self.work)
        weights = weights_of(silver.items, self.measured_on.target.name)
        return {
            "given": silver.given,
            "used": len(silver.items),
            "left_out": silver.left_out,
            "dropped": silver.dropped,
            "mean_weight": 1.0 if weights is None else float(weights.mean()),
        }

    def _train(self, name: str, number: int) -> str:
        """Train the student of one arm."""
        furthest = 0.0

        def report(progress: dict[str, Any]) -> None:
            nonlocal furthest
            furthest = max(furthest, progress.get("done", 0) / (progress.get("total") or 1))
            self._progress(number, furthest)

        train_apart(read(self.work / SNAPSHOTS / name), self.measured_on.spec, self.work, report)
        return name

    def _progress(self, number: int, share: float) -> None:
        done = round(STEPS_A_TRAINING * (number + min(share, 1.0)))
        total = STEPS_A_TRAINING * len(SHARES)
        self.report({"done": done, "total": total, "unit": "training", "training": number + 1,
                     "trainings": len(SHARES)})  # fmt: skip

    def _verdict(self, silver: Mapping[str, Any]) -> dict[str, Any]:
        """Score all arms together, store the verdict with the round and return it."""
        measured, plan = self.measured_on, self.plan
        target = measured.target
        critical = SCHEMES[target.name].critical if target.name in SCHEMES else ""
        groups = groups_of(measured.gold)
        rows = {name: predicted_test_rows(name, self.work, target, groups) for name in SHARES}
        scores = leakage.measure(
            rows,
            {"half": ("none", "half"), "all": ("none", "all")},
            critical=target.codes.index(critical) if critical in target.codes else None,
            resamples=RESAMPLES,
            seed=plan.seed,
        )
        right = [(rows[name].truth == rows[name].guess).all(axis=1) for name in ("none", "all")]
        document = {
            "verdict": _word(scores["differences"]["all"][BY]),
            "by": BY,
            "made_at": now(),
            "round": plan.round_id,
            "run": measured.round.run_id,
            "scheme": target.name,
            "critical": critical or None,
            "snapshot": plan.snapshot,
            "recipe": plan.recipe,
            "encoder": measured.spec.encoder,
            "preset": plan.preset,
            "seed": plan.seed,
            "gold": self._gold(rows["none"]),
            "pseudo_labels": dict(silver),
            "arms": [self._arm(name, scores["models"][name]) for name in SHARES],
            "differences": scores["differences"],
            "mcnemar": mcnemar(*right),
            "bootstrap": {"unit": "group", "level": 0.95, "resamples": RESAMPLES, "seed": plan.seed},
        }
        self.ws.store.rounds.set_verdict(plan.round_id, document, measured.gold_sha256)
        return document

    def _gold(self, rows: leakage.ScoredRows) -> dict[str, Any]:
        name = self.plan.gold or self.plan.snapshot
        counts = {"n": len(rows.groups), "n_groups": len(set(rows.groups))}
        return {"set": name, "sha256": self.measured_on.gold_sha256, **counts}

    def _arm(self, name: str, scores: Mapping[str, Any]) -> dict[str, Any]:
        base, items = (read(self.work / SNAPSHOTS / arm).items for arm in ("none", name))
        labels = set(items.column("key")) - set(base.column("key"))
        return {"name": name, "pseudo_labels": len(labels), "train": items.column("side").count("train"), **scores}


def _word(gain: Mapping[str, float | None]) -> str:
    """What the interval of a gain says; a gold set of one group has none."""
    low, high = gain["low"], gain["high"]
    if low is None or high is None or low <= 0 <= high:
        return "undecided"
    return "helps" if low > 0 else "harms"
