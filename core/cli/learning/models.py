"""Verbs about models. With `--json` they answer:

- `train`, `evaluate`: one run, `{"run": id, "recipe", "encoder", "scheme", "modality", "snapshot", "state",
  "started_at", "metrics": {"test": {"n", "n_groups", "accuracy": {"value", "low", "high"}, "macro_f1", "weighted_f1",
  "per_class": [{"code", "n", "precision", "recall", "f1"}], "confusion", ...}, "validation", "by_recording",
  "baselines": {"majority": {"n", "n_groups", "accuracy", "macro_f1", "weighted_f1", "per_class", "by_recording"},
  "shortcut": {..., "reads"}}, "calibration", "used", "skipped", "best_epoch", "epochs", "persons_on_several_sides",
  "official"}, "warnings": [sentence]}`; a run of several schemes also has "targets" {scheme: the same scores} in
  "metrics", a run of text and voice "ablation" {"text", "voice": {"n", "n_groups", "accuracy", "macro_f1", ...}};
  several classes an item have no "confusion"; `official` is null or {"did": "keep" or "clean", "train",
  "validation": n that repeat a later side, ...}. A run that learnt from pseudo-labels also has `unfair_test`: null, or
  {"n", "of", "why"} where its teacher has seen (or may have seen) n of the items of its test side, whose scores then
  say nothing; and `unknown_machine` where it learnt from so many labels of a machine that nobody can name
- `evaluate`: also `"alarms"`: null without calls in the test split, else `{"run", "scheme", "class", "operating_point",
  "of": "test" or "filter", "within_ms", "calls", "dangerous", "utterances", "recall_within": {"value", "low", "high",
  "n"}, "recall", "said_later", "false_alarms" (a call), "calls_with_false_alarm", "time_to_alarm_ms": {"median", "p90",
  "n"}, "delay_ms", "curve": [{"ms", "recall"}], "unknown", "unread", "left_out": {reason: calls}}`
- `evaluate --gold`: the same and `"gold": {"snapshot", "sha256", "side", "scores", "baselines", "not_gold",
  "unusable", "gold_sha256"}`; `scores` and `baselines` are as in "metrics"
- `runs list`: `{"runs": [one run as above, ...]}`, newest first, each with `in_use` (it serves its scheme), `chosen_by`
  and `chosen_at` (null: it serves because it is the newest, nobody has chosen)
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from core.cli.frame import Filters, Json, Reply, answering, filter_pairs, progress_bar, table
from core.cli.learning.scores import alarm_lines, class_table, confusion_table, gold_lines, score_rows, score_text
from core.records import RunInfo

if TYPE_CHECKING:
    from core.workflows.models.in_use import Serving
    from core.workflows.models.train import TrainSpec
    from core.workflows.workspace import Workspace

GoldSide = Literal["all", "test"]


def train(
    recipe: Annotated[
        str, typer.Argument(help="A recipe, as `recipes` lists them; text, voice and both learn any scheme.")
    ],
    snapshot: Annotated[str, typer.Option(help="The snapshot to train on.")],
    encoder: Annotated[
        str | None, typer.Option(help="Another encoder than the recipe's usual one: a name, a hub id or a folder.")
    ] = None,
    preset: Annotated[
        str, typer.Option(help="Which settings of the recipe; `seed` are those of the system that it comes from.")
    ] = "default",
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting; may be repeated.")
    ] = None,
    json: Json = False,
) -> None:
    """Train RECIPE in this process and show its progress; Ctrl-C cancels."""
    overrides = _settings(set_ or [])
    with answering(json) as reply:
        from core.workflows.models import runs
        from core.workflows.models import train as training
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        spec = training.plan(ws, recipe, snapshot, encoder, overrides, preset)
        _train_here(ws, spec)
        if ws.settings.process == 0:  # the others of `accelerate launch` only take part in the training
            _give_run(reply, runs.get(ws, spec.run_id))


def resume(
    run: Annotated[str, typer.Argument(help="A run's id, as `runs list` shows it.")], json: Json = False
) -> None:
    """Go on with a training that was cancelled, failed or killed, from its last checkpoint."""
    with answering(json) as reply:
        from core.workflows.models import runs
        from core.workflows.models import train as training
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        spec = training.resume_plan(ws, run)
        _train_here(ws, spec)
        if ws.settings.process == 0:
            _give_run(reply, runs.get(ws, spec.run_id))


def _train_here(ws: "Workspace", spec: "TrainSpec") -> None:
    """Train in this process and show the progress."""
    from core.workflows.models import train as training

    with progress_bar(spec.recipe) as show_progress:
        seen: dict[str, Any] = {}

        def report(progress: dict[str, Any]) -> None:
            seen.update(progress)
            show_progress(str(seen.get("unit", "")), float(seen.get("done", 0)), float(seen.get("total", 0)))

        training.run(ws, spec, report)


def list_runs(json: Json = False) -> None:
    """Show all runs, newest first."""
    with answering(json) as reply:
        from core.workflows.models.in_use import by_run
        from core.workflows.models.runs import every
        from core.workflows.service.lists import run_document, use_fields
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        runs, serving = every(ws), by_run(ws)
        rows = [(r.id, r.recipe, r.encoder, r.snapshot, r.state, _headline(r), _use(serving.get(r.id))) for r in runs]
        columns = ("run", "recipe", "encoder", "snapshot", "state", "macro-F1 on test", "in use")
        reply.give(
            {"runs": [run_document(run) | use_fields(serving.get(run.id)) for run in runs]},
            table("", columns, rows) if rows else "no run yet: freeze a snapshot, then train a recipe on it",
        )


def evaluate(
    run: Annotated[str, typer.Argument(help="A run's id, as `runs list` shows it.")],
    gold: Annotated[
        str | None, typer.Option(metavar="SNAPSHOT", help="Score it on the items of this snapshot, which it never saw.")
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="SCHEME", help="The scheme, of a run that judges several."),
    ] = None,
    gold_side: Annotated[GoldSide, typer.Option(help="Which items of the --gold snapshot count.")] = "all",
    within: Annotated[float, typer.Option(min=1, help="Seconds in which a call should raise its alarm.")] = 30,
    filter: Filters = None,
    json: Json = False,
) -> None:
    """Show the scores of RUN on its test split, which training never saw, beside trivial baselines.

    With --filter, the alarms are timed in the calls with a matching utterance instead of those of the test split.
    """
    filters = filter_pairs(filter)
    with answering(json) as reply:
        from core.workflows.evaluation.evaluate import report
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        info, metrics = report(ws, run, target)
        info = replace(info, metrics=metrics)
        timed = _alarms(ws, run, target, filters, round(within * 1000))
        if gold is None:
            _give_run(reply, info, {"alarms": timed}, *alarm_lines(timed))
        else:
            from core.workflows.evaluation.gold import score_on_gold

            scores = score_on_gold(ws, run, gold, gold_side)
            document = _run(info) | {"gold": asdict(scores), "alarms": timed}
            reply.give(document, f"run {info.id}", *gold_lines(scores), *alarm_lines(timed))


def _alarms(ws: "Workspace", run: str, target: str | None, filters: list[str], within_ms: int) -> dict[str, Any] | None:
    """How soon calls raise their alarm; None if the run has no call in its test split. An explicit filter must fit."""
    from core.workflows.corpus.browse import read_filter
    from core.workflows.predict import alarms

    if not filters:
        return alarms.alarms_of_test(ws, run, target, within_ms)
    return alarms.alarm_times(ws, run, target, read_filter(ws, filters), within_ms)


def _settings(pairs: Sequence[str]) -> dict[str, str]:
    for pair in pairs:
        if not pair.partition("=")[0].strip() or "=" not in pair:
            raise typer.BadParameter(f"--set {pair}: expected key=value")
    return {key.strip(): value for key, _, value in (pair.partition("=") for pair in pairs)}


def _run(info: RunInfo) -> dict[str, Any]:
    from core.workflows.service.lists import run_document

    return run_document(info)


def _use(serving: "Serving | None") -> str:
    if serving is None:
        return ""
    choice = serving.choice
    return f"in use, {choice.chosen_by}, {choice.chosen_at[:10]}" if choice else "newest, nobody has chosen"


def _give_run(reply: Reply, info: RunInfo, more: Mapping[str, Any] | None = None, *further: Any) -> None:
    from core.workflows.evaluation.marks import warnings
    from core.workflows.evaluation.scored import under

    lines: list[Any] = [f"run {info.id}"]
    notes = [f"note: {sentence}" for sentence in warnings(info.metrics)]
    for name in info.schemes:
        lines += _score_lines(under(info, name), f"{name}, " if len(info.schemes) > 1 else "", notes)
        notes = []
    reply.give(_run(info) | dict(more or {}), *lines, *further)


def _score_lines(info: RunInfo, title: str, notes: Sequence[str]) -> Iterator[Any]:
    """The scores of one scheme of a run, and what must be said with them."""
    from core.workflows.evaluation.marks import refused

    test, baselines = info.metrics["test"], info.metrics.get("baselines")
    yield f"{title}test side: {test['n']} items in {test['n_groups']} groups of snapshot {info.snapshot}"
    yield from notes
    if refused(info.metrics):
        return
    yield table("", *score_rows(test, baselines))
    for part, scores in info.metrics.get("ablation", {}).items():
        yield f"{title}by {part} alone: macro-F1 {score_text(scores['macro_f1'])}"
    yield class_table(test, baselines)
    yield from confusion_table(test)


def _headline(info: RunInfo) -> str:
    from core.workflows.evaluation.marks import refused, short_marks

    if "test" not in info.metrics:
        return ""
    score = [] if refused(info.metrics) else [score_text(info.metrics["test"]["macro_f1"])]
    return ", ".join([*score, *short_marks(info.metrics)])
