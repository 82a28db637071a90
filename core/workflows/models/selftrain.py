"""Self-training in three steps: a teacher learns from people's labels, labels what is unlabelled, a student learns from
both.

The labels that the teacher is sure of become silver labels, which only the training side gets. Teacher and student are
scored on the same held-out items, which neither has seen; pseudo-labels often help less than hoped, so both scores are
given side by side. Meant for a small corpus: everything runs in this process.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.confidence import Rule
from core.errors import InputError, NotEnoughData
from core.snapshots.format import read
from core.workflows.evaluation.compare import Comparison, compare
from core.workflows.models import pseudo_label, train
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace

Report = Callable[[str, dict[str, Any]], None]  # the step's name, and its progress
__all__ = ["STEPS", "Rule", "SelfTraining", "Trainee", "selftrain"]

STEPS = ("teacher", "pseudo-label", "student")


@dataclass(frozen=True, slots=True)
class Trainee:
    """How teacher or student is trained: encoder (None: the usual one of the preset) and preset of the recipe."""

    encoder: str | None = None
    preset: str = "default"


@dataclass(frozen=True, slots=True)
class SelfTraining:
    """What came of it. `judged` utterances were unlabelled, `kept` of them, by class, were sure enough.

    `comparison` has the scores of both runs on their shared test items: first the teacher, then the student.
    """

    teacher: str
    student: str
    snapshot: str
    student_snapshot: str
    judged: int
    kept: dict[str, int]
    comparison: Comparison


def selftrain(
    ws: Workspace,
    recipe_name: str,
    snapshot_name: str,
    curator: str,
    *,
    teacher: Trainee | str = Trainee(),
    student: Trainee = Trainee(),
    rule: Rule = Rule(),
    limit: int = 5000,
    report: Report = lambda step, progress: None,
) -> SelfTraining:
    """Run the three steps. `teacher` may be the id of a finished run, so that a broken-off self-training goes on.

    The snapshot of the student has the name of the first one and `-student`, the same split, and the silver labels,
    which stay in the corpus under the name of `curator`. `NotEnoughData` if the teacher is sure of nothing.
    """
    frozen = read(ws.snapshot_folder(snapshot_name))
    student_snapshot = f"{snapshot_name}-student"
    if any(info.name == student_snapshot for info in ws.store.ledger.snapshots()):
        raise InputError(
            "snapshot {name} exists already: this self-training was done; freeze a new snapshot for another one",
            name=student_snapshot,
        )
    teacher_id = teacher if isinstance(teacher, str) else _trained(ws, recipe_name, snapshot_name, teacher, report)
    _check_teacher(ws, teacher_id, snapshot_name)
    judged, kept = _pseudo_labels(ws, teacher_id, curator, rule, limit, report)
    snapshot.create(
        ws, student_snapshot, frozen.scheme, "/".join(f"{100 * share:g}" for share in frozen.fractions), frozen.seed,
        inputs=frozen.inputs, official=frozen.official, unit=frozen.unit,
    )  # fmt: skip
    student_id = _trained(ws, recipe_name, student_snapshot, student, report, STEPS[2])
    return SelfTraining(
        teacher_id, student_id, snapshot_name, student_snapshot, judged, kept, compare(ws, teacher_id, student_id)
    )


def _trained(
    ws: Workspace, recipe_name: str, snapshot_name: str, how: Trainee, report: Report, step: str = STEPS[0]
) -> str:
    spec = train.plan(ws, recipe_name, snapshot_name, how.encoder, {}, how.preset)
    train.run(ws, spec, lambda progress: report(step, progress))
    return spec.run_id


def _check_teacher(ws: Workspace, run_id: str, snapshot_name: str) -> None:
    run = ws.store.ledger.run(run_id)
    if run.state != "done" or run.snapshot != snapshot_name:
        raise InputError(
            "run {run_id} cannot teach: it is {state} and was trained on snapshot {snapshot}, not on {expected}",
            run_id=run_id, state=run.state, snapshot=run.snapshot, expected=snapshot_name,
        )  # fmt: skip


def _pseudo_labels(
    ws: Workspace, run_id: str, curator: str, rule: Rule, limit: int, report: Report
) -> tuple[int, dict[str, int]]:
    """Let the teacher judge what is unlabelled, and accept what the rule keeps; returns both counts."""
    report(STEPS[1], {})
    judged = pseudo_label.judge(ws, run_id, limit)
    kept = pseudo_label.preview(ws, run_id, rule).kept
    if not sum(kept.values()):
        raise NotEnoughData(
            "the teacher {run_id} judged {n} unlabelled utterances and is sure of none (confidence at least "
            "{confidence}, margin at least {margin}): import more unlabelled text, or lower the thresholds",
            run_id=run_id, n=judged, confidence=rule.confidence, margin=rule.margin,
        )  # fmt: skip
    pseudo_label.propose(ws, run_id, rule)
    pseudo_label.accept_all(ws, run_id, curator)
    return judged, {code: n for code, n in kept.items() if n}
