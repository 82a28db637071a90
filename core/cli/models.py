"""Verbs about models. `--json` answers:

- `train`, `evaluate`: one run, `{"run": id, "recipe", "encoder", "scheme", "modality", "snapshot", "state",
  "started_at", "metrics": {"test": {"n", "n_groups", "accuracy": {"value", "low", "high"}, "macro_f1", "weighted_f1",
  "per_class": [{"code", "n", "precision", "recall", "f1"}], "confusion", ...}, "validation", "by_recording",
  "calibration", "used", "skipped", "best_epoch", "epochs"}}`
- `runs list`: `{"runs": [one run as above, ...]}`, newest first
- `predict`: `{"inputs": [...]}`, one entry an input in the order given: `{"source", "utterances": [{"start_ms",
  "end_ms", "text", "judgements": {scheme: {"label", "confidence", "probabilities": {class: p}, "run"}}}]}`, or
  `{"source", "error"}` for one that cannot be judged; then the others are judged still and the exit code is 1
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from core.cli.frame import Json, Reply, answering, progress_bar, table
from core.errors import InputError
from core.records import RunInfo

if TYPE_CHECKING:
    from core.workflows.workspace import Workspace

_ORDER = "gwidama.order"


def train(
    recipe: Annotated[str, typer.Argument(help="danger-text, urgency-text, emotion-voice; text, voice: any scheme.")],
    snapshot: Annotated[str, typer.Option(help="What to train on.")],
    encoder: Annotated[str | None, typer.Option(help="Another encoder than the recipe's default.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting.")] = None,
    json: Json = False,
) -> None:
    """Train RECIPE here and now, with progress; Ctrl-C cancels."""
    overrides = _settings(set_ or [])
    with answering(json) as reply:
        from core.workflows.models import runs
        from core.workflows.models import train as work
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        spec = work.plan(ws, recipe, snapshot, encoder, overrides)
        with progress_bar(recipe) as tell:
            seen: dict[str, Any] = {}

            def report(progress: dict[str, Any]) -> None:
                seen.update(progress)
                tell(str(seen.get("unit", "")), float(seen.get("done", 0)), float(seen.get("total", 0)))

            work.run(ws, spec, report)
        _give_run(reply, runs.get(ws, spec.run_id))


def list_runs(json: Json = False) -> None:
    """Show all runs, newest first."""
    with answering(json) as reply:
        from core.workflows.models.runs import every
        from core.workflows.workspace import open_workspace

        runs = every(open_workspace())
        rows = [(r.id, r.recipe, r.encoder, r.snapshot, r.state, _headline(r)) for r in runs]
        columns = ("run", "recipe", "encoder", "snapshot", "state", "macro-F1 on test")
        reply.give(
            {"runs": [_run(r) for r in runs]},
            table("", columns, rows) if rows else "no run yet: freeze a snapshot, then train a recipe on it",
        )


def evaluate(
    run: Annotated[str, typer.Argument(help="A run's id, as `runs list` shows it.")], json: Json = False
) -> None:
    """Show the scores of RUN on its held-out test side."""
    with answering(json) as reply:
        from core.workflows.models.evaluate import report
        from core.workflows.workspace import open_workspace

        info, _ = report(open_workspace(), run)
        _give_run(reply, info)


class PredictCommand(TyperCommand):
    """Remembers in which order the options came, which the parsed lists no longer tell."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta[_ORDER] = [option.name for option in self.make_parser(ctx).parse_args(list(args))[2]]
        return super().parse_args(ctx, args)


@dataclass(frozen=True, slots=True)
class _Input:
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
        typer.Option(metavar="FILE", help="Label JSON of the --wav before it: its utterances and texts."),
    ] = None,
    run: Annotated[
        list[str] | None, typer.Option(help="Judge by this run; by default the newest of each kind.")
    ] = None,
    json: Json = False,
) -> None:
    """Judge sentences and recordings."""
    inputs = _inputs(ctx.meta[_ORDER], {"text": text or [], "wav": wav or [], "labels": labels or []})
    with answering(json) as reply:
        from core.workflows.models.predict import predictors
        from core.workflows.workspace import open_workspace

        ws, runs = open_workspace(), run or []
        predictors(ws, runs)  # no model or an unknown run fails the request, not each input
        documents: list[dict[str, Any]] = []
        with progress_bar("predict") as tell:
            for n, one in enumerate(inputs):
                tell("inputs", n, len(inputs))
                documents.append(_judged(ws, one, runs))
        shown = [item for document in documents for item in _show(document)]
        reply.give({"inputs": documents}, *shown)
        if errors := [d["error"] for d in documents if "error" in d]:
            more = f" (and {len(errors) - 1} more of {len(inputs)} inputs)" if len(errors) > 1 else ""
            reply.complain(f"{errors[0]}{more}")


