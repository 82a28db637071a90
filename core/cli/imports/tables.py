"""The verb `ingest table`. With `--json` it answers:

- `ingest table`: `{"file", "source", "rows", "added", "known", "rejected": n, "reasons": {kind: n}, "skipped": [{"row",
  "kind", "reason"}] (the first 100), "rejects": path or null, "notes": {what: n}, "schemes": {asked for: used},
  "format", "encoding", "separator", "quotes", "header", "header_why", "sheet", "columns", "dropped", "times",
  "grouped_by": {"group" | "speaker" | "recording" | "row": n}, "roles": [speaker], "published": {side: n},
  "sheets": [name], "audio_missing": [{"name", "reason", "near": [path]}] (the first 100)}`; with `--sheet all` also
  `"by_sheet": [{"sheet", "source", "rows", "added", "known", "rejected"}]`; and what `core.cli.imports.corpora` says of
  clashes
"""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from core.cli.frame import Json, answering, progress_bar, table
from core.cli.imports.corpora import OnClashOption, clash_document, clash_lines
from core.cli.imports.values import conditions, labels_and_maps, missing_values

if TYPE_CHECKING:
    from core.workflows.imports.tables.table import TableImport


def ingest_table(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, JSON, JSONL (these also as .gz), XLSX or Parquet.")],
    text: Annotated[
        str, typer.Option(metavar="COL", help="The column of the texts; column_1 … if there is no header.")
    ],
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="SCHEME=COL", help="Labels; may be repeated. An unknown SCHEME is proposed."),
    ] = None,
    map: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VALUE=CLASS", help="Read a label value as this class; SCHEME:VALUE=CLASS for one scheme."
        ),
    ] = None,
    missing: Annotated[
        str, typer.Option(metavar="VALUE,VALUE", help="Values that mean no answer, besides N/A, - and their like.")
    ] = "",
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="COL=VALUE", help="Import only these rows; COL!=VALUE for the others. May be repeated."),
    ] = None,
    id: Annotated[
        str | None,
        typer.Option(metavar="COL", help="The column of distinct ids; a row keeps its id when its text changes."),
    ] = None,
    group: Annotated[
        str | None, typer.Option(metavar="COL", help="The column of the group, which a split never cuts.")
    ] = None,
    recording: Annotated[
        str | None, typer.Option(metavar="COL", help="The column of the audio file: its path or stem, beside FILE.")
    ] = None,
    start: Annotated[str | None, typer.Option(metavar="COL", help="The column of the start time.")] = None,
    end: Annotated[str | None, typer.Option(metavar="COL", help="The column of the end time.")] = None,
    duration: Annotated[
        str | None, typer.Option(metavar="COL", help="The column of the duration, if there is no end time.")
    ] = None,
    unit: Annotated[
        Literal["auto", "ms", "s", "frames", "samples"],
        typer.Option(help="Unit of the times. Auto: by the cell, else by the column's name, else by the values."),
    ] = "auto",
    rate: Annotated[float | None, typer.Option(metavar="HZ", help="How many frames or samples a second has.")] = None,
    times: Annotated[Literal["auto", "ms", "s"], typer.Option(help="The older name of --unit.")] = "auto",
    audio_folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the audio is; by default the folder of FILE.")
    ] = None,
    speaker: Annotated[str | None, typer.Option(metavar="COL", help="The column of the speaker.")] = None,
    split_column: Annotated[
        str | None, typer.Option(metavar="COL", help="The column of the published split: train, validation or test.")
    ] = None,
    label_ids: Annotated[bool, typer.Option("--label-ids", help="Numbers are positions of classes, from 0.")] = False,
    labelled_only: Annotated[bool, typer.Option("--labelled-only", help="Leave out rows that have no label.")] = False,
    sep: Annotated[str | None, typer.Option(help="One character, or comma, tab, semicolon, pipe.")] = None,
    encoding: Annotated[str | None, typer.Option(help="E.g. utf-8, cp949, utf-16. Detected by default.")] = None,
    header: Annotated[
        bool | None,
        typer.Option("--header/--no-header", help="Whether the first row holds names. Detected by default."),
    ] = None,
    quotes: Annotated[
        bool | None, typer.Option("--quotes/--no-quotes", help='Whether " wraps cells. Detected by default.')
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="A workbook's sheet, or the list in a JSON document; `all` for every one.")
    ] = None,
    skip_rows: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Rows above the header. Found by default.")
    ] = None,
    source: Annotated[str, typer.Option(metavar="NAME", help="The name of the source; by default FILE's stem.")] = "",
    licence: Annotated[str, typer.Option(help="The licence of the data.")] = "not stated",
    on_clash: OnClashOption = "report",
    json: Json = False,
) -> None:
    """Import a table of texts. A second import of the same file adds nothing; rejected rows are named by number."""
    labels, maps = labels_and_maps(label or [], map or [])
    time_unit = unit if unit != "auto" else times
    if labelled_only and not labels:
        raise typer.BadParameter("--labelled-only leaves nothing where no --label is given")
    with answering(json) as reply:
        from core.workflows.imports.tables.table import Columns, File, Options, TableImportOptions
        from core.workflows.imports.tables.workbook import ingest_sheets, total
        from core.workflows.workspace import open_workspace

        columns = Columns(text, labels, id, group, speaker, recording, start, end, split_column, duration)
        import_options = TableImportOptions(
            columns, Options(encoding, sep, quotes, header, sheet, skip_rows=skip_rows), source, licence, label_ids,
            None if time_unit == "auto" else time_unit, labelled_only, on_clash, rate, audio_folder, maps,
            missing_values(missing), conditions(where or []),
        )  # fmt: skip
        opened, ws = File.at(file), open_workspace()
        with progress_bar("import") as show_progress:
            results = ingest_sheets(
                ws,
                opened,
                import_options,
                lambda rows, share: show_progress("rows", rows, rows / share if share else 0),
            )
        by_sheet = _by_sheet(results)
        result = total(results)
        reply.give(
            _document(file, result) | by_sheet,
            f"{result.source}: {result.rows} rows read, {result.added} added, {result.known} known already, "
            f"{result.rejected} not used",
            *clash_lines(result, result.proposals),
            table("", ("read as", ""), _read_as(result)),
            *result.grouping.sentences(),
            *([table("", ("found", "n"), list(result.notes.items()))] if result.notes else []),
            *([table("", ("not used", "n"), list(result.reasons.items()))] if result.reasons else []),
            *([_missing_audio(result)] if result.audio_missing else []),
            *([f"What could not be used, and why: {result.rejects}"] if result.rejects else []),
        )


