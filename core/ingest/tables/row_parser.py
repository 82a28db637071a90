"""Turns rows of a table into utterances with labels, a group, and perhaps a span of a recording.

Keys: with an id column the key is `table:{source}:id:{id}`, and a repeated id is refused. Without one it is
`table:{source}:{row number}:{hash of its text}`. So a second import of the same file adds nothing, equal rows of one
file are both kept, and another file with the same source name does not pass for the first. A row that moved to another
number is new: name an id column if a file will be edited.

Times: a column's name says whether they are ms or seconds (`start_ms`, `start_s`, `start_sec`). Else they are seconds
if any value has a fraction, and ms otherwise. `1:02.5` is a clock time. Labels: a Scheme reads each label cell. A cell
of a multi scheme may hold several classes, as a list or with commas, semicolons or bars between them.

Groups: the group column decides. Without one a speaker who names a person groups the rows, else the recording does,
else a row is its own group. A recording in which several persons speak joins them, so that a split cuts neither. A
published split becomes a tag (`core.split.published_tags`).

A row without a text is refused, unless it has a label: then it is kept with a note, so that no person's answer is lost.
Quality lists such rows, and no snapshot takes a sentence without a text.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Literal

from core.errors import InputError, UnknownName
from core.files import sha256
from core.ingest.tables import names
from core.ingest.tables.types import SAMPLE_ROWS, Cell, Reject, Row, Shape, Table
from core.messages import Message, SchemeName
from core.records import SHORTEST_VOICE_MS, NewUtterance
from core.schemes import Scheme
from core.speakers import names_a_person
from core.split import published_tags

GroupedBy = Literal["group", "speaker", "recording", "row"]
Unit = Literal["ms", "s"]
ReadLabel = Callable[[Cell], str]  # label cell -> code, "" if empty; `UnknownName` if it is no class
LONGEST_MS = 24 * 3_600_000
MISSING = frozenset(("", "nan", "null", "<na>"))  # other programs write these for an empty cell
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)")
_NUMBER = re.compile(r"\d{1,12}(?:[.,]\d+)?")
_PARTS = re.compile(r"[,;|]")
_WHOLE_FLOAT = re.compile(r"(-?\d+)\.0+")
_ID_CHARS = 200
_REMEMBERED = 10_000  # cached label cells; a label column has far fewer different ones
BLANK = Message("row without a text that has a label: kept")
NO_SPLIT = Message("row whose split is none of train, validation and test: kept without a published split")
UNLABELLED = Message("row without a label: left out, as asked")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns to read; `labels` maps a scheme to its column. None: the table has no such column."""

    text: str
    labels: Mapping[str, str] = field(default_factory=dict)
    id: str | None = None
    group: str | None = None
    speaker: str | None = None
    recording: str | None = None
    start: str | None = None
    end: str | None = None
    split: str | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """Every column that a person named."""
        single = (self.text, self.id, self.group, self.speaker, self.recording, self.start, self.end, self.split)
        return (*(name for name in single if name is not None), *self.labels.values())

    def found_in(self, shape: Shape) -> "Columns":
        """These columns with their exact names in the table. `UnknownName` lists the table's columns.

        `InputError` if there is a start without an end or a recording, or the reverse.
        """
        if (self.start is None) != (self.end is None) or (self.start is not None and self.recording is None):
            raise InputError("times need three columns: recording, start and end")

        def known(name: str | None) -> str | None:
            return None if name is None else names.find(shape.columns, name)

        return replace(
            self, text=names.find(shape.columns, self.text), id=known(self.id), group=known(self.group),
            speaker=known(self.speaker), recording=known(self.recording), start=known(self.start), end=known(self.end),
            split=known(self.split),
            labels={scheme: names.find(shape.columns, name) for scheme, name in self.labels.items()},
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """The utterance of one row, the name of its recording, that recording's labels, and what decided the group."""

    row: int
    utterance: NewUtterance
    recording: str | None
    recording_labels: Mapping[str, str]
    notes: tuple[str, ...]
    grouped_by: GroupedBy = "row"


class RowParser:
    """Parses the rows of one table. It remembers every id (about 100 bytes each), so that repeated ids are refused.

    `persons` maps a recording to the person who stands for all persons heard in it.
    """

    def __init__(
        self,
        columns: Columns,
        source: str,
        reads: Mapping[str, ReadLabel],
        recording_level: Iterable[str],
        unit: Unit,
        persons: Mapping[str, str] | None = None,
    ) -> None:
        self._persons = persons or {}
        self._columns, self._source, self._reads, self._unit = columns, source, reads, unit
        self._recording_level = frozenset(recording_level)
        self._used = frozenset(columns.named)
        self._ids: set[bytes] = set()

    def read(self, row: Row) -> ParsedRow | Reject:
        """The utterance of `row`, or a Reject with the reason."""
        text = row.cells.get(self._columns.text) or ""
        if not isinstance(text, str):
            return self._without_text(row, Message("a list, not a text"))
        labels: dict[str, str] = {}
        for scheme, column in self._columns.labels.items():
            try:
                code = self._reads[scheme](row.cells.get(column))
            except UnknownName as error:
                return Reject(
                    row.number,
                    Message("unknown {scheme} class", scheme=SchemeName(scheme)),
                    Message("column {column}: {error}", column=column, error=error),
                )
            if code:
                labels[scheme] = code
        if text.strip():
            return self._parsed(row, text, labels)
        if not labels:
            return self._without_text(row, Message("no text"))
        return self._parsed(replace(row, notes=(*row.notes, BLANK)), text, labels)

    def _without_text(self, row: Row, why: str) -> Reject:
        return Reject(row.number, why, Message("column {column}: {reason}", column=self._columns.text, reason=why))

    def _parsed(self, row: Row, text: str, labels: Mapping[str, str]) -> ParsedRow | Reject:
        key = self._key(row, text)
        if isinstance(key, Reject):
            return key
        recording = self._cell(row, self._columns.recording)
        if self._columns.recording is not None and not recording:
            return Reject(
                row.number,
                "no recording",
                Message("column {column}: no recording is named", column=self._columns.recording),
            )
        start = self._time(row, self._columns.start)
        end = self._time(row, self._columns.end)
        if self._columns.start is not None and (start is None or end is None or end <= start):
            times = [row.cells.get(name) for name in (self._columns.start, self._columns.end) if name]
            return Reject(
                row.number, "unusable times", Message("from {start!r} to {end!r}", start=times[0], end=times[1])
            )
        speaker, split = self._cell(row, self._columns.speaker), self._cell(row, self._columns.split) or ""
        group, grouped_by = self._group(self._cell(row, self._columns.group), speaker, recording, key)
        tags = published_tags(split)
        odd = {self._columns.split or "": split} if split and not tags else {}
        utterance = NewUtterance(
            key=key, text=text, group=group, start_ms=start, end_ms=end, speaker=speaker,
            labels={s: c for s, c in labels.items() if s not in self._recording_level},
            meta={"row": row.number} | odd | {n: c for n, c in row.cells.items() if c and n not in self._used},
            tags=tags,
        )  # fmt: skip
        recording_labels = {s: c for s, c in labels.items() if s in self._recording_level}
        notes = (*row.notes, NO_SPLIT) if odd else row.notes
        return ParsedRow(row.number, utterance, recording, recording_labels, notes, grouped_by)

    def _group(self, group: str | None, speaker: str | None, recording: str | None, key: str) -> tuple[str, GroupedBy]:
        """The group of a row, and what decided it."""
        if group:
            return f"table:{self._source}:group:{group}", "group"
        person = self._persons.get(recording) if recording else speaker if names_a_person(speaker) else None
        if person:
            return f"table:{self._source}:speaker:{person}", "speaker"
        return (recording_key(self._source, recording), "recording") if recording else (key, "row")

    def _key(self, row: Row, text: str) -> str | Reject:
        if self._columns.id is None:
            return f"table:{self._source}:{row.number}:{sha256(text.encode())[:12]}"
        identity = self._cell(row, self._columns.id)
        if not identity or len(identity) > _ID_CHARS:
            reason = Message("longer than {n} characters", n=_ID_CHARS) if identity else Message("is empty")
            return Reject(
                row.number, "no id", Message("column {column}: {reason}", column=self._columns.id, reason=reason)
            )
        mark = hashlib.blake2b(identity.encode(), digest_size=10).digest()
        if mark in self._ids:
            return Reject(
                row.number,
                "id came before",
                Message("id {identity!r} came before in this file: the first is kept", identity=identity),
            )
        self._ids.add(mark)
        return f"table:{self._source}:id:{identity}"

    def _cell(self, row: Row, column: str | None) -> str | None:
        return cell_text(row, column) if column is not None else None

    def _time(self, row: Row, column: str | None) -> int | None:
        return milliseconds(self._cell(row, column) or "", self._unit) if column is not None else None


def cell_text(row: Row, column: str) -> str | None:
    """The text of a cell without spaces around it, a list joined by commas; None if the cell is empty."""
    cell = row.cells.get(column)
    text = ",".join(cell) if isinstance(cell, tuple) else (cell or "")
    return text.strip() or None


def recording_key(source: str, name: str) -> str:
    """The key of the recording called `name` in rows. `a.wav` and `a` are two recordings."""
    return f"table:{source}:recording:{name}"


def milliseconds(text: str, unit: Unit) -> int | None:
    """The time in `text` as whole ms; None unless it is a time from 0 to 24 hours.

    >>> milliseconds("1500", "ms"), milliseconds("1.5", "s"), milliseconds("1:02.5", "ms"), milliseconds("-1", "s")
    (1500, 1500, 62500, None)
    """
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = (float((part or "0").replace(",", ".")) for part in clock.groups())
        ms = (hours * 3600 + minutes * 60 + seconds) * 1000
    elif _NUMBER.fullmatch(text):
        ms = float(text.replace(",", ".")) * (1 if unit == "ms" else 1000)
    else:
        return None
    return round(ms) if ms <= LONGEST_MS else None


def unit_of(table: Table, columns: Columns) -> Unit:
    """Whether the table's times are ms or seconds, by the columns' names, else seconds if a time has a fraction."""
    time_columns = [name for name in (columns.start, columns.end) if name is not None]
    for name in time_columns:
        if re.search(r"(ms|msec|millis\w*|밀리초)\)?$", name, re.I):
            return "ms"
        if re.search(r"([_ (]s|sec|secs|seconds?|초)\)?$", name, re.I):
            return "s"
    cells = [
        r.cells.get(name) for r in islice(table.rows(), SAMPLE_ROWS) if isinstance(r, Row) for name in time_columns
    ]
    numbers = [cell for cell in cells if isinstance(cell, str) and _NUMBER.fullmatch(cell.strip())]
    return "s" if any("." in cell or "," in cell for cell in numbers) else "ms"


def usable_for_voice(utterance: NewUtterance, audio_ms: int | None) -> bool:
    """Whether the span lies inside the audio and lasts at least `SHORTEST_VOICE_MS`."""
    if audio_ms is None or utterance.start_ms is None or utterance.end_ms is None:
        return False
    return utterance.end_ms <= audio_ms and utterance.end_ms - utterance.start_ms >= SHORTEST_VOICE_MS


def label_reader(scheme: Scheme, ids: bool) -> ReadLabel:
    """A function that reads label cells under `scheme`. If `ids`, a number is a class position, counted from 0."""

    def code_of(value: str) -> str:
        value = value.strip()
        if ids and value.isdecimal() and int(value) < len(scheme.codes):
            return scheme.codes[int(value)]
        return scheme.parse(value)

    def uncached(cell: Cell) -> str:
        whole = ", ".join(cell) if isinstance(cell, tuple) else (cell or "").strip()
        try:
            if isinstance(cell, tuple):
                if scheme.kind == "multi":
                    return scheme.join(code_of(part) for part in cell)
                return code_of(whole) if cell else ""
            return code_of(without_zero_fraction(whole)) if whole else ""
        except UnknownName:
            if scheme.kind == "multi" and (several := cell_parts(whole)):
                return scheme.join(code_of(part) for part in several)
            if whole.casefold() in MISSING:
                return ""
            raise

    known: dict[Cell, str] = {}

    def read(cell: Cell) -> str:
        if (code := known.get(cell)) is None:
            code = uncached(cell)
            if len(known) < _REMEMBERED:
                known[cell] = code
        return code

    return read


def without_zero_fraction(value: str) -> str:
    """`value` without spaces and without `.0`: programs that allow empty cells often write 1 as 1.0.

    >>> without_zero_fraction("1.0"), without_zero_fraction("1.5")
    ('1', '1.5')
    """
    match = _WHOLE_FLOAT.fullmatch(value.strip())
    return match[1] if match else value.strip()


def cell_parts(text: str) -> list[str]:
    """The parts of a multi-label cell, which stand between commas, semicolons or bars.

    >>> cell_parts("2,5, 8"), cell_parts("")
    (['2', '5', '8'], [])
    """
    return [part.strip() for part in _PARTS.split(text) if part.strip()]


def distinct(rows: Iterator[Row | Reject], columns: Mapping[str, str], most: int) -> dict[str, tuple[list[str], bool]]:
    """scheme -> (the sorted values of its column, whether cells hold several values).

    Cells hold several values if one is a list, or if there are fewer different parts than different cells.
    `InputError` if a column has more than `most` values.
    """
    cells: dict[str, dict[str, None]] = {scheme: {} for scheme in columns}
    pieces: dict[str, dict[str, None]] = {scheme: {} for scheme in columns}
    listed: set[str] = set()
    seen: set[tuple[str, Cell]] = set()
    for row in rows:
        if isinstance(row, Reject):
            continue
        for scheme, column in columns.items():
            cell = row.cells.get(column)
            if (scheme, cell) in seen:
                continue
            if len(seen) < _REMEMBERED:
                seen.add((scheme, cell))
            if isinstance(cell, tuple):
                listed.add(scheme)
            parts = cell if isinstance(cell, tuple) else cell_parts(cell or "")
            whole = "|".join(cell) if isinstance(cell, tuple) else without_zero_fraction(cell or "")
            if whole.casefold() in MISSING:
                continue
            if len(cells[scheme]) <= 10_000:
                cells[scheme][whole] = None
            pieces[scheme].update(dict.fromkeys(without_zero_fraction(part) for part in parts))
            if len(pieces[scheme]) > 10 * most:
                raise _too_many(scheme, column, most)
    values_of = {}
    for scheme, column in columns.items():
        several = scheme in listed or len(pieces[scheme]) < len(cells[scheme])
        values = list(pieces[scheme] if several else cells[scheme])
        if len(values) > most:
            raise _too_many(scheme, column, most)
        values_of[scheme] = (sorted(values, key=_order), several)
    return values_of


def _too_many(scheme: str, column: str, most: int) -> InputError:
    return InputError(
        "column {column} has more than {most} different values: too many for the classes of a new scheme {scheme!r}",
        column=column,
        most=most,
        scheme=scheme,
    )


def _order(value: str) -> tuple[int, int, str]:
    return (0, int(value), "") if re.fullmatch(r"-?\d{1,15}", value) else (1, 0, value)