def _settings(pairs: Sequence[str]) -> dict[str, str]:
    for pair in pairs:
        if not pair.partition("=")[0].strip() or "=" not in pair:
            raise typer.BadParameter(f"--set {pair}: expected key=value")
    return {key.strip(): value for key, _, value in (pair.partition("=") for pair in pairs)}


def _inputs(order: Sequence[str | None], given: dict[str, list[str]]) -> list[_Input]:
    """The inputs as they stood on the command line, each `--labels` joined to the `--wav` before it."""
    left = {name: iter(values) for name, values in given.items()}
    inputs: list[_Input] = []
    for name in order:
        if name == "text":
            inputs.append(_Input("text", _utf8(next(left[name]))))
        elif name == "wav":
            inputs.append(_Input("wav", next(left[name])))
        elif name == "labels":
            if not inputs or inputs[-1].kind != "wav" or inputs[-1].labels is not None:
                raise typer.BadParameter("--labels belongs right after the --wav that it describes")
            inputs[-1] = replace(inputs[-1], labels=next(left[name]))
    if not inputs:
        raise typer.BadParameter("give at least one --text or --wav")
    return inputs


def _utf8(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise typer.BadParameter("--text is not valid UTF-8") from None
    return text


def _judged(ws: "Workspace", one: _Input, runs: Sequence[str]) -> dict[str, Any]:
    from core.workflows.models.predict import predict_audio, predict_text

    try:
        if one.kind == "text":
            return predict_text(ws, one.value, runs, one.source)
        labels = None if one.labels is None else _file(one.labels).read_bytes()
        return predict_audio(ws, _file(one.value), one.source, labels=labels, run_ids=runs)
    except (InputError, OSError) as error:
        return {"source": one.source, "error": str(error)}


def _file(name: str) -> Path:
    path = Path(name)
    if not path.is_file():
        raise InputError("{name}: no such file", name=name)
    return path


def _run(info: RunInfo) -> dict[str, Any]:
    values = asdict(info)
    return {"run": values.pop("id"), **values}


def _give_run(reply: Reply, info: RunInfo) -> None:
    test = info.metrics["test"]
    scores = [(name, *_score(test[key])) for name, key in _SCORES]
    classes = [
        (c["code"], c["n"], _show_score(c["recall"]), _show_score(c["precision"]), _show_score(c["f1"]))
        for c in test["per_class"]
    ]
    reply.give(
        _run(info),
        f"run {info.id}",
        f"test side: {test['n']} items in {test['n_groups']} groups of snapshot {info.snapshot}",
        table("", ("score", "value", "95 % interval over groups"), scores),
        table("", ("class", "n", "recall", "precision", "F1"), classes),
    )


_SCORES = (("accuracy", "accuracy"), ("macro-F1", "macro_f1"), ("weighted-F1", "weighted_f1"))


def _score(score: dict[str, float | None]) -> tuple[str, str]:
    value, low, high = score["value"], score["low"], score["high"]
    return (
        "-" if value is None else f"{value:.3f}",
        "-" if low is None or high is None else f"{low:.3f} to {high:.3f}",
    )


def _show_score(score: dict[str, float | None]) -> str:
    value, interval = _score(score)
    return value if interval == "-" else f"{value} ({interval})"


def _headline(info: RunInfo) -> str:
    return _show_score(info.metrics["test"]["macro_f1"]) if "test" in info.metrics else ""


def _show(document: dict[str, Any]) -> Iterator[Any]:
    if "error" in document:
        yield f"{document['source']}: {document['error']}"
        return
    rows = []
    for one in document["utterances"]:
        when = "" if one["start_ms"] is None else f"{one['start_ms'] / 1000:.2f}-{one['end_ms'] / 1000:.2f} s"
        judged = [f"{name}: {j['label']} {j['confidence']:.2f}" for name, j in one["judgements"].items()]
        rows.append((when, one["text"], "\n".join(judged)))
    yield table(document["source"], ("when", "text", "judgements"), rows)
