"""Turns typed values (of JSON, Parquet, a sheet) into cells: a text, a list of texts, or None for nothing.

The fields of a nested object become columns named `outer.inner`.
"""

import json
import math
from collections.abc import Iterator, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from core.ingest.tables.readers.grid import storage_problem
from core.ingest.tables.types import Cell, Reject, Row
from core.messages import Message

DEEPEST = 20
_EXACT = 10**15
_NESTED = 3  # nested objects become columns down to this level, deeper ones JSON text


def row(number: int, record: Any) -> Row | Reject:
    """The row with the fields of the object `record`, or a Reject if they cannot be stored."""
    if not isinstance(record, Mapping):
        return Reject(number, "not an object", "not an object with named fields")
    if deep(record):
        return Reject(number, "nested too deep", Message("nested more than {deepest} deep", deepest=DEEPEST))
    cells: dict[str, Cell] = {}
    for name, value in flat(record):
        converted = cell(value)
        for text in (name, *(converted if isinstance(converted, tuple) else (converted or "",))):
            if problem := storage_problem(text):
                return Reject(
                    number, problem[0], Message("column {column}: {reason}", column=safe(name), reason=problem[1])
                )
        cells[name] = converted
    return Row(number, cells)


def safe(name: str) -> str:
    """`name` on one line, at most 200 characters, with U+FFFD for every character that is not printable."""
    return "".join(c if c.isprintable() else "\ufffd" for c in name)[:200]


def deep(value: Any) -> bool:
    """Whether `value` is nested deeper than DEEPEST. It does not recurse: a hostile file may be a million deep."""
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, Mapping) else outer)
            if isinstance(inner, Mapping | list)
        ]
        if not level:
            return False
    return True


def flat(record: Mapping[Any, Any], before: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """(name, value) for each field; `{"a": {"b": 1}}` gives the name `a.b`."""
    for key, value in record.items():
        name = f"{before}{key}"
        if isinstance(value, Mapping) and value and depth < _NESTED:
            yield from flat(value, f"{name}.", depth + 1)
        else:
            yield name, value


def cell(value: Any) -> Cell:
    """`value` as a cell. A number becomes text, NaN None, a list of scalars a tuple of texts.

    >>> cell(2.0), cell(True), cell(["a", 3]), cell(float("nan")), cell(None)
    ('2', 'true', ('a', '3'), None, None)
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and all(item is None or isinstance(item, str | int | float) for item in value):
        inner = (cell(item) for item in value)
        return tuple(text for text in inner if isinstance(text, str))
    return _scalar(value)


def _scalar(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal):
        if not math.isfinite(value):
            return None
        return str(int(value)) if -_EXACT < value < _EXACT and value == int(value) else str(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, bytes | bytearray):
        return f"{len(value):,} bytes"
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    try:
        return str(value)
    except ValueError:  # an integer with more digits than Python prints
        return None
