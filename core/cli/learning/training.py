"""Verbs around trainings. With `--json` they answer:

- `selftrain`: `{"teacher", "student", "snapshot", "student_snapshot", "judged", "kept": {class: n}, "n", "n_groups",
  "accuracy": {"first", "second", "difference": {"value", "low", "high"}}, "macro_f1", "mcnemar"}`; first is
  the teacher, second the student, both on the test items that they share
- `runs tensorboard`: `{"folder", "runs": {run: points}}`
"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.frame import Json, answering, progress_bar, table
from core.cli.learning.scores import value_and_interval


def selftrain(
    snapshot: Annotated[str, typer.Option(help="The snapshot with people's labels.")],
    recipe: Annotated[str, typer.Option(help="The recipe of both trainings.")] = "emotion-selftrain",
    teacher_encoder: Annotated[str | None, typer.Option(help="The encoder that teaches.")] = None,
    student_encoder: Annotated[str | None, typer.Option(help="The encoder that learns from both.")] = None,
    teacher_preset: Annotated[str, typer.Option(help="Its settings.")] = "default",
    student_preset: Annotated[str, typer.Option(help="Its settings.")] = "default",
    teacher_run: Annotated[str | None, typer.Option(metavar="RUN", help="A finished run that teaches.")] = None,
    confidence: Annotated[float, typer.Option(help="Least confidence of a pseudo-label.")] = 0.75,
    margin: Annotated[float, typer.Option(help="Least distance to the second class.")] = 0.20,
    limit: Annotated[int, typer.Option(min=1, help="Most unlabelled utterances that are judged.")] = 5000,
    json: Json = False,
) -> None:
    """Train a teacher, let it label what is unlabelled, train a student on both; show the held-out scores of both."""
    with answering(json) as reply:
        from core.workflows.models import selftrain as steps
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        with progress_bar("self-training") as show_progress:

            def report(step: str, progress: dict[str, Any]) -> None:
                if progress.get("total"):
                    show_progress(step, float(progress["done"]), float(progress["total"]))

            training = steps.selftrain(
                ws, recipe, snapshot, ws.settings.curator,
                teacher=teacher_run or steps.Trainee(teacher_encoder, teacher_preset),
                student=steps.Trainee(student_encoder, student_preset),
                rule=steps.Rule(confidence=confidence, margin=margin), limit=limit, report=report,
            )  # fmt: skip
        scores = training.comparison.scores
        document = {name: value for name, value in asdict(training).items() if name != "comparison"}
        rows = [
            (title, f"{scores[key]['first']:.3f}", f"{scores[key]['second']:.3f}",
             *value_and_interval(scores[key]["difference"], signed=True))
            for title, key in (("accuracy", "accuracy"), ("macro-F1", "macro_f1"))
        ]  # fmt: skip
        reply.give(
            document | {key: scores[key] for key in ("n", "n_groups", "accuracy", "macro_f1", "mcnemar")},
            f"{training.judged} unlabelled utterances, {sum(training.kept.values())} pseudo-labels: "
            + ", ".join(f"{code} {n}" for code, n in training.kept.items()),
            f"teacher {training.teacher}, student {training.student}; "
            f"{scores['n']} shared test items that neither has seen",
            table("", ("score", "teacher", "student", "difference", "95 % interval over groups"), rows),
        )


def tensorboard(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Runs, as `runs list` shows them.")],
    to: Annotated[Path, typer.Option(help="The new folder.")],
    json: Json = False,
) -> None:
    """Write the curves of RUNs for TensorBoard: `tensorboard --logdir FOLDER` shows them."""
    with answering(json) as reply:
        from core.workflows.models.curves import to_tensorboard
        from core.workflows.workspace import open_workspace

        points = to_tensorboard(open_workspace(), runs, to)
        lines = [f"{run}: {n} points" for run, n in points.items()]
        reply.give({"folder": str(to), "runs": points}, *lines, f"tensorboard --logdir {to}")
