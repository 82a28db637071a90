"""Reads one sheet of an XLSX workbook, in openpyxl's read-only mode. A formula gives its saved value.

Sizes are checked before anything is unpacked. Macros, links and pictures are not read.
"""

import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
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
        if options.sheet is not None and options.sheet not in sheets:
            raise UnknownName(Message("sheet of {file}", file=file.name), options.sheet, sheets)
        wanted = [options.sheet] if options.sheet is not None else sheets
        for name in wanted:
            sample = list(islice((row for row in _cells(file, book[name]) if any(row)), SAMPLE_ROWS + 1))
            if sample:
                break
        else:
            raise InputError("{file}: holds no rows", file=file.name)

    def records(meter: Meter, width: int) -> Iterator[Record]:
        with _workbook(file) as book:
            total = book[name].max_row or 0
            for number, row in enumerate(_cells(file, book[name]), start=1):
                meter.share = min(number / total, 1.0) if total else 0.5
                yield row

    return grid.table(file, Shape("xlsx", (), sheet=name, sheets=sheets), sample, records, options)


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
