"""Reads CSV with any separator, one record at a time. A broken record is left out, and the others are still read.

If a quote never closes, or does not quote a cell, its line is taken as written, provided that it has the right number
of cells. A record or line over the limits is left out. Line ends inside quoted cells are kept.
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
    """The style of a file: the character between cells, whether `"` quotes cells, and the end of lines."""

    separator: str
    quotes: bool
    newline: str = "\n"


@dataclass(frozen=True, slots=True)
class Broken:
    """A record that cannot be read; `kind` and `reason` as in `Reject`."""

    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Literal:
    """The cells of a line whose quotes were taken as written."""

    cells: list[str]


Record = list[str] | Literal | Broken


class _TooLongError(Exception):
    pass


class _Lines:
    """The lines for `csv.reader`, limited in length. Lines of a broken record can be put back."""

    def __init__(self, text: TextIO) -> None:
        self._text, self._again = text, deque[str]()
        self.taken: list[str] = []
        self._chars = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def begin(self) -> None:
        """Begin a new record."""
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
        """Return the first line of this record and put its other lines back, to be read again."""
        first, *rest = self.taken
        self._again.extendleft(reversed(rest))
        self.begin()
        return first


def records(text: TextIO, style: Style, width: int | None) -> Iterator[Record]:
    """Every record; a blank one is `[]`. `width` is the expected number of cells, None if it is not known."""
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
            yield _unquoted(lines.keep_first(), style, width)


def _unquoted(line: str, style: Style, width: int | None) -> Record:
    """The cells of `line` with quotes as written, or Broken if their number is not `width` or they are too long."""
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
