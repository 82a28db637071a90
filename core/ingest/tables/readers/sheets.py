"""Reads one sheet of an XLSX workbook, in openpyxl's read-only mode. A formula gives its saved value.

If nobody named a sheet, the first with rows is read, and a note names the other sheets with rows.

Sizes are checked before anything is unpacked. Macros, links and pictures are not read.
"""

import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from core.errors import InputError, UnknownName
from core.ingest.tables.bombs import check_columns
from core.ingest.tables.readers import grid, values
from core.ingest.tables.readers.delimited import Record
from core.ingest.tables.stream import seekable
from core.ingest.tables.types import CELL_CHARS, SAMPLE_ROWS, File, Meter, Options, Shape, Table
from core.messages import Message
from core.text.visible import folded

MOST_BYTES, SHARED_BYTES = 1_000_000_000, 300_000_000
RATIO, RATIO_FROM_BYTES = 200, 1_000_000
_ROWS = 1_048_576  # the limit of the format; a file may claim more
_BLOCK = 200
_BROKEN = (  # each XML parser that openpyxl may use raises a kind of SyntaxError
    zipfile.BadZipFile, zlib.error, struct.error, SyntaxError, InvalidFileException, KeyError, ValueError, TypeError,
    AttributeError, IndexError, EOFError, OSError, ArithmeticError, AssertionError, RuntimeError, StopIteration,
)  # fmt: skip


def table(file: File, options: Options) -> Table:
    """The sheet called `options.sheet`, else the first with a row. `InputError` if no sheet has one."""
    check(file)
    with _workbook(file) as book:
        sheets = tuple(sheet.title for sheet in book.worksheets)
        wanted = sheets if options.sheet is None else [_called(options.sheet, sheets, file)]
        for name in wanted:
            below = islice(_cells(file, book[name]), options.skip_rows or 0, None)
            sample = list(islice((row for row in below if any(row)), SAMPLE_ROWS + 1))
            if sample:
                break
        else:
            raise InputError("{file}: holds no rows", file=file.name)
        others = [other for other in sheets if other != name and options.sheet is None and _has_rows(file, book[other])]

    def records(meter: Meter, width: int) -> Iterator[Record]:
        with _workbook(file) as book:
            total = book[name].max_row or 0
            for number, row in enumerate(_cells(file, book[name]), start=1):
                meter.share = min(number / total, 1.0) if total else 0.5
                yield row

    left = Message("sheets left out: {sheets}. --sheet all reads every sheet", sheets=", ".join(others))
    notes = (left,) if others else ()
    return grid.table(file, Shape("xlsx", (), sheet=name, sheets=sheets, notes=notes), sample, records, options)


def _called(name: str, sheets: Sequence[str], file: File) -> str:
    """The sheet called `name`, exactly or as people see it. `UnknownName` lists the sheets."""
    alike = [name] if name in sheets else [sheet for sheet in sheets if folded(sheet) == folded(name)]
    if len(alike) != 1:
        raise UnknownName(Message("sheet of {file}", file=file.name), name, sheets)
    return alike[0]


def check(file: File) -> None:
    """`InputError` if `file` is no workbook, or unpacks to far too much."""
    try:
        with seekable(file) as raw, zipfile.ZipFile(raw) as archive:
            infos = archive.infolist()
    except _BROKEN as error:
        raise InputError("{file}: not a readable workbook ({error})", file=file.name, error=_one_line(error)) from error
    if not any(info.filename.lower().endswith("workbook.xml") for info in infos):
        raise InputError("{file}: a zip, but no workbook in it", file=file.name)
    for info in infos:
        if info.file_size > RATIO_FROM_BYTES and info.file_size > RATIO * max(info.compress_size, 1):
            raise InputError(
                "{file}: {filename} unpacks beyond reason: looks like a bomb",
                file=file.name,
                filename=values.safe(info.filename),
            )
    shared = sum(info.file_size for info in infos if info.filename.lower().endswith("sharedstrings.xml"))
    if sum(info.file_size for info in infos) > MOST_BYTES or shared > SHARED_BYTES:
        raise InputError("{file}: too large a workbook: save it as CSV", file=file.name)


@contextmanager
def _workbook(file: File) -> Iterator[Any]:
    """The opened workbook. An error of openpyxl, here or while rows are read, becomes an `InputError`."""
    raw = seekable(file)
    try:
        with _quiet():
            book = openpyxl.load_workbook(raw, read_only=True, data_only=True, keep_links=False)
        try:
            yield book
        finally:
            book.close()
    except _BROKEN as error:
        raise InputError("{file}: the workbook is damaged ({error})", file=file.name, error=_one_line(error)) from error
    finally:
        raw.close()


def _cells(file: File, sheet: Any) -> Iterator[list[str]]:
    sheet.reset_dimensions()  # a file may claim a wrong size
    values_of_rows = sheet.iter_rows(max_row=_ROWS, values_only=True)
    while True:
        with _quiet():
            block = list(islice(values_of_rows, _BLOCK))
        for row in block:
            check_columns(file, len(row))
            cells = [_text(value) for value in row]
            while cells and not cells[-1]:
                cells.pop()
            yield cells
        if len(block) < _BLOCK:
            return


def _has_rows(file: File, sheet: Any) -> bool:
    """Whether the sheet holds any cell. A sheet that cannot be read counts as one that does."""
    try:
        return any(any(row) for row in _cells(file, sheet))
    except _BROKEN:
        return True


@contextmanager
def _quiet() -> Iterator[None]:
    """Silences the warnings of openpyxl about extensions and odd dates, which do not matter here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _text(value: Any) -> str:
    text = values.cell(value)
    return text[: CELL_CHARS + 1] if isinstance(text, str) else ""


def _one_line(error: BaseException) -> str:
    return values.safe(" ".join(str(error).split())) or type(error).__name__
