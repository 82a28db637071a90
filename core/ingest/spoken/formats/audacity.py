"""Reads Audacity's label tracks: lines of start, end and text with tabs between. Times are seconds.

A line that begins with a backslash holds the frequencies of the label above it and is kept in its meta. A label without
a duration marks a point: points are counted, not read.
"""

import re

from core.errors import BadRecord
from core.ingest.spoken.formats.document import Document, Interval, line, to_ms
from core.messages import Message, within
from core.records import Skip

TIER = "labels"
_LABEL = re.compile(r"([-+]?\d+(?:[.,]\d+)?)\t([-+]?\d+(?:[.,]\d+)?)(?:\t(.*))?")
_FREQUENCIES = re.compile(r"\\\t(\S+)\t(\S+)\s*")


def is_label(text: str) -> bool:
    """Whether a line is a label or its frequencies."""
    return bool(_LABEL.fullmatch(text) or _FREQUENCIES.fullmatch(text))


def read(text: str, where: str) -> Document:
    """The labels of a track. A line that is no label is named, the others are kept."""
    document = Document("Audacity")
    document.add_tier(TIER)
    meta: dict[str, list[float]] = {}
    for number, row in enumerate(text.split("\n"), start=1):
        if frequencies := _FREQUENCIES.fullmatch(row):
            meta["frequencies_hz"] = [_number(part) for part in frequencies.groups()]
        elif row.strip():
            meta = {}
            _add(row, number, meta, document, where)
    return document


def _add(row: str, number: int, meta: dict[str, list[float]], document: Document, where: str) -> None:
    """Add the label in `row`. `meta` is filled by the line with its frequencies, which follows."""
    place = within(where, line(number))
    match = _LABEL.fullmatch(row)
    if match is None:
        document.skips.append(Skip(place, Message("no start, end and text with tabs between")))
        return
    try:
        start, end = (to_ms(_number(match[n]), place) for n in (1, 2))
    except BadRecord as error:
        document.skips.append(Skip(error.where, error.reason))
        return
    if start == end:
        document.leave_out_point(TIER)
        return
    document.intervals.append(Interval(TIER, start, end, (match[3] or "").strip(), number, meta=meta))


def _number(text: str) -> float:
    """A number; Audacity writes `0,5` on computers whose language does.

    >>> _number("0,5")
    0.5
    """
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return 0.0
