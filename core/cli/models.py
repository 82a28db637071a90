"""Verbs about models. With `--json` they answer:

- `train`, `evaluate`: one run, `{"run": id, "recipe", "encoder", "scheme", "modality", "snapshot", "state",
  "started_at", "metrics": {"test": {"n", "n_groups", "accuracy": {"value", "low", "high"}, "macro_f1", "weighted_f1",
  "per_class": [{"code", "n", "precision", "recall", "f1"}], "confusion", ...}, "validation", "by_recording",
  "baselines": {"majority": {"n", "n_groups", "accuracy", "macro_f1", "weighted_f1", "per_class", "by_recording"},
  "shortcut": {..., "reads"}}, "calibration", "used", "skipped", "best_epoch", "epochs", "persons_on_several_sides",
  "official"}, "warnings": [sentence]}`; a run of several schemes also has "targets" {scheme: the same scores} in
  "metrics", a run of text and voice "ablation" {"text", "voice": {"n", "n_groups", "accuracy", "macro_f1", ...}};
  several classes an item have no "confusion"; `official` is null or {"did": "keep" or "clean", "train",
  "validation": n that repeat a later side, ...}
- `evaluate --gold`: the same and `"gold": {"snapshot", "sha256", "side", "scores", "baselines", "not_gold",
  "unusable"}`; `scores` and `baselines` are as in "metrics"
- `runs list`: `{"runs": [one run as above, ...]}`, newest first, each with `in_use` (it serves its scheme), `chosen_by`
  and `chosen_at` (null: it serves because it is the newest, nobody has chosen)
- `predict`: `{"inputs": [...]}`, one entry for each input in the order given: `{"source", "utterances": [{"start_ms",
  "end_ms", "text", "judgements": {scheme: {"label", "confidence", "probabilities": {class: p}, "run",
  "chosen"}}}]}` (`chosen`: false if the run serves only because it is the newest; "call" beside "utterances" holds
  such judgements of runs that were trained on whole calls, where there are some), or `{"source", "error"}` for an
  input that cannot be judged; the others are judged all the same, and the exit code is 1
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from core.cli.frame import Json, Reply, answering, progress_bar, table
from core.cli.scores import class_table, confusion_table, gold_lines, score_rows, score_text
from core.errors import InputError
from core.records import RunInfo

if TYPE_CHECKING:
    from core.workflows.models.in_use import Serving
    from core.workflows.models.train import TrainSpec
    from core.workflows.workspace import Workspace

GoldSide = Literal["all", "test"]
_OPTION_ORDER = "gwidama.order"


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
        from core.workflows.service.lists import run_documents
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        runs, serving = every(ws), by_run(ws)
        rows = [(r.id, r.recipe, r.encoder, r.snapshot, r.state, _headline(r), _use(serving.get(r.id))) for r in runs]
        columns = ("run", "recipe", "encoder", "snapshot", "state", "macro-F1 on test", "in use")
        reply.give(
            {"runs": run_documents(ws)},
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
    json: Json = False,
) -> None:
    """Show the scores of RUN on its test split, which training never saw, beside trivial baselines."""
    with answering(json) as reply:
        from core.workflows.evaluation.evaluate import report
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        info, metrics = report(ws, run, target)
        info = replace(info, metrics=metrics)
        if gold is None:
            _give_run(reply, info)
        else:
            from core.workflows.evaluation.gold import score_on_gold

            scores = score_on_gold(ws, run, gold, gold_side)
            reply.give(_run(info) | {"gold": asdict(scores)}, f"run {info.id}", *gold_lines(scores))


class PredictCommand(TyperCommand):
    """Keeps the order of the options on the command line, which the parsed lists do not hold."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta[_OPTION_ORDER] = [option.name for option in self.make_parser(ctx).parse_args(list(args))[2]]
        return super().parse_args(ctx, args)


@dataclass(frozen=True, slots=True)
class _Input:
    """One `--text` or `--wav` of the command line; `labels` is the path of the label JSON that describes the WAV."""

    kind: Literal["text", "wav"]
    value: str
    labels: str | None = None

    @property
    def source(self) -> str:
        return "text" if self.kind == "text" else self.value


def predict(
    ctx: typer.Context,
    text: Annotated[list[str] | None, typer.Option(help="A sentence to judge.")] = None,
    wav: Annotated[list[str] | None, typer.Option(metavar="FILE", help="A recording to judge.")] = None,
    labels: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Label JSON with utterances and texts of the --wav before it."),
    ] = None,
    run: Annotated[
        list[str] | None, typer.Option(help="Judge by this run; by default by the run in use for each scheme.")
    ] = None,
    json: Json = False,
) -> None:
    """Judge sentences and recordings."""
    inputs = _inputs(ctx.meta[_OPTION_ORDER], {"text": text or [], "wav": wav or [], "labels": labels or []})
    with answering(json) as reply:
        from core.workflows.models.predict import predictors
        from core.workflows.workspace import open_workspace

        ws, runs = open_workspace(), run or []
        predictors(ws, runs)  # if there is no model, or a run is unknown, the whole request fails
        documents: list[dict[str, Any]] = []
        with progress_bar("predict") as show_progress:
            for n, input_ in enumerate(inputs):
                show_progress("inputs", n, len(inputs))
                documents.append(_predict_input(ws, input_, runs))
        lines = [item for document in documents for item in _lines(document)]
        reply.give({"inputs": documents}, *lines)
        if errors := [d["error"] for d in documents if "error" in d]:
            more = f" (and {len(errors) - 1} more of {len(inputs)} inputs)" if len(errors) > 1 else ""
            reply.complain(f"{errors[0]}{more}")


