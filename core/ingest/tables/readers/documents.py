"""JSON and JSON Lines. A JSON document is streamed: its first list of objects holds the rows, or the list asked for.

A line that is no JSON costs that line; a document that breaks off ends the pass with an error, and what came before it
stays. One row may not be larger than a cap, so that no document fills the memory.
"""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, TextIO

import ijson

from core.errors import InputError, UnknownName
from core.ingest.tables import names
from core.ingest.tables.readers import values
from core.ingest.tables.readers.encoding import opened
from core.ingest.tables.types import ROW_CHARS, SAMPLE_ROWS, File, Meter, Options, Reject, Row, Shape, Table
from core.messages import Message

_ROW_BYTES = 16_000_000
_LOOK_EVENTS = 200_000
_DEEPEST = 100
_LEVEL = {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}
_BROKEN = (ijson.JSONError, ValueError, OverflowError, RecursionError)


def lines(file: File, encoding: str, options: Options) -> Table:
    """A table of one JSON object a line."""

    def rows(meter: Meter) -> Iterator[Row | Reject]:
        with opened(file, encoding, meter) as text:
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
    """A table within one JSON document."""
    lists = _lists(file, encoding)
    if options.sheet is not None and options.sheet not in lists:
        raise UnknownName(Message("list of {file}", file=file.name), options.sheet, [_shown(one) for one in lists])
    if not lists:
        raise InputError("{file}: holds no list of objects", file=file.name)
    path = options.sheet if options.sheet is not None else lists[0]

    def rows(meter: Meter) -> Iterator[Row | Reject]:
        with opened(file, encoding, meter) as text:
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


def _table(file: File, about: Shape, rows: Any, options: Options) -> Table:
    """The columns are the fields of the first rows, in order of appearance; a later field is read, but not listed."""
    sample = _first(rows(Meter()))
    found: dict[str, None] = {}
    for row in sample:
        found |= dict.fromkeys(row.cells)
    if found and (missing := {name for name in options.wanted if name not in found}):
        found |= dict.fromkeys(_late(rows(Meter()), missing))
    if not found:
        raise InputError("{file}: holds no rows, or no objects in them", file=file.name)
    columns = list(found)
    grid = [[row.cells.get(name) for name in columns] for row in sample]
    stray = [columns[n] for n in names.strays(columns, columns, grid) if columns[n] not in options.wanted]
    kept = tuple(name for name in columns if name not in stray)

    def pass_over(meter: Meter) -> Iterator[Row | Reject]:
        for row in rows(meter):
            if stray and isinstance(row, Row):
                cells = {name: cell for name, cell in row.cells.items() if name not in stray}
                yield Row(row.number, cells, row.notes)
            else:
                yield row

    shape = Shape(
        about.format, kept, tuple(stray), about.encoding, sheet=about.sheet, sheets=about.sheets, notes=about.notes
    )
    return Table(file, shape, pass_over)


def _first(rows: Iterator[Row | Reject]) -> list[Row]:
    """The first rows; a document that breaks off among them has those before."""
    found: list[Row] = []
    try:
        found.extend(row for row in islice(rows, SAMPLE_ROWS) if isinstance(row, Row))
    except InputError:
        if not found:
            raise
    return found


def _late(rows: Iterator[Row | Reject], wanted: set[str]) -> list[str]:
    """Those of `wanted` that are fields of any row: an optional field may not be among the first rows."""
    found: list[str] = []
    for row in rows:
        if isinstance(row, Row) and (here := wanted & row.cells.keys()):
            found += sorted(here)
            wanted -= here
            if not wanted:
                break
    return found


def _lists(file: File, encoding: str) -> list[str]:
    """Where the document holds lists of objects, as `a.b` ("" for the document itself)."""
    found: list[str] = []
    before: tuple[str, str] = ("", "")
    with opened(file, encoding) as text:
        try:
            for path, event, _ in islice(_events(_Bytes(text, file.name)), _LOOK_EVENTS):
                if (before[1], event) == ("start_array", "start_map") and before[0] not in found:
                    found.append(before[0])
                if found == [""]:
                    break
                before = (path, event)
        except _BROKEN as error:
            if not found:
                raise InputError("{file}: is not JSON: {error}", file=file.name, error=_reason(error)) from error
    return [path for path in found if "item" not in path.split(".")] or found[:1]


def _events(stream: "_Bytes") -> Iterator[tuple[str, str, Any]]:
    """Path, event, value. Paths grow with every level, so that a document a million deep would take forever."""

    def shallow() -> Iterator[tuple[str, Any]]:
        depth = 0
        for event, value in ijson.basic_parse(stream, use_float=True):
            depth += _LEVEL.get(event, 0)
            if depth > _DEEPEST:
                raise InputError("{stream}: nested more than {deepest} deep", stream=stream.name, deepest=_DEEPEST)
            yield event, value

    return ijson.parse(shallow())


def _reason(error: Exception) -> str:
    told = " ".join(str(error).split())
    return values.safe(told) or type(error).__name__


def _shown(path: str) -> str:
    return path or "(the document itself)"


class _Bytes:
    """Decoded text as UTF-8 for ijson, with a cap on what is read between two rows (`since`, reset by the reader)."""

    def __init__(self, text: TextIO, name: str) -> None:
        self._text, self.name, self.since = text, name, 0

    def read(self, size: int = -1) -> bytes:
        if size == 0:  # ijson asks so whether it gets bytes
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
