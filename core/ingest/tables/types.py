"""The types that table readers take and return.

Row numbers start at 1 and follow the file. In a CSV or a sheet the header is row 1, blank rows count, and a cell with
line breaks is in one row. In JSONL the number is that of the line, in a JSON list the position of the object.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from core.errors import InputError

Cell = str | tuple[str, ...] | None  # a text as written, a list of texts, or an empty cell
CELL_CHARS = 131_072  # the limit of Python's csv, used for every format; no utterance is longer
ROW_CHARS = 1_000_000
SAMPLE_BYTES = 1_000_000
SAMPLE_ROWS = 200


@dataclass(frozen=True, slots=True)
class File:
    """A file's name and bytes; `opener` opens them from the start. `folder` is searched for audio that rows name."""

    name: str
    size: int
    opener: Callable[[], BinaryIO] = field(repr=False, compare=False)
    folder: Path | None = None

    @staticmethod
    def at(path: Path) -> "File":
        """The file at `path`; `InputError` if there is no such file."""
        if not path.is_file():
            raise InputError("not found: {path}" if not path.exists() else "{path}: not a regular file", path=path)
        return File(path.name, path.stat().st_size, lambda: path.open("rb"), path.resolve().parent)

    @staticmethod
    def of(data: bytes, name: str) -> "File":
        """Bytes in memory, as a page receives them. There is no folder, so no audio is found."""
        return File(name, len(data), lambda: io.BytesIO(data))

    def open(self) -> BinaryIO:
        """The bytes as a stream; `InputError` if the file cannot be opened."""
        try:
            return self.opener()
        except OSError as error:
            raise InputError(
                "{name}: cannot be read: {reason}", name=self.name, reason=error.strerror or error
            ) from error


@dataclass(frozen=True, slots=True)
class Options:
    """What a person sets; None means: detect. `wanted` are the columns a person named: they are never dropped, and a
    row near the top that holds all of them is the header. `skip_rows` are the rows above the header.
    """

    encoding: str | None = None
    separator: str | None = None
    quotes: bool | None = None
    header: bool | None = None
    sheet: str | None = None
    wanted: tuple[str, ...] = ()
    skip_rows: int | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """How a table is read. `sheet` is a workbook's sheet or a JSON document's list; `sheets` are all of them."""

    format: str
    columns: tuple[str, ...]
    dropped: tuple[str, ...] = ()
    encoding: str | None = None
    separator: str | None = None
    quotes: bool | None = None
    header: bool | None = None
    why: str = ""  # the reason for the decision about the header
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `notes` has one string for each repair that was made in it."""

    number: int
    cells: Mapping[str, Cell]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that cannot be used. Rejects are counted by `kind`; `reason` explains this one."""

    row: int
    kind: str
    reason: str


@dataclass(slots=True)
class Meter:
    """The progress of a pass, from 0 to 1; the reader sets it."""

    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Table:
    """An opened table. Every call of `rows` is a new pass over the file, with one row in memory at a time."""

    file: File
    shape: Shape
    reader: Callable[[Meter], Iterator[Row | Reject]] = field(repr=False, compare=False)

    def rows(self, meter: Meter | None = None) -> Iterator[Row | Reject]:
        """Every row that is not blank. `InputError` if the rest of the file cannot be read."""
        return self.reader(meter or Meter())
