"""Imports every sheet of a workbook, or every list of a JSON document: one import for each, and one result.

Each sheet is a source of its own, so equal ids and row numbers of two sheets never meet. A sheet without the named
columns is left out with a note.
"""

import csv
from collections.abc import Callable
from dataclasses import replace

from core.errors import InputError
from core.ingest.tables import File, names, open_table
from core.messages import Message
from core.text.cells import unescape_formula
from core.workflows.imports.rejects import ENCODING, streamed
from core.workflows.imports.tables import table
from core.workflows.imports.tables.audio import SHOWN_MISSING
from core.workflows.imports.tables.table import TableImport, TableImportOptions
from core.workflows.workspace import Workspace

ALL = "all"
Progress = Callable[[int, float], None]


def ingest_sheets(
    ws: Workspace, file: File, options: TableImportOptions, progress: Progress = lambda rows, share: None
) -> list[tuple[str, TableImport]]:
    """Import the sheet of `options`, or with `all` each sheet that has the named columns; returns (sheet, result).

    `InputError` if no sheet has them. A sheet that is called `all` is read alone, as it is named.
    """
    if options.options.sheet != ALL:
        return [("", table.ingest_table(ws, file, options, progress))]
    sheets = open_table(file, replace(options.options, sheet=None)).shape.sheets
    if ALL in sheets or not sheets:
        return [(ALL if sheets else "", table.ingest_table(ws, file, _of(options, ALL if sheets else None), progress))]
    results: list[tuple[str, TableImport]] = []
    left_out: dict[str, InputError] = {}
    rows = 0
    lines: list[list[str]] = []
    for place, sheet in enumerate(sheets):
        of_sheet = _of(options, sheet, place)
        if error := _unfit(file, of_sheet):
            left_out[sheet] = error
            continue

        def tell(n: int, share: float, before: int = rows, sheets_before: int = place) -> None:
            progress(before + n, (sheets_before + share) / len(sheets))

        result = table.ingest_table(ws, file, of_sheet, tell)
        rows += result.rows
        lines += _rejected(result, sheet)
        results.append((sheet, result))
    if not results:
        raise next(iter(left_out.values()))
    _write(ws, results, lines)
    for sheet, error in left_out.items():
        results[0][1].note(Message("sheet {sheet} left out: {error}", sheet=sheet, error=error))
    return results


def total(results: list[tuple[str, TableImport]]) -> TableImport:
    """One result for all sheets: counts and notes are added up; the shape is that of the first sheet."""
    (_, first), *others = results
    for _, result in others:
        first.source = ", ".join(dict.fromkeys((first.source, result.source)))
        for name in ("rows", "added", "known", "rejected"):
            setattr(first, name, getattr(first, name) + getattr(result, name))
        for kind, n in result.reasons.items():
            first.reasons[kind] = first.reasons.get(kind, 0) + n
        first.add_clashes(result)
        first.schemes |= result.schemes
        first.skipped = [*first.skipped, *result.skipped][: table.SHOWN_REJECTS]
        first.audio_missing = [*first.audio_missing, *result.audio_missing][:SHOWN_MISSING]
        first.grouping.add(result.grouping)
    return first


def _of(options: TableImportOptions, sheet: str | None, place: int = 0) -> TableImportOptions:
    """`options` for one sheet. A source that a person named gets the sheet's name, but for the first sheet."""
    source = f"{options.source}/{sheet}"[:200] if options.source and place else options.source
    return replace(options, options=replace(options.options, sheet=sheet), source=source)


def _unfit(file: File, options: TableImportOptions) -> InputError | None:
    """The reason why the sheet cannot be read with these options, None if it can."""
    try:
        opened = open_table(file, replace(options.options, wanted=options.wanted))
        options.columns.found_in(opened.shape)
        for condition in options.where:
            names.find(opened.shape.columns, condition.column)
    except InputError as error:
        return error
    return None


def _rejected(result: TableImport, sheet: str) -> list[list[str]]:
    """The lines of the CSV of rejects, with the sheet beside the file."""
    if result.rejects is None:
        return []
    with result.rejects.open(encoding=ENCODING, newline="") as file:
        rows = [[unescape_formula(cell) for cell in row] for row in list(csv.reader(file))[1:]]
    return [[f"{name} [{sheet}]", *rest] for name, *rest in rows]


def _write(ws: Workspace, results: list[tuple[str, TableImport]], lines: list[list[str]]) -> None:
    """Write one CSV for all sheets, and name it in every result."""
    with streamed(ws, table.REJECTS, table.REJECT_COLUMNS) as rejects:
        for line in lines:
            rejects.add(*line)
    for _, result in results:
        result.rejects = rejects.path
