"""The verb `predict`. With `--json` it answers `{"inputs": [...]}`, one entry for each input in the order given.

- An entry is the document of `core.workflows.predict.predict`: `{"source", "transcriber": {"name", "state": "ok",
  "absent", "off" or "given", "reason"}, "utterances": [{"start_ms", "end_ms", "text", "speaker", "transcript",
  "judgements": {scheme: {"label", "confidence", "probabilities": {class: p}, "run", "chosen", "abstained", "reason",
  "set", "alarm", "by": {"text", "voice" or "both"}, "weights", "disagree"}}, "abstained": {scheme: code}}], "verdict":
  {scheme: {"label", "confidence", "probabilities", "run", "chosen", "abstained", "reason", "set", "alarm", "level",
  "utterance", "first_alarm_ms", "recall": {"class", "value", "low", "high", "n"}}}, "abstained"}`.
- `chosen`: false if the run serves only because it is the newest. "call" beside "utterances" holds judgements of runs
  that were trained on whole calls, where there are some. `abstained`: null, or why the run cannot tell: too_short,
  empty, not_korean, unfamiliar, undecided, not_understood, no_speech; the label stays there all the same.
- `--why` adds to each judgement of words "why": {"run", "words": [[part, weight]], "nearest": [{"id", "key", "text",
  "label", "similarity"}]}.
- `{"source", "error"}` stands for an input that cannot be judged; the others are judged all the same, and the exit code
  is 1.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from core.cli.frame import Json, answering, progress_bar, table
from core.errors import InputError

if TYPE_CHECKING:
    from core.workflows.workspace import Workspace

_OPTION_ORDER = "gwidama.order"


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


@dataclass(frozen=True, slots=True)
class _Options:
    """How the inputs are judged."""

    runs: Sequence[str]
    transcriber: str | None
    weights: Mapping[str, float]
    why: bool
    own_voice: bool


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
    transcriber: Annotated[
        str | None, typer.Option(metavar="NAME", help="The speech recogniser of recordings without text, or `off`.")
    ] = None,
    weights: Annotated[
        list[str] | None,
        typer.Option(metavar="SCHEME=SHARE", help="How much the text weighs beside the voice, 0 to 1; .7 by default."),
    ] = None,
    why: Annotated[
        bool, typer.Option("--why", help="Also say which words counted, and the nearest training utterances.")
    ] = False,
    own_voice: Annotated[
        bool, typer.Option("--own-voice", help="Compare a voice with its usual sound in the recording itself.")
    ] = False,
    json: Json = False,
) -> None:
    """Judge sentences and recordings, or say that it cannot be told, and why."""
    inputs = _inputs(ctx.meta[_OPTION_ORDER], {"text": text or [], "wav": wav or [], "labels": labels or []})
    options = _Options(run or [], transcriber, _weights(weights or []), why, own_voice)
    with answering(json) as reply:
        from core.workflows.predict.predict import predictors
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        predictors(ws, options.runs)  # if there is no model, or a run is unknown, the whole request fails
        documents: list[dict[str, Any]] = []
        with progress_bar("predict") as show_progress:
            for n, input_ in enumerate(inputs):
                show_progress("inputs", n, len(inputs))
                documents.append(_predict_input(ws, input_, options))
        lines = [item for document in documents for item in _lines(document)]
        reply.give({"inputs": documents}, *lines)
        if errors := [d["error"] for d in documents if "error" in d]:
            more = f" (and {len(errors) - 1} more of {len(inputs)} inputs)" if len(errors) > 1 else ""
            reply.complain(f"{errors[0]}{more}")


def _weights(pairs: Sequence[str]) -> dict[str, float]:
    """Scheme -> the share of the text, of values written SCHEME=SHARE."""
    chosen: dict[str, float] = {}
    for pair in pairs:
        name, _, share = pair.partition("=")
        try:
            chosen[name.strip()] = float(share)
        except ValueError:
            raise typer.BadParameter(f"--weights {pair}: expected SCHEME=SHARE, for example danger=.7") from None
    return chosen


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


def _predict_input(ws: "Workspace", input_: _Input, options: _Options) -> dict[str, Any]:
    from core.workflows.predict.predict import predict_audio, predict_text
    from core.workflows.predict.why import why

    how: dict[str, Any] = {"run_ids": options.runs, "weights": options.weights}
    try:
        if input_.kind == "text":
            document = predict_text(ws, input_.value, source=input_.source, **how)
        else:
            labels = None if input_.labels is None else _file(input_.labels).read_bytes()
            how |= {"transcriber": options.transcriber, "own_voice": options.own_voice}
            document = predict_audio(ws, _file(input_.value), input_.source, labels=labels, **how)
        return why(ws, document) if options.why else document
    except (InputError, OSError) as error:
        return {"source": input_.source, "error": str(error)}


def _file(name: str) -> Path:
    path = Path(name)
    if not path.is_file():
        raise InputError("{name}: no such file", name=name)
    return path


def _lines(document: dict[str, Any]) -> Iterator[Any]:
    if "error" in document:
        yield f"{document['source']}: {document['error']}"
        return
    yield table(document["source"], ("when", "text", "judgements"), [*_rows(document)])
    yield from _verdicts(document)
    for utterance in document["utterances"]:
        yield from _reasons(utterance)
    judged = [item for utterance in document["utterances"] for item in utterance["judgements"].items()]
    judged += document.get("call", {}).items()
    for name, run in dict.fromkeys((name, item["run"]) for name, item in judged if not item["chosen"]):
        yield f"{name}: run {run} is the newest, nobody has chosen; to choose it: python -m core runs use {run}"


def _rows(document: Mapping[str, Any]) -> Iterator[tuple[str, str | None, str]]:
    for utterance in document["utterances"]:
        timed = utterance["start_ms"] is not None
        when = f"{utterance['start_ms'] / 1000:.2f}-{utterance['end_ms'] / 1000:.2f} s" if timed else ""
        yield when, utterance["text"], "\n".join((*_said(utterance["judgements"]), *_unjudged(utterance)))
    if call := document.get("call", {}):
        yield "whole call", "", "\n".join(_said(call))


def _said(judgements: Mapping[str, Any]) -> Iterator[str]:
    """One line a scheme: the label and its confidence, or why the run cannot tell."""
    for name, judged in judgements.items():
        answer = f"{judged['label']} {judged['confidence']:.2f}"
        answer = f"cannot tell: {judged['reason']}" if judged["abstained"] else answer
        yield f"{name}: {answer}" + (" (text and voice disagree)" if judged["disagree"] else "")


def _unjudged(utterance: Mapping[str, Any]) -> Iterator[str]:
    """One line for each scheme that nothing judged, with the reason."""
    from core.abstention import unjudged

    for name, code in utterance["abstained"].items():
        if name not in utterance["judgements"]:
            yield f"{name}: cannot tell: {unjudged(code, utterance['text'])}"


def _verdicts(document: Mapping[str, Any]) -> Iterator[str]:
    """The verdict of an input of several utterances or of none, and the first alarm of every input."""
    heard = document["transcriber"]
    if heard["state"] == "absent" and document["utterances"]:
        yield "no speech recogniser: " + (heard["reason"] or "only the voice is judged")
    for name, verdict in document["verdict"].items():
        answer = f"cannot tell: {verdict['reason']}" if verdict["abstained"] else verdict["label"]
        first = verdict["first_alarm_ms"]
        if len(document["utterances"]) == 1 and first is None:
            continue  # the row of the utterance says it
        yield f"verdict, {name}: {answer}" + (f", first alarm at {first / 1000:.2f} s" if first is not None else "")


def _reasons(utterance: Mapping[str, Any]) -> Iterator[str]:
    """What `--why` found."""
    for name, judged in utterance["judgements"].items():
        if "why" not in judged:
            continue
        words = ", ".join(f"{part!r} {weight:+.2f}" for part, weight in judged["why"]["words"])
        yield f"{name}, what counted in {utterance['text']!r}: {words or 'nothing stands out'}"
        for near in judged["why"]["nearest"]:
            yield f"  near ({near['similarity']:.2f}, {near['label']}): {near['text']}"
