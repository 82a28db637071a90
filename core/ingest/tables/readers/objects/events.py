"""Streams a JSON document: its events, and the values at one path. `NaN` and `Infinity` count as null.

The bytes of one row are limited, and so is the depth, so that no document fills the memory or the time.
"""

import re
from collections.abc import Iterator
from typing import Any, TextIO

import ijson

from core.errors import InputError
from core.ingest.tables.readers import values
from core.ingest.tables.readers.encoding import open_text
from core.ingest.tables.types import File, Meter

BROKEN = (ijson.JSONError, ValueError, OverflowError, RecursionError)
_ROW_BYTES = 16_000_000
_DEEPEST = 100
_LEVEL = {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}
_CHUNK = 65_536
_TOKEN = re.compile(r'\\.|"|-?(?:NaN|Infinity)', re.S)
_CUT = re.compile(r"(?:\\|-|-?(?:N|Na|I|In|Inf|Infi|Infin|Infini|Infinit))$")


def holds_nan(file: File, encoding: str) -> bool:
    """Whether the text has `NaN` or `Infinity` anywhere; pandas and Python write these into JSON."""
    with open_text(file, encoding) as text:
        end = ""
        while chunk := text.read(1_000_000):
            if "NaN" in (whole := end + chunk) or "Infinity" in whole:
                return True
            end = chunk[-8:]
    return False


def items(file: File, encoding: str, meter: Meter, path: str, nan: bool) -> Iterator[Any]:
    """The values at `path`, as ijson writes it. `InputError` if the document breaks off."""
    with open_text(file, encoding, meter) as text:
        stream = _Bytes(text, file.name, nan)
        rows = ijson.items(events(stream), path)
        number = 0
        while True:
            try:
                value = next(rows)
            except StopIteration:
                return
            except BROKEN as error:
                raise InputError(
                    "{file}: breaks off after row {number}: {error}", file=file.name, number=number, error=reason(error)
                ) from error
            stream.since = 0
            number += 1
            yield value


def parsed(text: TextIO, name: str, nan: bool) -> Iterator[tuple[str, str, Any]]:
    """(path, event, value) for each JSON event of the document in `text`."""
    return events(_Bytes(text, name, nan))


def events(stream: "_Bytes") -> Iterator[tuple[str, str, Any]]:
    """(path, event, value) for each JSON event. Depth is limited: paths grow with each level, and so does the time."""

    def shallow() -> Iterator[tuple[str, Any]]:
        depth = 0
        for event, value in ijson.basic_parse(stream, use_float=True, multiple_values=True):
            depth += _LEVEL.get(event, 0)
            if depth > _DEEPEST:
                raise InputError("{stream}: nested more than {deepest} deep", stream=stream.name, deepest=_DEEPEST)
            yield event, value

    return ijson.parse(shallow())


def reason(error: Exception) -> str:
    """What a JSON error says, on one line."""
    text = " ".join(str(error).split())
    return values.safe(text) or type(error).__name__


class _Bytes:
    """The text as UTF-8 bytes for ijson. `since`, the bytes since the last row, is limited; the reader resets it."""

    def __init__(self, text: TextIO, name: str, nan: bool) -> None:
        self._text, self.name, self.since = text, name, 0
        self._nan, self._inside, self._held = nan, False, ""

    def read(self, size: int = -1) -> bytes:
        if size == 0:  # ijson does this to see whether it gets bytes
            return b""
        chunk = self._text.read(size if size > 0 else _CHUNK)
        while self._nan and chunk and not (masked := self._without_nan(chunk)):
            chunk = self._text.read(_CHUNK)
        data = (masked if self._nan and chunk else self._held + chunk).encode("utf-8", "surrogateescape")
        if not chunk:
            self._held = ""
        self.since += len(data)
        if self.since > _ROW_BYTES:
            raise InputError(
                "{name}: one row, or what lies before the rows, is larger than {row_bytes:,} bytes",
                name=self.name,
                row_bytes=_ROW_BYTES,
            )
        return data

    def _without_nan(self, chunk: str) -> str:
        """`chunk` with null for each `NaN` and `Infinity` outside strings. An end that may be cut waits."""
        text, self._held = self._held + chunk, ""
        pieces, copied, seen = [], 0, 0
        for token in _TOKEN.finditer(text):
            seen = token.end()
            if token[0] == '"':
                self._inside = not self._inside
            elif token[0][0] != "\\" and not self._inside:
                pieces += [text[copied : token.start()], "null"]
                copied = seen
        if cut := _CUT.search(text, seen):
            text, self._held = text[: cut.start()], text[cut.start() :]
        return "".join((*pieces, text[copied:]))
