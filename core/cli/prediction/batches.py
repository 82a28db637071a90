"""The verb `predict-batch`, which judges a folder, a zip or a file, the riskiest first. With `--json` it answers:

`{"batch": id, "title", "created_at", "state", "total": n or null, "failed": n, "rows": [{"n", "source", "state":
"judged" or "failed", "error": null or sentence, "risk": null or the probability of the critical class, "risk_scheme",
"risk_class", "alarm", "first_alarm_ms", "utterances", "duration_ms", "abstained", "verdict": {scheme: verdict as in
`predict`}}], "skipped": [{"where", "reason"}]}`; a row that failed has the first five. With `--queue` "rows" is empty
and "state" is "queued": the worker of `serve` judges it, and `--show ID` tells how far it is.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.frame import Json, Reply, answering, progress_bar, table
from core.errors import InputError

if TYPE_CHECKING:
    from core.workflows.predict.batch import Batch
    from core.workflows.workspace import Workspace

FORMATS = (".json", ".csv", ".html")


def predict_batch(
    path: Annotated[
        Path | None, typer.Argument(help="A folder, a zip or a file: recordings, label JSONs, texts.")
    ] = None,
    run: Annotated[
        list[str] | None, typer.Option(help="Judge by this run; by default by the run in use for each scheme.")
    ] = None,
    transcriber: Annotated[
        str | None, typer.Option(metavar="NAME|off", help="The speech recogniser for recordings without words.")
    ] = None,
    own_voice: Annotated[
        bool, typer.Option("--own-voice", help="Compare a voice with its usual sound in the recording itself.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every judgement to a .json, .csv or .html file.")
    ] = None,
    queue: Annotated[bool, typer.Option("--queue", help="Leave it to the worker of `serve`.")] = False,
    show: Annotated[str | None, typer.Option(metavar="ID", help="Show a batch that was begun before.")] = None,
    json: Json = False,
) -> None:
    """Judge every recording and text in PATH; what cannot be judged is named, the others are judged all the same."""
    if (path is None) == (show is None):
        raise typer.BadParameter("give a PATH to judge, or --show ID")
    if out is not None and out.suffix.lower() not in FORMATS:
        raise typer.BadParameter(f"--out {out}: the name ends with {', '.join(FORMATS)}")
    with answering(json) as reply:
        from core.workflows.predict import batch
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        options = batch.BatchOptions(run or (), transcriber, own_voice=own_voice)
        batch_id = show if path is None else batch.prepare(ws, path, options)
        assert batch_id is not None
        if path is not None and queue:
            batch.start(ws, batch_id)
        elif path is not None:
            with progress_bar(batch.JOB) as show_progress:
                batch.run(ws, batch_id, lambda done, total: show_progress("inputs", done, total))
        result = batch.read(ws, batch_id)
        if out is not None:
            _write(ws, result, out)
        _give(reply, result, batch.state(ws, batch_id))


def _write(ws: "Workspace", result: "Batch", out: Path) -> None:
    from core.files import write_bytes, write_text
    from core.workflows.predict import batch, report, report_page
    from core.workflows.workspace import now

    if not out.resolve().parent.is_dir():
        raise InputError("not found: {missing}", missing=str(out.resolve().parent))
    documents = batch.documents(ws, result)
    match out.suffix.lower():
        case ".json":
            write_bytes(out, report.json_bytes(documents))
        case ".csv":
            write_bytes(out, report.csv_bytes(documents))
        case _:
            write_text(out, report_page.html(documents, f"{now()[:16].replace('T', ' ')} UTC"))


def _give(reply: Reply, result: "Batch", state: str) -> None:
    from core.workflows.predict import batch

    document = batch.as_json(result) | {"state": state}
    shown = [
        f"batch {result.id}: {state}, {len(result.rows)} of {'?' if result.total is None else result.total} inputs"
    ]
    columns = ("risk", "first alarm", "input", "verdict")
    lines: list[Any] = [*shown, table("", columns, list(map(_row, document["rows"])))] if result.rows else [*shown]
    reply.give(document, *lines, *(f"left out: {skip.where}: {skip.reason}" for skip in result.skipped))
    if result.failed:
        first = next(row["error"] for row in document["rows"] if row["state"] == "failed")
        more = f" (and {result.failed - 1} more of {len(result.rows)} inputs)" if result.failed > 1 else ""
        reply.complain(f"{first}{more}")


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    if row["state"] == "failed":
        return "", "", row["source"], str(row["error"])
    risk = "-" if row["risk"] is None else f"{row['risk_class']} {row['risk']:.2f}"
    at = "" if row["first_alarm_ms"] is None else f"{row['first_alarm_ms'] / 1000:.1f} s"
    return risk, at, row["source"], "\n".join(_verdicts(row["verdict"]))


def _verdicts(verdicts: dict[str, Any]) -> Iterator[str]:
    for name, verdict in verdicts.items():
        if verdict["abstained"]:
            yield f"{name}: cannot tell, {verdict['reason']}"
        else:
            yield f"{name}: {verdict['label']} {verdict['confidence']:.2f}"
