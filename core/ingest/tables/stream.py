"""Opens a table's bytes, unpacks gzip while reading, and finds the format, by the first bytes before the file's name.

Nothing is unpacked to a disk or as a whole. A gzip that unpacks to far too much (a bomb) stops with `InputError`.
"""

import gzip
import io
import json
import re
import zlib
from pathlib import PurePath
from typing import Any, BinaryIO

from core import files
from core.errors import InputError
from core.files.content import binary_kind
from core.ingest.archives import printable
from core.ingest.tables.bombs import bomb, most_bytes
from core.ingest.tables.types import SAMPLE_BYTES, File, Meter
from core.messages import Message

_SUFFIXES = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".tab": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".xlsx": "xlsx", ".xlsm": "xlsx", ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip
_PAGE = re.compile(
    rb"(?:<\?xml[^>]*>|<\?mso[^>]*>|<!--.*?-->|\s)*<(?:!doctype html|html|head|meta|body|table|workbook)\b", re.I | re.S
)
_BINARY = {
    b"\xd0\xcf\x11\xe0": Message("an old Excel file: save it as .xlsx"),
    b"%PDF": Message("a PDF, not a table"),
    b"RIFF": Message("audio, not a table"),
    b"SQLi": Message("a database, not a table"),
    b"7z\xbc\xaf": Message("an archive, not a table: unpack it first"),
    b"BZh9": Message("packed with bzip2: unpack it, or pack it with gzip"),
    b"\xfd7zX": Message("packed with xz: unpack it, or pack it with gzip"),
    b"(\xb5/\xfd": Message("packed with zstd: unpack it, or pack it with gzip"),
}


def inner_name(file: File) -> PurePath:
    """The name without the `.gz` of a packed table."""
    name = PurePath(file.name)
    return PurePath(name.stem) if name.suffix.lower() == ".gz" else name


def source_name(file: File, asked: str) -> str:
    """The name of a table's Source: `asked`, else the file's stem. `InputError` if it has not 1 to 200 characters."""
    name = printable(" ".join((asked or inner_name(file).stem).split()))
    if not name or len(name) > 200:
        raise InputError("source {name!r}: give a name of 1 to 200 characters", name=name[:40])
    return name


def sha256(file: File) -> str:
    """The SHA-256 of the file's bytes; a gzip is not unpacked for it."""
    with file.open() as raw:
        return files.sha256(raw)


def kind(file: File) -> str:
    """The format: csv, json, jsonl, xlsx or parquet. `InputError` if the file is something else; it says what."""
    with unpacked(file) as stream:
        start = stream.read(4096)
    if not start:
        raise InputError("{file}: is empty", file=file.name)
    if start[:4] == b"PAR1":
        return "parquet"
    suffix = inner_name(file).suffix.lower()
    if start[:4] == b"PK\x03\x04":
        if _SUFFIXES.get(suffix, "xlsx") != "xlsx" or b"[Content_Types]" in start or b"xl/" in start or suffix:
            if suffix == ".zip":
                raise InputError("{file}: a zip, not a table: unpack it first", file=file.name)
            return "xlsx"
        raise InputError("{file}: a zip, not a table: unpack it first", file=file.name)
    if reason := _BINARY.get(start[:4]):
        raise InputError("{file}: {reason}", file=file.name, reason=reason)
    if what := binary_kind(start):
        raise InputError("{file}: {what}, not a table", file=file.name, what=what)
    text = _text(start)
    if page := _PAGE.match(text):
        if b"workbook" in page[0].lower() or b"urn:schemas-microsoft-com:office:spreadsheet" in text:
            raise InputError("{file}: an XML spreadsheet of old Excel: open it and save it as .xlsx", file=file.name)
        raise InputError(
            "{file}: a web page (HTML), which some systems export under the name of a spreadsheet: open it in a "
            "spreadsheet program and save it as .xlsx or CSV",
            file=file.name,
        )
    by_suffix = _SUFFIXES.get(suffix)
    if text[:1] in (b"{", b"["):
        with unpacked(file) as stream:
            text = _text(stream.read(SAMPLE_BYTES))
        if by_content := _json(text, suffix):
            return by_content
    if by_suffix in ("xlsx", "parquet"):
        raise InputError("{file}: is called {suffix} but is not one, or is damaged", file=file.name, suffix=suffix)
    return by_suffix or "csv"


