"""Reads JSON and JSON Lines. A JSON document is streamed; its rows are its first list of objects, or the named list.

In JSON Lines a line that is no JSON is left out. A JSON document that ends too early raises `InputError` after the rows
before that point. The size of one row is limited, so that no document fills the memory.
"""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, TextIO

import ijson

from core.errors import InputError, UnknownName
from core.ingest.tables import names
from core.ingest.tables.bombs import check_columns
from core.ingest.tables.readers import values
from core.ingest.tables.readers.encoding import open_text
from core.ingest.tables.types import ROW_CHARS, SAMPLE_ROWS, File, Meter, Options, Reject, Row, Shape, Table
from core.messages import Message

_ROW_BYTES = 16_000_000
_LOOK_EVENTS = 200_000
_DEEPEST = 100
_LEVEL = {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}
_BROKEN = (ijson.JSONError, ValueError, OverflowError, RecursionError)


def lines(file: File, encoding: str, options: Options) -> Table:
    """A table with one JSON object on each line."""

    def rows(meter: Meter) -> Iterator[Row | Reject]:
        with open_text(file, encoding, meter) as text:
            number = 0
            while line := text.readline(ROW_CHARS):
                number += 1
                if len(line) >= ROW_CHARS:
                    yield Reject(
                        number, "too long", Message("a line of {row_chars:,} characters or more", row_chars=ROW_CHARS)
                    )
                    while line and line[-1] != "\n":
                        line = text.readline(ROW_CHARS)
                elif line.strip():
                    yield _line(number, line)

    return _table(file, Shape("jsonl", (), encoding=encoding), rows, options)


def _line(number: int, line: str) -> Row | Reject:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Reject(
            number,
            "broken JSON",
            Message("not JSON: {error}", error=error) if isinstance(error, ValueError) else Message("nested too deep"),
        )
    return values.row(number, record)


def document(file: File, encoding: str, options: Options) -> Table:
    """A table in a JSON document. `InputError` if it holds no list of objects; `UnknownName` lists its lists."""
    lists = _lists(file, encoding)
    if options.sheet is not None and options.sheet not in lists:
        raise UnknownName(Message("list of {file}", file=file.name), options.sheet, [_shown(path) for path in lists])
    if not lists:
        raise InputError("{file}: holds no list of objects", file=file.name)
    path = options.sheet if options.sheet is not None else lists[0]

    def rows(meter: Meter) -> Iterator[Row | Reject]:
        with open_text(file, encoding, meter) as text:
            stream = _Bytes(text, file.name)
            items = ijson.items(_events(stream), f"{path}.item" if path else "item")
            number = 0
            while True:
                try:
                    record = next(items)
                except StopIteration:
                    return
                except _BROKEN as error:
                    raise InputError(
                        "{file}: breaks off after row {number}: {error}",
                        file=file.name,
                        number=number,
                        error=_reason(error),
                    ) from error
                stream.since = 0
                number += 1
                yield values.row(number, record)

    return _table(file, Shape("json", (), encoding=encoding, sheet=path, sheets=tuple(lists)), rows, options)


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


def _lists(file: File, encoding: str) -> list[str]:
    """The paths of the lists of objects in the document, as `a.b`; "" is the document itself."""
    paths: list[str] = []
    before: tuple[str, str] = ("", "")
    with open_text(file, encoding) as text:
        try:
            for path, event, _ in islice(_events(_Bytes(text, file.name)), _LOOK_EVENTS):
                if (before[1], event) == ("start_array", "start_map") and before[0] not in paths:
                    paths.append(before[0])
                if paths == [""]:
                    break
                before = (path, event)
        except _BROKEN as error:
            if not paths:
                raise InputError("{file}: is not JSON: {error}", file=file.name, error=_reason(error)) from error
    return [path for path in paths if "item" not in path.split(".")] or paths[:1]


def _events(stream: "_Bytes") -> Iterator[tuple[str, str, Any]]:
    """(path, event, value) for each JSON event. Depth is limited: paths grow with each level, and so does the time."""

    def shallow() -> Iterator[tuple[str, Any]]:
        depth = 0
        for event, value in ijson.basic_parse(stream, use_float=True):
            depth += _LEVEL.get(event, 0)
            if depth > _DEEPEST:
                raise InputError("{stream}: nested more than {deepest} deep", stream=stream.name, deepest=_DEEPEST)
            yield event, value

    return ijson.parse(shallow())


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return values.safe(text) or type(error).__name__


def _shown(path: str) -> str:
    return path or "(the document itself)"


class _Bytes:
    """The text as UTF-8 bytes for ijson. `since`, the bytes since the last row, is limited; the reader resets it."""

    def __init__(self, text: TextIO, name: str) -> None:
        self._text, self.name, self.since = text, name, 0

    def read(self, size: int = -1) -> bytes:
        if size == 0:  # ijson does this to see whether it gets bytes
            return b""
        data = self._text.read(size if size > 0 else 65_536).encode("utf-8", "surrogateescape")
        self.since += len(data)
        if self.since > _ROW_BYTES:
            raise InputError(
                "{name}: one row, or what lies before the rows, is larger than {row_bytes:,} bytes",
                name=self.name,
                row_bytes=_ROW_BYTES,
            )
        return data
