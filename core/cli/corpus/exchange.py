"""Verbs that take the corpus out and bring exports back. `--json` answers:

- `export`: `{"file", "utterances": n}`, and where the format could not take something `"left_out": {reason: n}`
- `ingest gwidama`, `ingest labelstudio`: what `ingest audio` answers (`core.cli.imports.corpora`); utterances are counted
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.frame import Filters, Json, answering, pairs, progress_bar, table
from core.cli.imports.corpora import bring

if TYPE_CHECKING:
    from core.workflows.imports.report import Imported, Progress
    from core.workflows.workspace import Workspace


def export(
    file: Annotated[Path, typer.Argument(help="A file, or a new folder; its suffix says the format.")],
    filter: Filters = None,
    snapshot: Annotated[str | None, typer.Option(metavar="NAME", help="What a snapshot froze, with its sides.")] = None,
    format: Annotated[
        str | None,
        typer.Option(help="csv, jsonl, parquet, hf, seeds, autotrain, autotrain-audio, labelstudio."),
    ] = None,
    json: Json = False,
) -> None:
    """Write utterances with their current labels to FILE; all of them, or what every --filter lets through."""
    given = pairs(filter)
    with answering(json) as reply:
        from core.workflows.corpus.browse import read_filter
        from core.workflows.corpus.export import save
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        wanted = read_filter(ws, given)
        with progress_bar("export") as tell:
            done = save(
                ws, file, name=format, wanted=wanted, snapshot=snapshot,
                progress=lambda n, total: tell("utterances", n, total),
            )  # fmt: skip
        more = {"left_out": done.left_out} if done.left_out else {}
        reply.give(
            {"file": str(file), "utterances": done.utterances, **more},
            f"{done.utterances} utterances written to {file}",
            *([table("", ("left out", "n"), list(done.left_out.items()))] if more else []),
        )


def ingest_own(
    file: Annotated[Path, typer.Argument(help="A .csv, .jsonl or .parquet of `export`, or a `datasets` folder.")],
    json: Json = False,
) -> None:
    """Import what `python -m core export` wrote. Known utterances add nothing."""

    def run(ws: "Workspace", progress: "Progress") -> "Imported":
        from core.workflows.imports import exports

        return exports.ingest_own(ws, file, progress)

    bring(run, "utterances", "utterances", json)


def ingest_labelstudio(
    file: Annotated[Path, typer.Argument(help="A Label Studio project exported as JSON.")],
    text: Annotated[str | None, typer.Option(metavar="FIELD", help="The field of `data` with the text.")] = None,
    json: Json = False,
) -> None:
    """Import Label Studio tasks: annotations become labels, predictions wait as proposals."""

    def run(ws: "Workspace", progress: "Progress") -> "Imported":
        from core.workflows.imports import exports

        return exports.ingest_labelstudio(ws, file, text, progress)

    bring(run, "utterances", "utterances", json)
