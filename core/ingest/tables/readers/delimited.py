"""CSV and its kin, one record at a time: what breaks in one record costs that record and no other.

A quote that never closes, or that is no quoting at all, is taken as written where its line has the right number of
cells; a record or line beyond the caps is left out. Line ends inside quoted cells are kept as they are.
"""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from core.ingest.tables.types import CELL_CHARS, ROW_CHARS
from core.messages import Message

AS_WRITTEN = Message("row with a quote that is no quoting: kept as written")


@dataclass(frozen=True, slots=True)
class Style:
    """How cells are told apart: one character between them, and whether `"` wraps them. Lines end at `newline`."""

    separator: str
    quotes: bool
    newline: str = "\n"


@dataclass(frozen=True, slots=True)
class Broken:
    """A record that is none; `kind` and `reason` as in `Reject`."""

    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Literal:
    """Cells of a line whose quotes were taken as written."""

    cells: list[str]


Record = list[str] | Literal | Broken


class _TooLongError(Exception):
    pass


class _Lines:
    """Lines for `csv.reader` that can be given back, within the caps."""

    def __init__(self, text: TextIO) -> None:
        self._text, self._again = text, deque[str]()
        self.taken: list[str] = []
        self._chars = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def begin(self) -> None:
        """A new record starts."""
        self.taken.clear()
        self._chars = 0

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._text.readline(ROW_CHARS)
        if not line:
            raise StopIteration
        self.taken.append(line)
        self._chars += len(line)
        if self._chars >= ROW_CHARS:
            self._skip_to_end(line)
            raise _TooLongError
        return line

    def _skip_to_end(self, line: str) -> None:
        while len(line) == ROW_CHARS and line[-1] not in "\r\n":
            line = self._text.readline(ROW_CHARS)

    def keep_first(self) -> str:
        """Give all lines of this record back but the first, which is returned."""
        first, *rest = self.taken
        self._again.extendleft(reversed(rest))
        self.begin()
        return first


def records(text: TextIO, style: Style, width: int | None) -> Iterator[Record]:
    """Every record, blank ones as `[]`; `width` is how many cells a row should have, None where that is not known."""
    lines = _Lines(text)
    quoting: dict[str, int] = {"quoting": csv.QUOTE_MINIMAL if style.quotes else csv.QUOTE_NONE}
    parser = csv.reader(lines, delimiter=style.separator, strict=style.quotes, **quoting)  # type: ignore[arg-type]
    while True:
        lines.begin()
        try:
            yield next(parser)
        except StopIteration:
            return
        except (csv.Error, _TooLongError):
            yield _mended(lines.keep_first(), style, width)


def _mended(line: str, style: Style, width: int | None) -> Record:
    if len(line) >= ROW_CHARS:
        return Broken("too long", Message("a line of {row_chars:,} characters or more", row_chars=ROW_CHARS))
    cells = line.rstrip("\r\n").split(style.separator)
    if longest := max((len(cell) for cell in cells if len(cell) > CELL_CHARS), default=0):
        return Broken(
            "too long",
            Message(
                "a cell of {longest:,} characters; at most {cell_chars:,} are read",
                longest=longest,
                cell_chars=CELL_CHARS,
            ),
        )
    if len(cells) == width:
        return Literal(cells)
    return Broken("broken quoting", 'a quote (") that is not closed, or text after a closing quote')
