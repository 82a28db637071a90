"""Refuses tables that are no real ones before a row is stored: far too many columns, or rows that unpack from nothing.

A gzip that is small, or whose end claims a great size, is unpacked once, in memory that does not grow. A larger one
whose claim is a lie is stopped while it is read, by `core.ingest.tables.stream`.
"""

import gzip
import struct
import zlib

from core.errors import InputError
from core.ingest.tables.types import File

RATIO, RATIO_FROM_BYTES = 100, 1_000_000  # text packs to a tenth, logs of equal lines to a fiftieth
UNPACKED_ONCE_BYTES = 1_000_000  # packed; takes a third of a second at most
MOST_COLUMNS = 4_096
ROWS_FROM = 100_000  # rows that are more than the bytes of their file


def check_gzip(file: File) -> None:
    """Refuse a gzip that unpacks to more than `RATIO` times its size; other files pass."""
    with file.open() as raw:
        if raw.read(2) != b"\x1f\x8b" or file.size < 18:
            return
        raw.seek(-4, 2)
        (claimed,) = struct.unpack("<I", raw.read(4))
    if (claimed > most_bytes(file) or file.size <= UNPACKED_ONCE_BYTES) and _unpacks_beyond(file):
        raise bomb(file)


def most_bytes(file: File) -> int:
    """How many bytes a packed file may unpack to."""
    return max(RATIO_FROM_BYTES, RATIO * file.size)


def bomb(file: File) -> InputError:
    """The error for a packed file that unpacks to too much."""
    return InputError(
        "{file}: unpacks to more than {ratio} times its size: looks like a bomb; unpack it yourself if it is none",
        file=file.name,
        ratio=RATIO,
    )


def check_columns(file: File, n: int) -> None:
    """Refuse a table of more than `MOST_COLUMNS` columns."""
    if n > MOST_COLUMNS:
        raise InputError(
            "{file}: {n:,} columns, at most {most:,} are read: keep the columns that you need",
            file=file.name,
            n=n,
            most=MOST_COLUMNS,
        )


def check_rows(file: File, rows: int) -> None:
    """Refuse a file that claims more rows than it has bytes."""
    if rows > ROWS_FROM and rows > file.size:
        raise InputError(
            "{file}: {rows:,} rows in {size:,} bytes: looks like a bomb", file=file.name, rows=rows, size=file.size
        )


def _unpacks_beyond(file: File) -> bool:
    """Whether the file unpacks to too much; a damaged one does not, its reader says what is wrong."""
    left = most_bytes(file)
    try:
        with file.open() as raw, gzip.GzipFile(fileobj=raw, mode="rb") as stream:
            while left >= 0 and (block := stream.read(1 << 16)):
                left -= len(block)
    except (OSError, EOFError, zlib.error):
        return False
    return left < 0
