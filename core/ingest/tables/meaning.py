"""What a row means: an utterance with labels, its group, perhaps a span of a recording.

Keys. With an id column a row is `table:{source}:id:{id}`; an id that comes again in the file is refused. Without one it
is `table:{source}:{row number}:{hash of its text}`: a second import of the same file adds nothing, equal rows of one
file both stay, and another file under the same source name is not taken for the first. A row moved to another number
by an edit counts as new: give an id column where a file will be edited.

Times are ms or seconds by the column's name (`start_ms`, `start_s`, `start_sec`), else whole numbers are ms and columns
with fractions are seconds; `1:02.5` is a clock time. A label cell is read by its Scheme; several classes of a multi
scheme stand in one cell as a list or between commas, semicolons or bars.

A row without a text is refused, unless somebody has labelled it: then it is an answer that must not get lost unseen,
and is kept as it is with a note. Quality names such rows; no snapshot takes a sentence without a text.
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

Unit = Literal["ms", "s"]
Read = Callable[[Cell], str]  # a label cell as stored; "" for none, UnknownName for what is no class
LONGEST_MS = 24 * 3_600_000
MISSING = frozenset(("", "nan", "null", "<na>"))  # what other programs write for an empty cell
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)")
_NUMBER = re.compile(r"\d{1,12}(?:[.,]\d+)?")
_PARTS = re.compile(r"[,;|]")
_WHOLE_FLOAT = re.compile(r"(-?\d+)\.0+")
_ID_CHARS = 200
_REMEMBERED = 10_000  # different label cells whose meaning is kept; a label column has far fewer
BLANK = Message("row without a text that has a label: kept")
UNLABELLED = Message("row without a label: left out, as asked")


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column is what; `labels` maps a scheme to its column."""

    text: str
    labels: Mapping[str, str] = field(default_factory=dict)
    id: str | None = None
    group: str | None = None
    speaker: str | None = None
    recording: str | None = None
    start: str | None = None
    end: str | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """Every column that is asked for."""
        single = (self.text, self.id, self.group, self.speaker, self.recording, self.start, self.end)
        return (*(name for name in single if name is not None), *self.labels.values())

    def found_in(self, shape: Shape) -> "Columns":
        """The same with names as they stand in the table; `UnknownName` lists its columns."""
        if (self.start is None) != (self.end is None) or (self.start is not None and self.recording is None):
            raise InputError("times need three columns: recording, start and end")

        def known(name: str | None) -> str | None:
            return None if name is None else names.find(shape.columns, name)

        return replace(
            self, text=names.find(shape.columns, self.text), id=known(self.id), group=known(self.group),
            speaker=known(self.speaker), recording=known(self.recording), start=known(self.start), end=known(self.end),
            labels={scheme: names.find(shape.columns, name) for scheme, name in self.labels.items()},
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Meant:
    """A row's utterance; `recording` names its recording, whose labels are `recording_labels`."""

    row: int
    utterance: NewUtterance
    recording: str | None
    recording_labels: Mapping[str, str]
    notes: tuple[str, ...]


class Reader:
    """Reads rows of one table as utterances; remembers the ids that came (some 100 bytes each)."""

    def __init__(
        self, columns: Columns, source: str, reads: Mapping[str, Read], recording_level: Iterable[str], unit: Unit
    ) -> None:
        self._columns, self._source, self._reads, self._unit = columns, source, reads, unit
        self._recording_level = frozenset(recording_level)
        self._used = frozenset(columns.named)
        self._ids: set[bytes] = set()

    def read(self, row: Row) -> Meant | Reject:
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
            return self._meant(row, text, labels)
        if not labels:
            return self._without_text(row, Message("no text"))
        return self._meant(replace(row, notes=(*row.notes, BLANK)), text, labels)

    def _without_text(self, row: Row, why: str) -> Reject:
        return Reject(row.number, why, Message("column {column}: {reason}", column=self._columns.text, reason=why))

    def _meant(self, row: Row, text: str, labels: Mapping[str, str]) -> Meant | Reject:
        key = self._key(row, text)
        if isinstance(key, Reject):
            return key
        recording = self._said(row, self._columns.recording)
        if self._columns.recording is not None and not recording:
            return Reject(
                row.number,
                "no recording",
                Message("column {column}: no recording is named", column=self._columns.recording),
            )
        start = self._time(row, self._columns.start)
        end = self._time(row, self._columns.end)
        if self._columns.start is not None and (start is None or end is None or end <= start):
            told = [row.cells.get(name) for name in (self._columns.start, self._columns.end) if name]
            return Reject(
                row.number, "unusable times", Message("from {start!r} to {end!r}", start=told[0], end=told[1])
            )
        group = self._said(row, self._columns.group)
        home = recording_key(self._source, recording) if recording else key
        utterance = NewUtterance(
            key=key, text=text, group=f"table:{self._source}:group:{group}" if group else home,
            start_ms=start, end_ms=end, speaker=self._said(row, self._columns.speaker),
            labels={s: c for s, c in labels.items() if s not in self._recording_level},
            meta={"row": row.number} | {n: cell for n, cell in row.cells.items() if cell and n not in self._used},
        )  # fmt: skip
        calls = {s: c for s, c in labels.items() if s in self._recording_level} if self._recording_level else {}
        return Meant(row.number, utterance, recording, calls, row.notes)

    def _key(self, row: Row, text: str) -> str | Reject:
        if self._columns.id is None:
            return f"table:{self._source}:{row.number}:{sha256(text.encode())[:12]}"
        identity = self._said(row, self._columns.id)
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

    def _said(self, row: Row, column: str | None) -> str | None:
        return cell_text(row, column) if column is not None else None

    def _time(self, row: Row, column: str | None) -> int | None:
        return milliseconds(self._said(row, column) or "", self._unit) if column is not None else None


def cell_text(row: Row, column: str) -> str | None:
    """What stands in a cell, without blanks around it; None for nothing."""
    cell = row.cells.get(column)
    told = ",".join(cell) if isinstance(cell, tuple) else (cell or "")
    return told.strip() or None


def recording_key(source: str, name: str) -> str:
    """The key of the recording that rows call `name`; `a.wav` and `a` are two."""
    return f"table:{source}:recording:{name}"


def milliseconds(told: str, unit: Unit) -> int | None:
    """A time in whole ms; None for what is no time within a day.

    >>> milliseconds("1500", "ms"), milliseconds("1.5", "s"), milliseconds("1:02.5", "ms"), milliseconds("-1", "s")
    (1500, 1500, 62500, None)
    """
    if clock := _CLOCK.fullmatch(told):
        hours, minutes, seconds = (float((part or "0").replace(",", ".")) for part in clock.groups())
        found = (hours * 3600 + minutes * 60 + seconds) * 1000
    elif _NUMBER.fullmatch(told):
        found = float(told.replace(",", ".")) * (1 if unit == "ms" else 1000)
    else:
        return None
    return round(found) if found <= LONGEST_MS else None


def unit_of(table: Table, columns: Columns) -> Unit:
    """Whether the table's times are ms or seconds: by the columns' names, else by whether any has a fraction."""
    asked = [name for name in (columns.start, columns.end) if name is not None]
    for name in asked:
        if re.search(r"(ms|msec|millis\w*|밀리초)\)?$", name, re.I):
            return "ms"
        if re.search(r"([_ (]s|sec|secs|seconds?|초)\)?$", name, re.I):
            return "s"
    cells = [r.cells.get(name) for r in islice(table.rows(), SAMPLE_ROWS) if isinstance(r, Row) for name in asked]
    numbers = [cell for cell in cells if isinstance(cell, str) and _NUMBER.fullmatch(cell.strip())]
    return "s" if any("." in cell or "," in cell for cell in numbers) else "ms"


def usable_for_voice(utterance: NewUtterance, audio_ms: int | None) -> bool:
    """Whether the span lies in the audio and is long enough to be judged by voice."""
    if audio_ms is None or utterance.start_ms is None or utterance.end_ms is None:
        return False
    return utterance.end_ms <= audio_ms and utterance.end_ms - utterance.start_ms >= SHORTEST_VOICE_MS


def reading(scheme: Scheme, ids: bool) -> Read:
    """How a cell is read under `scheme`. With `ids`, numbers are class positions from 0; otherwise never."""

    def one(told: str) -> str:
        told = told.strip()
        if ids and told.isdecimal() and int(told) < len(scheme.codes):
            return scheme.codes[int(told)]
        return scheme.parse(told)

    def anew(cell: Cell) -> str:
        whole = ", ".join(cell) if isinstance(cell, tuple) else (cell or "").strip()
        try:
            if isinstance(cell, tuple):
                return scheme.join(one(part) for part in cell) if scheme.kind == "multi" else one(whole) if cell else ""
            return one(tidied(whole)) if whole else ""
        except UnknownName:
            if scheme.kind == "multi" and (several := atoms(whole)):
                return scheme.join(one(part) for part in several)
            if whole.casefold() in MISSING:
                return ""
            raise

    known: dict[Cell, str] = {}

    def read(cell: Cell) -> str:
        if (code := known.get(cell)) is None:
            code = anew(cell)
            if len(known) < _REMEMBERED:
                known[cell] = code
        return code

    return read


def tidied(value: str) -> str:
    """A whole number that was written as a float, by programs that keep gaps so.

    >>> tidied("1.0"), tidied("1.5")
    ('1', '1.5')
    """
    found = _WHOLE_FLOAT.fullmatch(value.strip())
    return found[1] if found else value.strip()


def atoms(told: str) -> list[str]:
    """The parts of a multi-label cell.

    >>> atoms("2,5, 8"), atoms("")
    (['2', '5', '8'], [])
    """
    return [part.strip() for part in _PARTS.split(told) if part.strip()]


def distinct(rows: Iterator[Row | Reject], columns: Mapping[str, str], most: int) -> dict[str, tuple[list[str], bool]]:
    """scheme -> (the values found in its column, in order; whether a cell holds several of them).

    Several: a list, or parts that are fewer than the cells they make up. `InputError` beyond `most` values.
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
            told = cell if isinstance(cell, tuple) else atoms(cell or "")
            whole = "|".join(cell) if isinstance(cell, tuple) else tidied(cell or "")
            if whole.casefold() in MISSING:
                continue
            if len(cells[scheme]) <= 10_000:
                cells[scheme][whole] = None
            pieces[scheme].update(dict.fromkeys(tidied(part) for part in told))
            if len(pieces[scheme]) > 10 * most:
                raise _too_many(scheme, column, most)
    found = {}
    for scheme, column in columns.items():
        several = scheme in listed or len(pieces[scheme]) < len(cells[scheme])
        values = list(pieces[scheme] if several else cells[scheme])
        if len(values) > most:
            raise _too_many(scheme, column, most)
        found[scheme] = (sorted(values, key=_order), several)
    return found


def _too_many(scheme: str, column: str, most: int) -> InputError:
    return InputError(
        "column {column} has more than {most} different values: too many for the classes of a new scheme {scheme!r}",
        column=column,
        most=most,
        scheme=scheme,
    )


def _order(value: str) -> tuple[int, int, str]:
    return (0, int(value), "") if re.fullmatch(r"-?\d{1,15}", value) else (1, 0, value)
