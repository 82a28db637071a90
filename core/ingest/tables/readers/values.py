"""Typed values (JSON, Parquet, a sheet) as cells: text, a list of texts, or nothing; objects become `outer.inner`."""

import json
import math
from collections.abc import Iterator, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from core.ingest.tables.readers.grid import trouble_of
from core.ingest.tables.types import Cell, Reject, Row
from core.messages import Message

DEEPEST = 20
_EXACT = 10**15
_NESTED = 3  # objects within objects up to here become columns, below it JSON text


def row(number: int, record: Any) -> Row | Reject:
    """The row that an object is."""
    if not isinstance(record, Mapping):
        return Reject(number, "not an object", "not an object with named fields")
    if deep(record):
        return Reject(number, "nested too deep", Message("nested more than {deepest} deep", deepest=DEEPEST))
    found: dict[str, Cell] = {}
    for name, value in flat(record):
        one = cell(value)
        for text in (name, *(one if isinstance(one, tuple) else (one or "",))):
            if trouble := trouble_of(text):
                return Reject(
                    number, trouble[0], Message("column {column}: {reason}", column=safe(name), reason=trouble[1])
                )
        found[name] = one
    return Row(number, found)


def safe(name: str) -> str:
    """A name that can be printed and stored, in one line."""
    return "".join(c if c.isprintable() else "\ufffd" for c in name)[:200]


def deep(value: Any) -> bool:
    """Whether it is nested beyond DEEPEST; walks without recursion, since a hostile file nests a million deep."""
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, Mapping) else one)
            if isinstance(inner, Mapping | list)
        ]
        if not level:
            return False
    return True


def flat(record: Mapping[Any, Any], before: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Names and values; `{"a": {"b": 1}}` gives `a.b`."""
    for key, value in record.items():
        name = f"{before}{key}"
        if isinstance(value, Mapping) and value and depth < _NESTED:
            yield from flat(value, f"{name}.", depth + 1)
        else:
            yield name, value


def cell(value: Any) -> Cell:
    """
    >>> cell(2.0), cell(True), cell(["a", 3]), cell(float("nan")), cell(None)
    ('2', 'true', ('a', '3'), None, None)
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and all(one is None or isinstance(one, str | int | float) for one in value):
        inner = (cell(one) for one in value)
        return tuple(one for one in inner if isinstance(one, str))
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
    except ValueError:  # an integer of more digits than Python will print
        return None