def _by_sheet(results: "list[tuple[str, TableImport]]") -> dict[str, Any]:
    """The counts of each sheet, before they are added up; nothing if there is one."""
    if len(results) < 2:
        return {}
    names = ("source", "rows", "added", "known", "rejected", "clashed", "batch")
    return {"by_sheet": [{"sheet": sheet} | {n: getattr(result, n) for n in names} for sheet, result in results]}


def _missing_audio(result: "TableImport") -> Any:
    """The names without audio, with the nearest files."""
    rows = [(sound.name, ", ".join(sound.near) or "-") for sound in result.audio_missing]
    return table("", ("without audio", "nearest files"), rows)


def _read_as(result: "TableImport") -> list[tuple[str, str]]:
    shape = result.shape
    rows = {
        "format": shape.format,
        "encoding": shape.encoding,
        "separator": repr(shape.separator) if shape.separator else None,
        "quotes": None if shape.quotes is None else ("yes" if shape.quotes else "no"),
        "header": None if shape.header is None else f"{'yes' if shape.header else 'no'}: {shape.why}",
        "sheet": shape.sheet,
        "columns": ", ".join(shape.columns),
        "dropped": ", ".join(shape.dropped),
        "times": result.unit,
        "schemes": ", ".join(
            f"{name} as {scheme}" if name != scheme else name for name, scheme in result.schemes.items()
        ),
        "beside": "; ".join(shape.notes),
    }
    return [(name, value) for name, value in rows.items() if value]


def _document(file: Path, result: "TableImport") -> dict[str, Any]:
    shape = result.shape
    return {
        "file": str(file), "source": result.source, "rows": result.rows, "added": result.added, "known": result.known,
        "rejected": result.rejected, "reasons": result.reasons, "skipped": [asdict(row) for row in result.skipped],
        "rejects": None if result.rejects is None else str(result.rejects),
        "notes": result.notes | dict.fromkeys(shape.notes, 1), "schemes": result.schemes, "format": shape.format,
        "encoding": shape.encoding, "separator": shape.separator, "quotes": shape.quotes, "header": shape.header,
        "header_why": shape.why, "sheet": shape.sheet, "columns": list(shape.columns), "dropped": list(shape.dropped),
        "times": result.unit, "grouped_by": result.grouping.by, "roles": result.grouping.roles,
        "published": result.grouping.published, "sheets": list(shape.sheets),
        "audio_missing": [{"name": s.name, "reason": s.reason, "near": list(s.near)} for s in result.audio_missing],
        **clash_document(result, result.proposals, result.batch),
    }  # fmt: skip
