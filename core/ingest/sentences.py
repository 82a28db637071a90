"""Reads the demo's `utterances.csv`: sentences without a recording, with a danger label.

Its columns are id, text, label and kind; it is UTF-8, with or without a byte order mark. `core.ingest.tables` reads
other tables and encodings.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from core.errors import InputError, UnknownName
from core.messages import Message
from core.records import NewUtterance, Skip
from core.schemes import DANGER

COLUMNS = ("id", "text", "label", "kind")


def read(path: Path) -> Iterator[NewUtterance | Skip]:
    """One utterance for each row, each its own group. `InputError` if the file or a column is missing, or not UTF-8."""
    seen: set[str] = set()
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            if missing := [c for c in COLUMNS if c not in (rows.fieldnames or ())]:
                raise InputError(
                    "{file}: no column {missing}; needs {columns}",
                    file=path.name,
                    missing=", ".join(missing),
                    columns=", ".join(COLUMNS),
                )
            for row in rows:
                yield _utterance(row, f"{path.name}, line {rows.line_num}", seen)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError("{file}: cannot be read as a UTF-8 table ({error})", file=path.name, error=error) from error


def _utterance(row: dict[str, str | None], where: str, seen: set[str]) -> NewUtterance | Skip:
    number, text, label, kind = ((row[column] or "").strip() for column in COLUMNS)
    if not number or not text:
        return Skip(where, "no id" if not number else "no text")
    if number in seen:
        return Skip(where, Message("id {number!r} came before", number=number))
    try:
        code = DANGER.parse(label)
    except UnknownName as error:
        return Skip(where, error.message)
    seen.add(number)
    key = f"demo:{number}"
    return NewUtterance(key, text, key, labels={"danger": code}, meta={"kind": kind})
