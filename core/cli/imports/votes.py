"""The verb `ingest votes`. With `--json` it answers:

- `ingest votes`: `{"file", "source", "scheme", "rows", "added", "known", "silent": n rows without a vote, "votes",
  "votes_known", "rejected": n, "reasons": {kind: n}, "skipped": [{"row", "kind", "reason"}] (the first 100),
  "rejects": path or null, "encoding", "separator", "columns", "notes": {what: n}}`, and what `core.cli.imports.corpora`
  says of clashes
"""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from core.cli.frame import Json, answering, progress_bar, table
from core.cli.imports.corpora import OnClashOption, clash_document, clash_lines
from core.cli.imports.values import labels_and_maps, missing_values

if TYPE_CHECKING:
    from core.workflows.imports.tables.votes import VotesImport


def ingest_votes(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, JSON, JSONL (these also as .gz), XLSX or Parquet.")],
    scheme: Annotated[str, typer.Option(metavar="NAME", help="The scheme of the votes. An unknown one is proposed.")],
    raters: Annotated[
        str, typer.Option(metavar="COL,COL", help="Columns of answers. Each column is one rater and names that rater.")
    ] = "",
    votes: Annotated[
        str,
        typer.Option(
            metavar="CLASS,CLASS", help="Columns with the number of votes for a class; CLASS=COL if the names differ."
        ),
    ] = "",
    item: Annotated[
        str | None, typer.Option(metavar="COL", help="The column of distinct ids, or of the keys of known utterances.")
    ] = None,
    text: Annotated[
        str | None, typer.Option(metavar="COL", help="The column of the texts of new utterances; by default the item.")
    ] = None,
    rater: Annotated[
        str | None, typer.Option(metavar="COL", help="Long form: the column of the rater, one row for each answer.")
    ] = None,
    answer: Annotated[str | None, typer.Option(metavar="COL", help="Long form: the column of the answer.")] = None,
    lists: Annotated[
        Literal["ask", "raters", "classes"],
        typer.Option(help="What a list in a cell is: answers of several raters, or several classes of one."),
    ] = "ask",
    map: Annotated[
        list[str] | None, typer.Option(metavar="VALUE=CLASS", help="Read an answer as this class; may be repeated.")
    ] = None,
    missing: Annotated[
        str, typer.Option(metavar="VALUE,VALUE", help="Values that mean no answer, besides N/A, - and their like.")
    ] = "",
    sep: Annotated[str | None, typer.Option(help="One character, or comma, tab, semicolon, pipe.")] = None,
    encoding: Annotated[str | None, typer.Option(help="E.g. utf-8, cp949, utf-16. Detected by default.")] = None,
    sheet: Annotated[str | None, typer.Option(help="A workbook's sheet, or the list in a JSON document.")] = None,
    skip_rows: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Rows above the header. Found by default.")
    ] = None,
    source: Annotated[str, typer.Option(metavar="NAME", help="The name of the source; by default FILE's stem.")] = "",
    licence: Annotated[str, typer.Option(help="The licence of the data.")] = "not stated",
    on_clash: OnClashOption = "report",
    json: Json = False,
) -> None:
    """Import the votes of several raters. Votes set no label; they count for `agreement`, and can be settled."""
    if (rater is None) != (answer is None):
        raise typer.BadParameter("name --rater and --answer together")
    if [bool(raters), bool(votes), rater is not None].count(True) != 1:
        raise typer.BadParameter("name either --raters or --votes, or --rater and --answer")
    if item is None and text is None:
        raise typer.BadParameter("name --item or --text")
    columns, counts = tuple(split_names("--raters", raters)), _counts(votes)
    maps = labels_and_maps([], map or [])[1]
    with answering(json) as reply:
        from core.workflows.imports.tables.votes import File, Options, VotesImportOptions
        from core.workflows.imports.tables.votes import ingest_votes as import_votes
        from core.workflows.workspace import open_workspace

        import_options = VotesImportOptions(
            scheme, columns, counts, item, text, source, licence,
            Options(encoding, sep, sheet=sheet, skip_rows=skip_rows), on_clash, rater, answer,
            "" if lists == "ask" else lists, maps, missing_values(missing),
        )  # fmt: skip
        opened, ws = File.at(file), open_workspace()
        with progress_bar("import") as show_progress:
            result = import_votes(
                ws,
                opened,
                import_options,
                lambda rows, share: show_progress("rows", rows, rows / share if share else 0),
            )
        reply.give(
            _imported(file, result),
            f"{result.source}: {result.rows} rows read, {result.added} utterances added, {result.known} known already, "
            f"{result.votes} votes added under {result.scheme}, {result.votes_known} known already, "
            f"{result.rejected} not used",
            *clash_lines(result, result.proposals),
            *([table("", ("not used", "n"), list(result.reasons.items()))] if result.reasons else []),
            *([f"What could not be used, and why: {result.rejects}"] if result.rejects else []),
        )


def split_names(option: str, value: str) -> list[str]:
    """The names in the value of `option`, which commas separate. An empty or repeated name is wrong usage."""
    names = [name.strip() for name in value.split(",")] if value else []
    if not all(names) or len(set(names)) < len(names):
        raise typer.BadParameter(f"{option} {value}: write different names, between commas")
    return names


def _counts(value: str) -> dict[str, str]:
    """The value of `--votes` as {class: column}."""
    columns: dict[str, str] = {}
    for pair in split_names("--votes", value):
        code, sign, column = (part.strip() for part in pair.partition("="))
        if not code or (sign and not column) or code in columns:
            raise typer.BadParameter(f"--votes {pair}: write CLASS or CLASS=COL, each class once")
        columns[code] = column or code
    return columns


def _imported(file: Path, result: "VotesImport") -> dict[str, Any]:
    fields = ("source", "scheme", "rows", "added", "known", "silent", "votes", "votes_known", "rejected", "reasons")
    return {
        "file": str(file),
        **{name: getattr(result, name) for name in fields},
        "skipped": [asdict(row) for row in result.skipped],
        "rejects": None if result.rejects is None else str(result.rejects),
        "encoding": result.shape.encoding,
        "separator": result.shape.separator,
        "columns": list(result.shape.columns),
        "notes": result.notes,
        **clash_document(result, result.proposals, result.batch),
    }
