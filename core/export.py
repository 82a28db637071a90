"""Writing utterances to a file: CSV for spreadsheets, JSONL for programs. Streams, so memory stays flat.

A CSV cell that a spreadsheet would run as a formula gets a leading apostrophe; JSONL holds the text as it is.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from core.errors import InputError
from core.records import Utterance
from core.schemes import SCHEMES

COLUMNS = (
    "id", "key", "recording_id", "parent_id", "start_ms", "end_ms", "speaker", "origin", "group", "version",
    "voice_usable", "skipped", "text", "original", *SCHEMES,
)  # fmt: skip


def write(path: Path, rows: Iterable[Utterance]) -> int:
    """Write `rows` to `path` by its suffix; returns how many. The file appears only when it is complete."""
    if path.suffix.lower() not in _WRITERS:
        raise InputError(
            f"{path.name}: cannot write {path.suffix or 'a file without suffix'}; use {', '.join(_WRITERS)}"
        )
    encoding = "utf-8-sig" if path.suffix.lower() == ".csv" else "utf-8"  # the BOM makes spreadsheets read Hangul
    partial = path.with_name(f".{path.name}.part")
    try:
        with partial.open("w", newline="", encoding=encoding) as file:
            n = _WRITERS[path.suffix.lower()](file, (_row(one) for one in rows))
        partial.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)
    return n


def _row(one: Utterance) -> dict[str, Any]:
    own = {name: getattr(one, name) for name in COLUMNS if name not in SCHEMES}
    return own | {name: one.labels.get(name) for name in SCHEMES}


def _csv(file: TextIO, rows: Iterator[dict[str, Any]]) -> int:
    out = csv.DictWriter(file, COLUMNS)
    out.writeheader()
    n = 0
    for n, row in enumerate(rows, start=1):  # noqa: B007 - n is the count
        out.writerow({name: harmless(value) for name, value in row.items()})
    return n


def _jsonl(file: TextIO, rows: Iterator[dict[str, Any]]) -> int:
    n = 0
    for n, row in enumerate(rows, start=1):  # noqa: B007 - n is the count
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return n


def harmless(value: Any) -> Any:
    """`value`, or with an apostrophe before it if a spreadsheet would run it.

    >>> harmless("=1+1"), harmless("안녕"), harmless(-3)
    ("'=1+1", '안녕', -3)
    """
    return f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@\t\r") else value


_WRITERS: dict[str, Callable[[TextIO, Iterator[dict[str, Any]]], int]] = {".csv": _csv, ".jsonl": _jsonl}