def _text(start: bytes) -> bytes:
    """The beginning of a text file as UTF-8 without a byte order mark."""
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if start.startswith(mark):
            start = start[2:].decode(encoding, "replace").encode()
    return start.lstrip(b"\xef\xbb\xbf \t\r\n")


def _json(text: bytes, suffix: str) -> str | None:
    """json or jsonl if `text` begins like that, whatever the name of the file says; None if it does not."""
    if text[:1] == b"[" and text[1:].lstrip()[:1] in (b"{", b"[", b"]"):
        return "json"
    if text[:1] != b"{" or text[1:].lstrip()[:1] not in (b'"', b"}"):
        return None
    first, _, rest = text.partition(b"\n")
    lines = _SUFFIXES.get(suffix) == "jsonl"
    if len(first.strip()) == 1:  # each field has a line of its own
        return "json"
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return "jsonl" if lines else "json"
    return "jsonl" if lines or rest.lstrip().startswith(b"{") else "json"


def unpacked(file: File, meter: Meter | None = None) -> BinaryIO:
    """The table's bytes from the start. Reading raises `InputError` if a gzip is damaged or a bomb."""
    raw = file.open()
    head = raw.read(2)
    raw.seek(0)
    counted = io.BufferedReader(_Counted(raw, file, meter or Meter()))
    if head != b"\x1f\x8b":
        return counted
    return io.BufferedReader(_Unpacked(gzip.GzipFile(fileobj=counted, mode="rb"), file), 1 << 16)


class _Reader(io.RawIOBase):
    """A stream that reads from `inner` and closes it too."""

    def __init__(self, inner: BinaryIO | gzip.GzipFile, file: File) -> None:
        self._inner, self._file, self._read = inner, file, 0

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        if not self.closed:
            self._inner.close()
        super().close()

    def _fill(self, buffer: Any) -> int:
        data = self._inner.read(len(buffer))
        buffer[: len(data)] = data
        self._read += len(data)
        return len(data)


class _Counted(_Reader):
    """Moves `meter` by the share of the file that was read."""

    def __init__(self, inner: BinaryIO, file: File, meter: Meter) -> None:
        super().__init__(inner, file)
        self._meter = meter

    def readinto(self, buffer: Any) -> int:
        try:
            n = self._fill(buffer)
        except OSError as error:
            raise InputError(
                "{file}: cannot be read: {reason}", file=self._file.name, reason=error.strerror or error
            ) from error
        self._meter.share = min(self._read / max(self._file.size, 1), 1.0)
        return n


class _Unpacked(_Reader):
    """The unpacked bytes of a gzip; stops a bomb."""

    def readinto(self, buffer: Any) -> int:
        try:
            n = self._fill(buffer)
        except (OSError, EOFError, zlib.error) as error:  # BadGzipFile is an OSError
            raise InputError(
                "{file}: the gzip is damaged or cut short ({error})", file=self._file.name, error=error
            ) from error
        if self._read > most_bytes(self._file):
            raise bomb(self._file)
        return n


def seekable(file: File) -> BinaryIO:
    """The file for formats that are read from their end (XLSX, Parquet). `InputError` if it is a gzip."""
    raw = file.open()
    if raw.read(2) == b"\x1f\x8b":
        raw.close()
        raise InputError("{file}: only text tables are read from a gzip: unpack it first", file=file.name)
    raw.seek(0)
    return raw
