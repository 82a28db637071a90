"""Verbs that export the corpus and import exports again. With `--json` they answer:

- `export`: `{"file", "utterances": n}`, and `"left_out": {reason: n}` if the format cannot hold some of them
- `ingest gwidama`, `ingest labelstudio`: the document of `ingest audio` (`core.cli.imports.corpora`), which
  counts utterances
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.frame import Filters, Json, answering, filter_pairs, progress_bar, table
from core.cli.imports.corpora import OnClashOption, run_import

if TYPE_CHECKING:
    from core.workflows.imports.report import ImportResult, Progress
    from core.workflows.workspace import Workspace


def export(
    file: Annotated[Path, typer.Argument(help="A file or a new folder; its suffix gives the format.")],
    filter: Filters = None,
    snapshot: Annotated[
        str | None, typer.Option(metavar="NAME", help="Export the samples of this snapshot, with their splits.")
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(help="csv, jsonl, parquet, hf, seeds, autotrain, autotrain-audio, labelstudio."),
    ] = None,
    json: Json = False,
) -> None:
    """Write utterances with their current labels to FILE: all of them, or those that match every --filter."""
    filters = filter_pairs(filter)
    with answering(json) as reply:
        from core.workflows.corpus.browse import read_filter
        from core.workflows.corpus.export import save
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        wanted = read_filter(ws, filters)
        with progress_bar("export") as show_progress:
            result = save(
                ws, file, name=format, wanted=wanted, snapshot=snapshot,
                progress=lambda n, total: show_progress("utterances", n, total),
            )  # fmt: skip
        more = {"left_out": result.left_out} if result.left_out else {}
        reply.give(
            {"file": str(file), "utterances": result.utterances, **more},
            f"{result.utterances} utterances written to {file}",
            *([table("", ("left out", "n"), list(result.left_out.items()))] if more else []),
        )


def ingest_gwidama(
    file: Annotated[Path, typer.Argument(help="A .csv, .jsonl or .parquet of `export`, or a `datasets` folder.")],
    on_clash: OnClashOption = "report",
    json: Json = False,
) -> None:
    """Import a file that `python -m core export` wrote. Known utterances are compared and add nothing."""

    def run(ws: "Workspace", progress: "Progress") -> "ImportResult":
        from core.workflows.imports.exports import restore

        return restore.ingest_gwidama(ws, file, progress, on_clash)

    run_import(run, "utterances", "utterances", json)


def ingest_labelstudio(
    file: Annotated[Path, typer.Argument(help="A Label Studio project exported as JSON.")],
    text: Annotated[str | None, typer.Option(metavar="FIELD", help="The field of `data` that holds the text.")] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="SCHEME=NAME", help="Read the labels that the project calls NAME under SCHEME."),
    ] = None,
    on_clash: OnClashOption = "report",
    json: Json = False,
) -> None:
    """Import Label Studio tasks: annotations become labels, several annotators become votes, predictions wait."""
    labels = dict(_scheme_and_name(pair) for pair in label or ())
    if len(labels) < len(label or ()):
        raise typer.BadParameter("--label: every scheme once")

    def run(ws: "Workspace", progress: "Progress") -> "ImportResult":
        from core.workflows.imports.exports import restore

        return restore.ingest_labelstudio(ws, file, text, progress, labels, on_clash=on_clash)

    run_import(run, "utterances", "utterances", json)


def _scheme_and_name(pair: str) -> tuple[str, str]:
    """The value of one `--label`: a scheme, and the name in the project."""
    scheme, _, name = (part.strip() for part in pair.partition("="))
    if not scheme or not name:
        raise typer.BadParameter(f"--label {pair}: expected SCHEME=NAME")
    return scheme, name
