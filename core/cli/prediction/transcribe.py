"""The verbs of speech to text. With `--json` they answer:

- `transcribe`: `{"run", "transcriber", "utterances": n, "states": {"ok", "not_understood", "no_speech", "unreadable":
  n}, "proposals": n new, "skipped": [{"utterance", "reason"}]}`
- `transcribe --score`: `{"at", "transcriber", "model", "language", "utterances", "states", "understood": {"texts",
  "letters", "errors", "rate", "low", "high"}, "everything": the same with missing texts, "seconds", "realtime",
  "worst": [{"utterance_id", "human", "written", "errors"}]}`
- `transcribe --undo RUN`: `{"run", "undone": n, "left": n that somebody has decided on since}`
- `models fetch`: `{"model"}`
"""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.frame import Filters, Json, Reply, answering, filter_pairs, progress_bar, table

if TYPE_CHECKING:
    from core.workflows.workspace import Workspace

SHOWN = 5


def transcribe(
    filter: Filters = None,
    transcriber: Annotated[
        str | None, typer.Option(metavar="NAME", help="whisper, whisper-transformers, sensevoice or endpoint.")
    ] = None,
    language: Annotated[str, typer.Option(help="The language that is spoken, as a code.")] = "ko",
    score: Annotated[
        bool, typer.Option("--score", help="Measure the letter error rate on utterances with a human text instead.")
    ] = False,
    most: Annotated[int, typer.Option(min=1, help="With --score: read at most so many utterances.")] = 200,
    undo: Annotated[str | None, typer.Option(metavar="RUN", help="Take back what was accepted of a run.")] = None,
    json: Json = False,
) -> None:
    """Suggest a text for each utterance that has a voice and no text, for a curator to accept."""
    pairs = filter_pairs(filter)
    if undo is not None and (pairs or score):
        raise typer.BadParameter("--undo takes no filter or --score")
    with answering(json) as reply:
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        if undo is not None:
            _undo(reply, ws, undo)
        elif score:
            _score(reply, ws, pairs, transcriber, language, most)
        else:
            _suggest(reply, ws, pairs, transcriber, language)


def fetch_model(json: Json = False) -> None:
    """Fetch the weights of Whisper from the hub: those that GWIDAMA_WHISPER names, else base, if none are here."""
    with answering(json) as reply:
        from core.workflows.speech.transcribe import fetch
        from core.workflows.workspace import open_workspace

        name = fetch(open_workspace())
        reply.give({"model": name}, f"{name} is on this machine")


def _suggest(reply: Reply, ws: "Workspace", pairs: list[str], name: str | None, language: str) -> None:
    from core.workflows.corpus.browse import read_filter
    from core.workflows.speech import corpus

    with progress_bar("transcribe") as show_progress:
        result = corpus.run(ws, read_filter(ws, pairs), name=name, language=language, progress=show_progress)
    skipped = [{"utterance": skip.where, "reason": str(skip.reason)} for skip in result.skipped]
    states = dict(result.states)
    reply.give(
        {
            "run": result.run, "transcriber": result.transcriber, "utterances": result.utterances, "states": states,
            "proposals": result.proposals, "skipped": skipped,
        },
        f"run {result.run}: {result.utterances:,} utterances without text, {result.proposals:,} new suggestions",
        table("", ("state", "utterances"), list(states.items())),
        *(f"left out: {skip['utterance']}: {skip['reason']}" for skip in skipped[:SHOWN]),
    )  # fmt: skip


def _score(reply: Reply, ws: "Workspace", pairs: list[str], name: str | None, language: str, most: int) -> None:
    from core.workflows.corpus.browse import read_filter
    from core.workflows.speech import errors

    with progress_bar("transcribe") as show_progress:
        wanted = read_filter(ws, pairs)
        result = errors.measure(ws, wanted, name=name, language=language, most=most, progress=show_progress)
    rows = [
        (title, part.texts, part.letters, part.errors, _share(part.rate), f"{_share(part.low)}-{_share(part.high)}")
        for title, part in (("understood", result.understood), ("everything", result.everything))
    ]
    columns = ("texts", "utterances", "letters", "wrong", "letter error rate", "95%")
    reply.give(
        asdict(result),
        f"{result.model}: {result.utterances:,} utterances, {result.seconds:,} s, {result.realtime} times real time",
        table("", columns, rows),
        table("", ("state", "utterances"), list(result.states.items())),
    )


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _undo(reply: Reply, ws: "Workspace", run_id: str) -> None:
    from core.workflows.speech import corpus

    undone, left = corpus.undo(ws, run_id, ws.settings.curator)
    reply.give(
        {"run": run_id, "undone": undone, "left": left},
        f"{undone:,} texts taken back, {left:,} left because somebody decided on them since",
    )
