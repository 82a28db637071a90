"""The verb `selftrain`: teacher, pseudo-labels, student, in rounds. With `--json` it answers:

`{"teacher", "student", "snapshot", "student_snapshot", "judged", "kept": {class: n}, "n", "n_groups",
"accuracy": {"first", "second", "difference": {"value", "low", "high"}}, "macro_f1", "mcnemar", "rounds": [{"number",
"teacher", "student", "snapshot", "judged", "kept", "label_round"}], "golden": {"of", "sha256", "n", "n_groups", "runs":
{run: {"accuracy": {"value", "low", "high"}, "macro_f1", "weighted_f1", "per_class": [{"code", "n", "precision",
"recall", "f1"}]}}}, "notes"}`; kept are the labels written, notes say what was
withdrawn to make room; first is the teacher, second the last student, both on the test items that they share
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.frame import Json, answering, progress_bar, table
from core.cli.learning.pseudo_labels.options import Confidence, Margin
from core.cli.learning.scores import OVERALL, score_text, value_and_interval

if TYPE_CHECKING:
    from core.workflows.pseudo_labels.selftraining.golden import GoldenTable
    from core.workflows.pseudo_labels.selftraining.selftrain import SelfTraining


def selftrain(
    snapshot: Annotated[str | None, typer.Option(help="The snapshot with people's labels.")] = None,
    recipe: Annotated[str, typer.Option(help="The recipe of both trainings.")] = "emotion-selftrain",
    teacher: Annotated[str | None, typer.Option(help="A finished run, or the recipe of the teacher.")] = None,
    student: Annotated[str | None, typer.Option(help="The recipe of the student.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often; each student teaches the next one.")] = 1,
    teacher_encoder: Annotated[str | None, typer.Option(help="The encoder that teaches.")] = None,
    student_encoder: Annotated[str | None, typer.Option(help="The encoder that learns from both.")] = None,
    teacher_preset: Annotated[str, typer.Option(help="Its settings.")] = "default",
    student_preset: Annotated[str, typer.Option(help="Its settings.")] = "default",
    teacher_run: Annotated[str | None, typer.Option(metavar="RUN", help="A finished run that teaches.")] = None,
    thresholds: Annotated[
        str, typer.Option(metavar="MODE|JSON", help="fixed, flexmatch, freematch, top-k, entropy, or JSON.")
    ] = "fixed",
    confidence: Confidence = 0.75,
    margin: Margin = 0.20,
    weight: Annotated[
        float | None, typer.Option(help="How much a pseudo-label counts in training; half as much as a person's.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most unlabelled utterances that are judged.")] = 5000,
    executor: Annotated[str, typer.Option(help="Who judges them: inline, processes or ray.")] = "inline",
    workers: Annotated[int | None, typer.Option(min=1, help="How many of them work.")] = None,
    gold: Annotated[str | None, typer.Option(metavar="SNAPSHOT", help="The golden set of the table.")] = None,
    override: Annotated[
        str | None, typer.Option(metavar="REASON", help="Why its labels need no audit; stored with each round.")
    ] = None,
    json: Json = False,
) -> None:
    """Train a teacher, let it label what is unlabelled, train a student on both; show the held-out scores of all.

    A self-training that was broken off goes on with the same command.
    """
    with answering(json) as reply:
        from core.thresholds import parse_thresholds
        from core.workflows.pseudo_labels.selftraining import selftrain as steps
        from core.workflows.pseudo_labels.selftraining.request import chosen_snapshot, chosen_teacher
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        teaching = chosen_teacher(ws, teacher_run or teacher, steps.Trainee(teacher_encoder, teacher_preset))
        with progress_bar("self-training") as show_progress:

            def report(step: str, progress: dict[str, Any]) -> None:
                if progress.get("total"):
                    stage = step if rounds == 1 else f"{step} {progress.get('round', 1)}"
                    show_progress(stage, float(progress["done"]), float(progress["total"]))

            training = steps.selftrain(
                ws, recipe, chosen_snapshot(ws, teaching, snapshot), ws.settings.curator, teacher=teaching,
                student=steps.Trainee(student_encoder, student_preset, student),
                thresholds=parse_thresholds(thresholds, confidence, margin), rounds=rounds, weight=weight, limit=limit,
                executor=executor, workers=workers, gold=gold, override=override, report=report,
            )  # fmt: skip
        reply.give(_document(training), *_lines(training))


def _document(training: "SelfTraining") -> dict[str, Any]:
    scores = training.comparison.scores
    values = {name: value for name, value in asdict(training).items() if name not in ("comparison", "golden")}
    compared = {key: scores[key] for key in ("n", "n_groups", "accuracy", "macro_f1", "mcnemar")}
    return values | compared | {"golden": training.golden.to_json()}


def _lines(training: "SelfTraining") -> list[Any]:
    """What a person sees: each round, the difference, and the golden-set table of the last student."""
    scores = training.comparison.scores
    rows = [
        (title, f"{scores[key]['first']:.3f}", f"{scores[key]['second']:.3f}",
         *value_and_interval(scores[key]["difference"], signed=True))
        for title, key in (("accuracy", "accuracy"), ("macro-F1", "macro_f1"))
    ]  # fmt: skip
    counted = [
        f"round {one.number}: {one.judged} unlabelled utterances, {sum(one.kept.values())} pseudo-labels: "
        + ", ".join(f"{code} {n}" for code, n in one.kept.items())
        + f"; take them back with `pseudo-label withdraw {one.label_round}`"
        for one in training.rounds
    ]
    return [
        *training.notes,
        *counted,
        f"teacher {training.teacher}, student {training.student}; "
        f"{scores['n']} shared test items that neither has seen",
        table("", ("score", "teacher", "student", "difference", "95% interval over groups"), rows),
        *golden_lines(training.golden),
    ]


def golden_lines(golden: "GoldenTable") -> list[Any]:
    """The golden-set table: overall scores of each run, and the classes of the last one."""
    overall = [(run, *(score_text(scores[key]) for _, key in OVERALL)) for run, scores in golden.scores.items()]
    last = list(golden.scores)[-1]
    return [
        f"golden set {golden.of}: {golden.n} items in {golden.n_groups} groups that no run has seen, "
        f"SHA-256 {golden.sha256[:12]}",
        table("", ("run", *(title for title, _ in OVERALL)), overall),
        table(last, ("class", "n", "precision", "recall", "F1"), _class_rows(golden.scores[last])),
    ]


def _class_rows(scores: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (row["code"], row["n"], *(score_text(row[key]) for key in ("precision", "recall", "f1")))
        for row in scores["per_class"]
    ]
