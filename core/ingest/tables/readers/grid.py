"""Makes a table of rows of cells (CSV, a sheet): decides header and names, drops empty columns, checks row widths."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from core.errors import InputError
from core.ingest.tables import names
from core.ingest.tables.bombs import check_columns
from core.ingest.tables.readers import header
from core.ingest.tables.readers.delimited import AS_WRITTEN, Broken, Literal, Record
from core.ingest.tables.readers.encoding import BAD
from core.ingest.tables.types import CELL_CHARS, Cell, File, Meter, Options, Reject, Row, Shape, Table
from core.messages import Message
from core.text.cells import unescape_formula

NEUTRALISED = Message("cell with the apostrophe that keeps spreadsheets from running it: taken off")
Grid = Callable[[Meter, int], Iterator[Record]]  # (meter, width) -> all records, also blank ones


def table(file: File, draft: Shape, sample: Sequence[Sequence[str]], grid: Grid, options: Options) -> Table:
    """The table with the records of `grid`; `sample` holds its first rows below those that `options` skip.

    Only rows of a sheet may be short. Title rows above the header are left out.
    """
    if not sample:
        raise InputError("{file}: holds no rows", file=file.name)
    check_columns(file, max(map(len, sample)))
    skipped = options.skip_rows or 0
    above = 0 if options.skip_rows is not None or options.header is False else header.rows_above(sample, options.wanted)
    sample = sample[above:]
    has_header, why = header.judge(sample, options.wanted)
    if options.header is not None:
        has_header, why = options.header, "as told"
    width = len(_trimmed(sample[0])) if has_header else _usual_width(sample)
    if has_header and (_usual_width(sample[1:]) or width) > width:  # the last columns may lack a name
        width = min(_usual_width(sample[1:]), len(sample[0]))
    raw = [*sample[0], *[""] * width][:width] if has_header else []
    columns = names.unique(raw) if has_header else names.numbered(width)
    stray = _strays(raw, columns, sample[1:], options) if has_header else []
    keep = [(place, name) for place, name in enumerate(columns) if place not in stray]
    if not keep:
        raise InputError("{file}: no column is left to read", file=file.name)
    shape = replace(
        draft, columns=tuple(name for _, name in keep), dropped=tuple(columns[place] for place in stray),
        header=has_header, why=why,
    )  # fmt: skip
    ragged = draft.format == "xlsx"
    if above:
        row = _row_number(grid(Meter(), width), above, ragged)
        note = Message("header found in row {row}: what stands above it is left out", row=row)
        shape = replace(shape, notes=(*shape.notes, note))
    restore = draft.quotes is not False  # a file without quoting was not written for a spreadsheet

    def rows(meter: Meter) -> Iterator[Row | Reject]:
        waiting, titles = has_header, above
        for number, record in enumerate(grid(meter, width), start=1):
            if _is_blank(record, ragged) or number <= skipped:
                continue
            if titles and not isinstance(record, Broken):
                titles -= 1
                continue
            if waiting and not isinstance(record, Broken):
                waiting = False
                continue
            yield _row(number, record, width, keep, ragged, restore)

    return Table(file, shape, rows)


def _is_blank(record: Record, ragged: bool) -> bool:
    return record == [] or (ragged and isinstance(record, list) and not any(record))


def _row_number(records: Iterator[Record], above: int, ragged: bool) -> int:
    """The number of the first row below `above` rows that are neither blank nor broken."""
    for number, record in enumerate(records, start=1):
        if not _is_blank(record, ragged) and not isinstance(record, Broken):
            above -= 1
            if above < 0:
                return number
    return 1


def _row(
    number: int, record: Record, width: int, keep: list[tuple[int, str]], ragged: bool, restore: bool
) -> Row | Reject:
    if isinstance(record, Broken):
        return Reject(number, record.kind, record.reason)
    notes: list[str] = [AS_WRITTEN] if isinstance(record, Literal) else []
    cells = record.cells if isinstance(record, Literal) else record
    if len(cells) > width and not any(cells[width:]):
        cells = cells[:width]
    if len(cells) < width and ragged:
        cells = [*cells, *[""] * (width - len(cells))]
    if len(cells) != width:
        return Reject(
            number, "wrong number of cells", Message("{n} cells where {width} belong", n=len(cells), width=width)
        )
    whole = "\n".join(cells)
    if len(whole) <= CELL_CHARS and not (restore and "'" in whole) and not BAD.search(whole):
        return Row(number, {name: cells[place] for place, name in keep}, tuple(notes))
    return _checked_row(number, cells, keep, restore, notes)


def _checked_row(
    number: int, cells: list[str], keep: list[tuple[int, str]], restore: bool, notes: list[str]
) -> Row | Reject:
    """The row, cell by cell: takes an apostrophe off, and rejects a cell that cannot be stored."""
    checked: dict[str, Cell] = {}
    for place, name in keep:
        text = cells[place]
        if text[:1] == "'" and restore:
            text = unescape_formula(text)
            notes += [NEUTRALISED] if text != cells[place] else []
        if (not text.isascii() or "\0" in text or len(text) > CELL_CHARS) and (problem := storage_problem(text)):
            return Reject(number, problem[0], Message("column {column}: {reason}", column=name, reason=problem[1]))
        checked[name] = text
    return Row(number, checked, tuple(notes))


def storage_problem(text: str) -> tuple[str, str] | None:
    """(kind, reason) if `text` cannot be stored, else None."""
    if len(text) > CELL_CHARS:
        return "too long", Message("{n:,} characters; at most {most:,} are read", n=len(text), most=CELL_CHARS)
    if bad := BAD.search(text):
        if bad[0] == "\0":
            return "NUL character", Message("holds a NUL character")
        return "broken characters", Message("holds bytes that are no text in this encoding, or half a character")
    return None


def _usual_width(sample: Sequence[Sequence[str]]) -> int:
    """The most frequent number of cells in a row."""
    return Counter(len(row) for row in sample).most_common(1)[0][0] if sample else 0


def _trimmed(first: Sequence[str]) -> Sequence[str]:
    """The header without the empty cells at its end."""
    width = max((place for place, cell in enumerate(first, start=1) if cell.strip()), default=len(first))
    return first[:width]


def _strays(raw: Sequence[str], columns: Sequence[str], rest: Sequence[Sequence[str]], options: Options) -> list[int]:
    """The positions of columns without data that nobody named."""
    named = set()
    for name in options.wanted:
        near = [column for column in columns if column.casefold() == name.casefold()]
        named.update(near)
    return [place for place in names.strays(raw, columns, rest) if columns[place] not in named]
