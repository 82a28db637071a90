"""Reads JSON and JSON Lines. A JSON document is streamed; its rows are its first list of objects, or the named list.

`core.ingest.tables.readers.objects` knows the other forms: what pandas writes, and records that hold lists of rows. In
JSON Lines a line that is no JSON is left out. A JSON document that ends too early raises `InputError` after the rows
before that point. The size of one row is limited, so that no document fills the memory.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any

from core.errors import InputError, UnknownName
from core.ingest.tables import names
from core.ingest.tables.bombs import check_columns
from core.ingest.tables.readers import values
from core.ingest.tables.readers.encoding import open_text
from core.ingest.tables.readers.objects import events, nested, orients, outline
from core.ingest.tables.types import ROW_CHARS, SAMPLE_ROWS, File, Meter, Options, Reject, Row, Shape, Table
from core.messages import Message

Records = Callable[[Meter], Iterator[tuple[int, Any]]]  # (number, object), or (number, Reject)


def lines(file: File, encoding: str, options: Options) -> Table:
    """A table with one JSON object on each line."""

    def records(meter: Meter) -> Iterator[tuple[int, Any]]:
        with open_text(file, encoding, meter) as text:
            number = 0
            while line := text.readline(ROW_CHARS):
                number += 1
                if len(line) >= ROW_CHARS:
                    reason = Message("a line of {row_chars:,} characters or more", row_chars=ROW_CHARS)
                    yield number, Reject(number, "too long", reason)
                    while line and line[-1] != "\n":
                        line = text.readline(ROW_CHARS)
                elif line.strip():
                    yield number, _line(number, line)

    return _opened(file, Shape("jsonl", (), encoding=encoding), records, options)


def _line(number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        reason = (
            Message("not JSON: {error}", error=error) if isinstance(error, ValueError) else Message("nested too deep")
        )
        return Reject(number, "broken JSON", reason)


def document(file: File, encoding: str, options: Options) -> Table:
    """A table in a JSON document. `InputError` if it holds no list of objects; `UnknownName` lists its lists."""
    nan = events.holds_nan(file, encoding)
    seen = outline.look(file, encoding, nan)
    if options.sheet is not None and options.sheet in seen.choices:
        form = outline.RowForm("objects", options.sheet)
    else:
        form = outline.form_of(seen, file, options.wanted)

    def records_as(form: outline.RowForm) -> Records:
        return lambda meter: enumerate(_records(file, encoding, form, nan, meter, options), start=1)

    records = records_as(form)
    whole = outline.RowForm("objects", ".")
    if form.path not in ("", ".") and options.wanted and options.sheet in (None, form.path) and seen.tops == 1:
        fields = {name: None for record in _sample(records) for name in _fields(record)}
        if not names.holds(tuple(fields), options.wanted) and nested.list_within(_sample(records_as(whole)), options):
            form, records = whole, records_as(whole)  # the document is one record, and a field of it is asked for

    place = form.path if form.form == "objects" and form.path != "." else None
    others = seen.choices if place is not None else []
    left = [_shown(path) for path in others if path != place and options.sheet is None]
    notes = (Message("lists left out: {lists}. --sheet reads another", lists=", ".join(left)),) if left else ()
    draft = Shape("json", (), encoding=encoding, sheet=place, sheets=tuple(others), notes=notes)
    return _opened(file, draft, records, options)


def _records(
    file: File, encoding: str, form: outline.RowForm, nan: bool, meter: Meter, options: Options
) -> Iterator[Any]:
    if form.form != "objects":
        return orients.records(file, encoding, form, options)
    path = "" if form.path == "." else f"{form.path}.item" if form.path else "item"
    return events.items(file, encoding, meter, path, nan)


def _opened(file: File, draft: Shape, records: Records, options: Options) -> Table:
    """The table of `records`. If they hold lists of rows that the options need, these are its rows."""
    sample = _sample(records)
    path = nested.list_within(sample, options, nearest=True)
    if path is None and options.sheet is not None and options.sheet != draft.sheet:
        known = [*draft.sheets, *nested.paths(sample)]
        raise UnknownName(Message("list of {file}", file=file.name), options.sheet, [_shown(name) for name in known])
    if path is not None:
        within = ".".join(filter(None, (draft.sheet, *path)))
        draft = replace(
            draft, sheet=within, sheets=tuple(within if name == draft.sheet else name for name in draft.sheets)
        )

    def rows(meter: Meter) -> Iterator[Row | Reject]:
        if path is None:
            for number, record in records(meter):
                yield record if isinstance(record, Reject) else values.row(number, record)
            return
        count = 0
        for _, record in records(meter):
            if isinstance(record, Reject):
                yield record
                continue
            for child in nested.opened(record, path):
                count += 1
                yield values.row(count, child)

    return _table(file, draft, rows, options)


def _sample(records: Records) -> list[Any]:
    """The first records; fewer if the document breaks off among them."""
    first: list[Any] = []
    with suppress(InputError):  # it comes again when the rows are read
        first.extend(r for _, r in islice(records(Meter()), SAMPLE_ROWS) if not isinstance(r, Reject))
    return first


def _fields(record: Any) -> list[str]:
    """The names of the columns that `record` gives."""
    return [name for name, _ in values.flat(record)] if isinstance(record, dict) and not values.deep(record) else []


def _table(file: File, draft: Shape, rows: Any, options: Options) -> Table:
    """The table of `rows`. Its columns are the fields of the first rows; a later field is read but not listed."""
    sample = _first(rows(Meter()))
    fields: dict[str, None] = {}
    for row in sample:
        fields |= dict.fromkeys(row.cells)
        check_columns(file, len(fields))
    if fields and (missing := {name for name in options.wanted if name not in fields}):
        fields |= dict.fromkeys(_later_fields(rows(Meter()), missing))
    if not fields:
        raise InputError("{file}: holds no rows, or no objects in them", file=file.name)
    columns = list(fields)
    grid = [[row.cells.get(name) for name in columns] for row in sample]
    stray = [columns[n] for n in names.strays(columns, columns, grid) if columns[n] not in options.wanted]
    listed = tuple(name for name in columns if name not in stray)

    def pass_over(meter: Meter) -> Iterator[Row | Reject]:
        for row in rows(meter):
            if stray and isinstance(row, Row):
                cells = {name: cell for name, cell in row.cells.items() if name not in stray}
                yield Row(row.number, cells, row.notes)
            else:
                yield row

    shape = Shape(
        draft.format, listed, tuple(stray), draft.encoding, sheet=draft.sheet, sheets=draft.sheets, notes=draft.notes
    )
    return Table(file, shape, pass_over)


def _first(rows: Iterator[Row | Reject]) -> list[Row]:
    """The first rows; fewer if the document breaks off among them."""
    first_rows: list[Row] = []
    try:
        first_rows.extend(row for row in islice(rows, SAMPLE_ROWS) if isinstance(row, Row))
    except InputError:
        if not first_rows:
            raise
    return first_rows


def _later_fields(rows: Iterator[Row | Reject], wanted: set[str]) -> list[str]:
    """The names in `wanted` that any row has. An optional field may be missing in the first rows."""
    late: list[str] = []
    for row in rows:
        if isinstance(row, Row) and (present := wanted & row.cells.keys()):
            late += sorted(present)
            wanted -= present
            if not wanted:
                break
    return late


def _shown(path: str) -> str:
    return path or "(the document itself)"
