"""Detects the separator, the quoting and the line end of a text table from its beginning.

Each separator is tried; the best gives the most rows with the same number of cells. Whether `"` quotes cells is decided
by counting: records that only quoting explains, against records that quoting breaks. (Film reviews in a TSV may begin
with a quote that is text.) If the beginning of a TSV does not decide, the rest of the file is read.
"""

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import PurePath

from core.errors import InputError
from core.ingest.tables.bombs import MOST_COLUMNS
from core.ingest.tables.readers.delimited import Broken, Literal, Style, records
from core.ingest.tables.readers.encoding import open_text
from core.ingest.tables.stream import inner_name
from core.ingest.tables.types import ROW_CHARS, SAMPLE_ROWS, File, Options

SEPARATORS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "pipe"}
_SAMPLE_CHARS = 100_000
_LOOK_ROWS = 200_000  # how far an undecided TSV is searched for quotes
_NAMES = {name: sign for sign, name in SEPARATORS.items()} | {"\\t": "\t"}
_OPENED = re.compile(r'(?:^|\t)"')
_DOUBLED = re.compile(r'(?:^|\t)"[^"\t]*(?:""[^"\t]*)+"(?=[\t\r\n]|$)')  # a quoted cell with quotes in it
_SEP_LINE = re.compile(r'"?sep=([^"\r\n])"?[\r\n]+', re.I)  # Excel reads and writes this line
_FIRST = {".tsv": "\t", ".tab": "\t"}


@dataclass(frozen=True, slots=True)
class _Tried:
    style: Style
    share: float  # of the rows with the most usual number of cells
    width: int
    hits: int


def separator(name: str) -> str:
    """The separator for `name`: one character, `tab`, `\\t`, `comma`, `semicolon` or `pipe`; else `InputError`."""
    sign = _NAMES.get(name.lower(), name)
    if len(sign) != 1 or sign in '"\r\n\0' or "\ud800" <= sign <= "\udfff":
        raise InputError(
            "separator {name!r}: give one character, or {names}", name=name, names=", ".join(SEPARATORS.values())
        )
    return sign


def detect(file: File, encoding: str, options: Options) -> Style:
    """The separator, quoting and line end of `file`."""
    with open_text(file, encoding) as text:
        sample = text.read(_SAMPLE_CHARS + 1)
    newline = "\r" if "\r" in sample and "\n" not in sample else "\n"
    whole = len(sample) <= _SAMPLE_CHARS
    lines = sample if whole or newline not in sample else sample[: sample.rindex(newline) + 1]
    sep_line = _SEP_LINE.match(lines)
    lines = lines[sep_line.end() :] if sep_line else lines
    for _ in range(options.skip_rows or 0):
        lines = lines.partition(newline)[2] or lines
    if sep_line and options.separator is None:
        options = replace(options, separator=sep_line[1])
    signs = [separator(options.separator)] if options.separator else [*SEPARATORS]
    tried = [_try(lines, Style(sign, quotes, newline)) for sign in signs for quotes in _quotings(options)]
    favourite = _FIRST.get(PurePath(inner_name(file)).suffix.lower(), ",")
    best = max(tried, key=lambda t: (t.width > 1, round(t.share, 2), t.style.separator == favourite, t.hits))
    if best.width <= 1 and not options.separator:  # a single column has no separator
        best = next(t for t in tried if t.style.separator == favourite)
    if options.quotes is not None:
        return best.style
    return Style(best.style.separator, _quoted(file, encoding, best, lines), newline)


def _quotings(options: Options) -> tuple[bool, ...]:
    return (True, False) if options.quotes is None else (options.quotes,)


def _try(sample: str, style: Style) -> _Tried:
    widths = Counter(
        len(record) if isinstance(record, list) else 0
        for record in records(_text(sample, style), style, None)
        if record != []
    )
    (width, hits), *_ = [pair for pair in widths.most_common() if pair[0]] or [(0, 0)]
    return _Tried(style, hits / max(widths.total(), 1), width, hits)


def _quoted(file: File, encoding: str, best: _Tried, sample: str) -> bool:
    style = Style(best.style.separator, True, best.style.newline)
    verdict = _verdict(records(_text(sample, style), style, best.width), style, best.width)
    if verdict is not None or style.separator != "\t":
        return verdict is not False
    with open_text(file, encoding, newline=style.newline) as text:
        verdict = _verdict(islice(records(text, style, best.width), _LOOK_ROWS), style, best.width)
    if verdict is not None:
        return verdict
    with open_text(file, encoding, newline=style.newline) as text:
        return _wrapped(iter(lambda: text.readline(ROW_CHARS), ""))


def _wrapped(lines: Iterator[str]) -> bool:
    """Whether a TSV quotes cells that do not need it: a quoted cell has doubled quotes, or most rows have quotes."""
    total = opening = 0
    for total, line in enumerate(lines, start=1):  # noqa: B007 - the count
        if '"' in line and _OPENED.search(line):
            opening += 1
            if _DOUBLED.search(line):
                return True
    return not opening or opening * 2 >= total


def _verdict(rows: Iterable[list[str] | Literal | Broken], style: Style, width: int) -> bool | None:
    """True if quotes quote cells, False if they are text, None if no row decides."""
    needed = wrong = 0
    for row in rows:
        if isinstance(row, list):
            needed += len(row) == width and any(style.separator in c or "\n" in c or "\r" in c for c in row)
        else:
            wrong += 1
    return needed >= wrong if needed or wrong else None


def _text(sample: str, style: Style) -> io.StringIO:
    return io.StringIO(sample, newline=style.newline)


def says_separator(record: list[str] | Literal | Broken) -> bool:
    """Whether the first record of a file is a line such as `sep=;`, which is no row."""
    cells = record.cells if isinstance(record, Literal) else record if isinstance(record, list) else []
    return 0 < len(cells) <= 2 and cells[0].lower().startswith("sep=") and not any(cells[1:]) and len(cells[0]) <= 5


def sample_rows(rows: Iterator[list[str] | Literal | Broken]) -> list[list[str]]:
    """The first records that are neither broken nor blank; a row of far too many columns ends them."""
    good = (row.cells if isinstance(row, Literal) else row for row in rows if not isinstance(row, Broken) and row)
    sample: list[list[str]] = []
    for row in islice(good, SAMPLE_ROWS + 1):
        sample.append(row)
        if len(row) > MOST_COLUMNS:
            break
    return sample
