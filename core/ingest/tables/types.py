"""What a table reader takes and gives. A row is numbered as its reader's file shows it: a spreadsheet's or CSV's row
(the header is row 1, blank rows count, a cell with line breaks is one row), a JSONL's line, a list's 1-based position.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from core.errors import InputError

Cell = str | tuple[str, ...] | None  # text as it stands there, a list, nothing
CELL_CHARS = 131_072  # csv's own limit, kept for every format: no utterance is longer
ROW_CHARS = 1_000_000
SAMPLE_BYTES = 1_000_000
SAMPLE_ROWS = 200


@dataclass(frozen=True, slots=True)
class File:
    """Bytes with a name: `opener` gives them from the start. `folder` is where audio named by rows may lie."""

    name: str
    size: int
    opener: Callable[[], BinaryIO] = field(repr=False, compare=False)
    folder: Path | None = None

    @staticmethod
    def at(path: Path) -> "File":
        """The file `path`; `InputError` where there is none."""
        if not path.is_file():
            raise InputError("not found: {path}" if not path.exists() else "{path}: not a regular file", path=path)
        return File(path.name, path.stat().st_size, lambda: path.open("rb"), path.resolve().parent)

    @staticmethod
    def of(data: bytes, name: str) -> "File":
        """Bytes in memory, as a page receives them: no folder, so no audio."""
        return File(name, len(data), lambda: io.BytesIO(data))

    def open(self) -> BinaryIO:
        try:
            return self.opener()
        except OSError as error:
            raise InputError(
                "{name}: cannot be read: {reason}", name=self.name, reason=error.strerror or error
            ) from error


@dataclass(frozen=True, slots=True)
class Options:
    """What a person overrides; None: detect. `wanted` are the columns asked for: they are never dropped, and a first
    row that holds them is a header.
    """

    encoding: str | None = None
    separator: str | None = None
    quotes: bool | None = None
    header: bool | None = None
    sheet: str | None = None
    wanted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """How a table is read. `sheet` is a workbook's sheet or a JSON document's list; `sheets` are the ones there are."""

    format: str
    columns: tuple[str, ...]
    dropped: tuple[str, ...] = ()
    encoding: str | None = None
    separator: str | None = None
    quotes: bool | None = None
    header: bool | None = None
    why: str = ""  # what the header decision rests on
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """`notes` are what was mended in it, one entry an occurrence."""

    number: int
    cells: Mapping[str, Cell]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that cannot be used; `kind` is what rejects are counted by, `reason` says it of this row."""

    row: int
    kind: str
    reason: str


@dataclass(slots=True)
class Meter:
    """How far a pass has come, from 0 to 1; the reader moves it."""

    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Table:
    """A table that is understood; every call of `rows` is a new pass over the file, one row in memory at a time."""

    file: File
    shape: Shape
    reader: Callable[[Meter], Iterator[Row | Reject]] = field(repr=False, compare=False)

    def rows(self, meter: Meter | None = None) -> Iterator[Row | Reject]:
        """Every row that is not blank. `InputError` where the file cannot be read on."""
        return self.reader(meter or Meter())
