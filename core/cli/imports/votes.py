"""The verb about votes. `--json` answers:

- `ingest votes`: `{"file", "source", "scheme", "rows", "added", "known", "silent": rows without a vote, "votes",
  "votes_known", "rejected": n, "reasons": {kind: n}, "skipped": [{"row", "kind", "reason"}] (the first 100),
  "rejects": path or null, "encoding", "separator", "columns"}`
"""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.frame import Json, answering, progress_bar, table

if TYPE_CHECKING:
    from core.workflows.imports.votes import VotesImport


def ingest_votes(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, JSON, JSONL (these also as .gz), XLSX or Parquet.")],
    scheme: Annotated[str, typer.Option(metavar="NAME", help="What was voted on. An unknown one is proposed.")],
    raters: Annotated[
        str, typer.Option(metavar="COL,COL", help="Columns of answers: each is one rater, named by the column.")
    ] = "",
    votes: Annotated[
        str, typer.Option(metavar="CLASS,CLASS", help="Columns that count votes; CLASS=COL where names differ.")
    ] = "",
    item: Annotated[
        str | None, typer.Option(metavar="COL", help="Distinct ids, or the keys of utterances that are here.")
    ] = None,
    text: Annotated[str | None, typer.Option(metavar="COL", help="The texts of new utterances. Else the item.")] = None,
    sep: Annotated[str | None, typer.Option(help="One character, or comma, tab, semicolon, pipe.")] = None,
    encoding: Annotated[str | None, typer.Option(help="E.g. utf-8, cp949, utf-16. Else detected.")] = None,
    sheet: Annotated[str | None, typer.Option(help="A workbook's sheet, or the list in a JSON document.")] = None,
    source: Annotated[str, typer.Option(metavar="NAME", help="Where the data is from. Else FILE's stem.")] = "",
    licence: Annotated[str, typer.Option(help="The licence of the data.")] = "not stated",
    json: Json = False,
) -> None:
    """Import the votes of several raters. They set no label: they count for `agreement` and can be settled."""
    if bool(raters) == bool(votes):
        raise typer.BadParameter("name either --raters or --votes")
    if item is None and text is None:
        raise typer.BadParameter("name --item or --text")
    columns, counts = tuple(listed("--raters", raters)), _counts(votes)
    with answering(json) as reply:
        from core.workflows.imports.votes import File, Options, Order
        from core.workflows.imports.votes import ingest_votes as run
        from core.workflows.workspace import open_workspace

        order = Order(scheme, columns, counts, item, text, source, licence, Options(encoding, sep, sheet=sheet))
        opened, ws = File.at(file), open_workspace()
        with progress_bar("import") as tell:
            done = run(ws, opened, order, lambda rows, share: tell("rows", rows, rows / share if share else 0))
        reply.give(
            _imported(file, done),
            f"{done.source}: {done.rows} rows read, {done.added} utterances added, {done.known} known already, "
            f"{done.votes} votes added under {done.scheme}, {done.votes_known} known already, {done.rejected} not used",
            *([table("", ("not used", "n"), list(done.reasons.items()))] if done.reasons else []),
            *([f"What could not be used, and why: {done.rejects}"] if done.rejects else []),
        )


def listed(option: str, told: str) -> list[str]:
    found = [one.strip() for one in told.split(",")] if told else []
    if not all(found) or len(set(found)) < len(found):
        raise typer.BadParameter(f"{option} {told}: write different names, between commas")
    return found


def _counts(told: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in listed("--votes", told):
        code, sign, column = (part.strip() for part in one.partition("="))
        if not code or (sign and not column) or code in found:
            raise typer.BadParameter(f"--votes {one}: write CLASS or CLASS=COL, each class once")
        found[code] = column or code
    return found


def _imported(file: Path, done: "VotesImport") -> dict[str, Any]:
    told = ("source", "scheme", "rows", "added", "known", "silent", "votes", "votes_known", "rejected", "reasons")
    return {
        "file": str(file),
        **{name: getattr(done, name) for name in told},
        "skipped": [asdict(one) for one in done.skipped],
        "rejects": None if done.rejects is None else str(done.rejects),
        "encoding": done.shape.encoding,
        "separator": done.shape.separator,
        "columns": list(done.shape.columns),
    }