def _settings(pairs: Sequence[str]) -> dict[str, str]:
    for pair in pairs:
        if not pair.partition("=")[0].strip() or "=" not in pair:
            raise typer.BadParameter(f"--set {pair}: expected key=value")
    return {key.strip(): value for key, _, value in (pair.partition("=") for pair in pairs)}


def _inputs(order: Sequence[str | None], given: dict[str, list[str]]) -> list[_Input]:
    """The inputs in the order of the command line, each `--labels` joined to the `--wav` before it."""
    remaining = {name: iter(values) for name, values in given.items()}
    inputs: list[_Input] = []
    for name in order:
        if name == "text":
            inputs.append(_Input("text", _utf8(next(remaining[name]))))
        elif name == "wav":
            inputs.append(_Input("wav", next(remaining[name])))
        elif name == "labels":
            if not inputs or inputs[-1].kind != "wav" or inputs[-1].labels is not None:
                raise typer.BadParameter("--labels belongs right after the --wav that it describes")
            inputs[-1] = replace(inputs[-1], labels=next(remaining[name]))
    if not inputs:
        raise typer.BadParameter("give at least one --text or --wav")
    return inputs


def _utf8(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise typer.BadParameter("--text is not valid UTF-8") from None
    return text


def _predict_input(ws: "Workspace", input_: _Input, runs: Sequence[str]) -> dict[str, Any]:
    from core.workflows.models.predict import predict_audio, predict_text

    try:
        if input_.kind == "text":
            return predict_text(ws, input_.value, runs, input_.source)
        labels = None if input_.labels is None else _file(input_.labels).read_bytes()
        return predict_audio(ws, _file(input_.value), input_.source, labels=labels, run_ids=runs)
    except (InputError, OSError) as error:
        return {"source": input_.source, "error": str(error)}


def _file(name: str) -> Path:
    path = Path(name)
    if not path.is_file():
        raise InputError("{name}: no such file", name=name)
    return path


def _run(info: RunInfo) -> dict[str, Any]:
    from core.workflows.service.lists import run_document

    return run_document(info)


def _use(serving: "Serving | None") -> str:
    if serving is None:
        return ""
    choice = serving.choice
    return f"in use, {choice.chosen_by}, {choice.chosen_at[:10]}" if choice else "newest, nobody has chosen"


def _give_run(reply: Reply, info: RunInfo) -> None:
    from core.workflows.evaluation.marks import warnings
    from core.workflows.evaluation.scored import under

    lines: list[Any] = [f"run {info.id}"]
    notes = [f"note: {sentence}" for sentence in warnings(info.metrics)]
    for name in info.schemes:
        lines += _score_lines(under(info, name), f"{name}, " if len(info.schemes) > 1 else "", notes)
        notes = []
    reply.give(_run(info), *lines)


def _score_lines(info: RunInfo, title: str, notes: Sequence[str]) -> Iterator[Any]:
    """The scores of one scheme of a run, and what must be said with them."""
    test, baselines = info.metrics["test"], info.metrics.get("baselines")
    yield f"{title}test side: {test['n']} items in {test['n_groups']} groups of snapshot {info.snapshot}"
    yield from notes
    yield table("", *score_rows(test, baselines))
    for part, scores in info.metrics.get("ablation", {}).items():
        yield f"{title}by {part} alone: macro-F1 {score_text(scores['macro_f1'])}"
    yield class_table(test, baselines)
    yield from confusion_table(test)


def _headline(info: RunInfo) -> str:
    from core.workflows.evaluation.marks import short_marks

    if "test" not in info.metrics:
        return ""
    return ", ".join([score_text(info.metrics["test"]["macro_f1"]), *short_marks(info.metrics)])


def _lines(document: dict[str, Any]) -> Iterator[Any]:
    if "error" in document:
        yield f"{document['source']}: {document['error']}"
        return
    rows = []
    for utterance in document["utterances"]:
        when = (
            ""
            if utterance["start_ms"] is None
            else f"{utterance['start_ms'] / 1000:.2f}-{utterance['end_ms'] / 1000:.2f} s"
        )
        predictions = [
            f"{name}: {prediction['label']} {prediction['confidence']:.2f}"
            for name, prediction in utterance["judgements"].items()
        ]
        rows.append((when, utterance["text"], "\n".join(predictions)))
    call = document.get("call", {})
    if call:
        rows.append(("whole call", "", "\n".join(f"{n}: {p['label']} {p['confidence']:.2f}" for n, p in call.items())))
    yield table(document["source"], ("when", "text", "judgements"), rows)
    judged = [item for utterance in document["utterances"] for item in utterance["judgements"].items()]
    judged += call.items()
    for name, run in dict.fromkeys((name, item["run"]) for name, item in judged if not item["chosen"]):
        yield f"{name}: run {run} is the newest, nobody has chosen; to choose it: python -m core runs use {run}"
