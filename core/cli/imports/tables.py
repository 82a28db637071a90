"""The verb about tables. `--json` answers:

- `ingest table`: `{"file", "source", "rows", "added", "known", "rejected": n, "reasons": {kind: n}, "skipped": [{"row",
  "kind", "reason"}] (the first 100), "rejects": path or null, "notes": {what: n}, "schemes": {asked for: used},
  "format", "encoding", "separator", "quotes", "header", "header_why", "sheet", "columns", "dropped", "times"}`
"""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from core.cli.frame import Json, answering, progress_bar, table

if TYPE_CHECKING:
    from core.workflows.imports.table import TableImport


def ingest_table(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, JSON, JSONL (these also as .gz), XLSX or Parquet.")],
    text: Annotated[str, typer.Option(metavar="COL", help="The column of the texts; column_1 … without a header.")],
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="SCHEME=COL", help="Labels; may be repeated. An unknown SCHEME is proposed."),
    ] = None,
    id: Annotated[
        str | None, typer.Option(metavar="COL", help="Distinct ids: rows keep their identity in edits.")
    ] = None,
    group: Annotated[str | None, typer.Option(metavar="COL", help="What a split must never cut.")] = None,
    recording: Annotated[str | None, typer.Option(metavar="COL", help="Audio by path or stem, beside FILE.")] = None,
    start: Annotated[str | None, typer.Option(metavar="COL", help="Where the utterance begins.")] = None,
    end: Annotated[str | None, typer.Option(metavar="COL", help="Where it ends.")] = None,
    times: Annotated[
        Literal["auto", "ms", "s"], typer.Option(help="Auto: by the column's name, else fractions are seconds.")
    ] = "auto",
    speaker: Annotated[str | None, typer.Option(metavar="COL", help="Who speaks.")] = None,
    label_ids: Annotated[bool, typer.Option("--label-ids", help="Numbers are class positions from 0.")] = False,
    labelled_only: Annotated[bool, typer.Option("--labelled-only", help="Leave rows without any label out.")] = False,
    sep: Annotated[str | None, typer.Option(help="One character, or comma, tab, semicolon, pipe.")] = None,
    encoding: Annotated[str | None, typer.Option(help="E.g. utf-8, cp949, utf-16. Else detected.")] = None,
    header: Annotated[
        bool | None, typer.Option("--header/--no-header", help="Whether the first row holds names. Else detected.")
    ] = None,
    quotes: Annotated[
        bool | None, typer.Option("--quotes/--no-quotes", help='Whether " wraps cells. Else detected.')
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="A workbook's sheet, or the list in a JSON document.")] = None,
    source: Annotated[str, typer.Option(metavar="NAME", help="Where the data is from. Else FILE's stem.")] = "",
    licence: Annotated[str, typer.Option(help="The licence of the data.")] = "not stated",
    json: Json = False,
) -> None:
    """Import a table of texts. A second import of the same file adds nothing; rejects are named by row."""
    labels = _labels(label or [])
    if labelled_only and not labels:
        raise typer.BadParameter("--labelled-only leaves nothing where no --label is given")
    with answering(json) as reply:
        from core.workflows.imports.table import Columns, File, Options, Order
        from core.workflows.imports.table import ingest_table as run
        from core.workflows.workspace import open_workspace

        columns = Columns(text, labels, id, group, speaker, recording, start, end)
        order = Order(
            columns, Options(encoding, sep, quotes, header, sheet), source, licence, label_ids,
            None if times == "auto" else times, labelled_only,
        )  # fmt: skip
        opened, ws = File.at(file), open_workspace()
        with progress_bar("import") as tell:
            done = run(ws, opened, order, lambda rows, share: tell("rows", rows, rows / share if share else 0))
        reply.give(
            _document(file, done),
            f"{done.source}: {done.rows} rows read, {done.added} added, {done.known} known already, "
            f"{done.rejected} not used",
            table("", ("read as", ""), _read_as(done)),
            *([table("", ("found", "n"), list(done.notes.items()))] if done.notes else []),
            *([table("", ("not used", "n"), list(done.reasons.items()))] if done.reasons else []),
            *([f"What could not be used, and why: {done.rejects}"] if done.rejects else []),
        )


def _labels(told: list[str]) -> dict[str, str]:
    """SCHEME=COL by scheme; a column's name may hold `=`."""
    found: dict[str, str] = {}
    for one in told:
        scheme, sign, column = one.partition("=")
        if not (scheme.strip() and sign and column.strip()):
            raise typer.BadParameter(f"--label {one}: write SCHEME=COL")
        if scheme.strip() in found:
            raise typer.BadParameter(f"--label {scheme.strip()} is given twice")
        found[scheme.strip()] = column
    return found


def _read_as(done: "TableImport") -> list[tuple[str, str]]:
    shape = done.shape
    rows = {
        "format": shape.format,
        "encoding": shape.encoding,
        "separator": repr(shape.separator) if shape.separator else None,
        "quotes": None if shape.quotes is None else ("yes" if shape.quotes else "no"),
        "header": None if shape.header is None else f"{'yes' if shape.header else 'no'}: {shape.why}",
        "sheet": shape.sheet,
        "columns": ", ".join(shape.columns),
        "dropped": ", ".join(shape.dropped),
        "times": done.unit,
        "schemes": ", ".join(f"{asked} as {used}" if asked != used else asked for asked, used in done.schemes.items()),
        "beside": "; ".join(shape.notes),
    }
    return [(name, told) for name, told in rows.items() if told]


def _document(file: Path, done: "TableImport") -> dict[str, Any]:
    shape = done.shape
    return {
        "file": str(file), "source": done.source, "rows": done.rows, "added": done.added, "known": done.known,
        "rejected": done.rejected, "reasons": done.reasons, "skipped": [asdict(one) for one in done.skipped],
        "rejects": None if done.rejects is None else str(done.rejects),
        "notes": done.notes | dict.fromkeys(shape.notes, 1), "schemes": done.schemes, "format": shape.format,
        "encoding": shape.encoding, "separator": shape.separator, "quotes": shape.quotes, "header": shape.header,
        "header_why": shape.why, "sheet": shape.sheet, "columns": list(shape.columns), "dropped": list(shape.dropped),
        "times": done.unit,
    }  # fmt: skip
