"""Turns rows of a table into utterances with labels, a group, and perhaps a span of a recording.

Keys: with an id column the key is `table:{source}:id:{id}`, and a repeated id is refused. Without one it is
`table:{source}:{row number}:{hash of its text}`. So a second import of the same file adds nothing, equal rows of one
file are both kept, and another file with the same source name does not pass for the first. A row that moved to another
number is new: name an id column if a file will be edited.

Times: `core.ingest.tables.times` reads them; the end is a column, or the start and a duration. Labels:
`core.ingest.tables.labels` reads them. A recording is the file that a cell names: `recordings` maps each spelling to
one name, so that a file named in three ways is one recording.

Groups: the group column decides. Without one a speaker who names a person groups the rows, else the recording does,
else a row is its own group. A recording in which several persons speak joins them, so that a split cuts neither. A
published split becomes a tag (`core.split.published_tags`).

A row without a text is refused, unless it has a label: then it is kept with a note, so that no person's answer is lost.
Quality lists such rows, and no snapshot takes a sentence without a text.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from core.errors import InputError, UnknownName
from core.files import sha256
from core.ingest.tables import names
from core.ingest.tables.labels import LabelReader
from core.ingest.tables.times import TimeUnit
from core.ingest.tables.types import Reject, Row, Shape
from core.messages import Message, SchemeName
from core.records import SHORTEST_VOICE_MS, NewUtterance
from core.schemes.missing import is_missing
from core.speakers import names_a_person
from core.split import published_tags
from core.text.visible import folded

GroupedBy = Literal["group", "speaker", "recording", "row"]
_ID_CHARS = 200
_LONGEST_NOTHING = 4  # `null` as the name of a speaker or group
BLANK = Message("row without a text that has a label: kept")
NO_SPLIT = Message("row whose split is none of train, validation and test: kept without a published split")
_DEFAULT_UNIT = TimeUnit()
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
    duration: str | None = None

    @property
    def times(self) -> tuple[str, ...]:
        """The columns of times."""
        return tuple(name for name in (self.start, self.end, self.duration) if name is not None)

    @property
    def named(self) -> tuple[str, ...]:
        """Every column that a person named."""
        single = (self.text, self.id, self.group, self.speaker, self.recording, *self.times, self.split)
        return (*(name for name in single if name is not None), *self.labels.values())

    def found_in(self, shape: Shape) -> "Columns":
        """These columns with their exact names in the table. `UnknownName` lists the table's columns.

        `InputError` if there is a start without an end or a recording, or the reverse.
        """
        if self.end is not None and self.duration is not None:
            raise InputError("name the column of the end or that of the duration, not both")
        if len(self.times) == 1 or (self.times and None in (self.start, self.recording)):
            raise InputError("times need three columns: recording, start and end")

        def find(name: str) -> str:
            return find_column(shape, name)

        def known(name: str | None) -> str | None:
            return None if name is None else find(name)

        return replace(
            self, text=find(self.text), id=known(self.id), group=known(self.group),
            speaker=known(self.speaker), recording=known(self.recording), start=known(self.start), end=known(self.end),
            split=known(self.split), duration=known(self.duration),
            labels={scheme: find(name) for scheme, name in self.labels.items()},
        )  # fmt: skip


def find_column(shape: Shape, name: str) -> str:
    """The column called `name`. `UnknownName` lists the columns, and the sheets if the file has several."""
    try:
        return names.find(shape.columns, name)
    except UnknownName as error:
        if len(shape.sheets) > 1:
            raise OtherSheets(error, shape) from None
        raise


class OtherSheets(UnknownName):
    """A column that the sheet lacks; another sheet of the file may have it."""

    def __init__(self, error: UnknownName, shape: Shape) -> None:
        super().__init__(error.kind, error.name, error.known)
        self.message = Message(
            "{error}; this is {sheet}, the file has the sheets {sheets}: choose one with --sheet",
            error=error.message,
            sheet=shape.sheet,
            sheets=", ".join(shape.sheets),
        )
        self.args = (self.message,)


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

    `persons` maps a recording to the person who stands for all persons heard in it. `units` are those of the time
    columns. `recordings` maps a spelling of a recording to its name, where they differ. `repeats`: a repeated id is the
    same item again.
    """

    def __init__(
        self,
        columns: Columns,
        source: str,
        reads: Mapping[str, LabelReader],
        recording_level: Iterable[str],
        units: Mapping[str, TimeUnit] | None = None,
        persons: Mapping[str, str] | None = None,
        recordings: Mapping[str, str] | None = None,
        missing: Collection[str] = (),
        repeats: bool = False,
    ) -> None:
        self._persons, self._units, self._recordings = persons or {}, units or {}, recordings or {}
        self._columns, self._source, self._reads = columns, source, reads
        self._missing = frozenset(map(folded, missing))
        self._nothing: dict[str, bool] = {}  # short names -> whether they mean nothing
        self._recording_level = frozenset(recording_level)
        self._used = frozenset(columns.named)
        self._ids: set[bytes] = set()
        self._repeats = repeats

    def read(self, row: Row) -> ParsedRow | Reject:
        """The utterance of `row`, or a Reject with the reason."""
        text = row.cells.get(self._columns.text) or ""
        if not isinstance(text, str):
            return self._without_text(row, Message("a list, not a text"))
        if self._missing and folded(text) in self._missing:
            text = ""
        labels: dict[str, str] = {}
        for scheme, column in self._columns.labels.items():
            read, cell = self._reads[scheme], row.cells.get(column)
            try:
                code = read(cell)
            except UnknownName as error:
                return Reject(
                    row.number,
                    Message("unknown {scheme} class", scheme=SchemeName(scheme)),
                    Message("column {column}: {error}", column=column, error=error),
                )
            if code:
                labels[scheme] = code
            if read.notes and (note := read.notes.get(cell)):
                row = replace(row, notes=(*row.notes, note))
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
        recording = self._name(row, self._columns.recording)
        if self._columns.recording is not None and not recording:
            return Reject(
                row.number,
                "no recording",
                Message("column {column}: no recording is named", column=self._columns.recording),
            )
        recording = self._recordings.get(recording, recording) if recording else recording
        span = self._span(row)
        if isinstance(span, Reject):
            return span
        start, end = span
        speaker, split = self._name(row, self._columns.speaker), self._name(row, self._columns.split) or ""
        group, grouped_by = self._group(self._name(row, self._columns.group), speaker, recording, key)
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
        if mark in self._ids and not self._repeats:
            return Reject(
                row.number,
                "id came before",
                Message("id {identity!r} came before in this file: the first is kept", identity=identity),
            )
        self._ids.add(mark)
        return f"table:{self._source}:id:{identity}"

    def _cell(self, row: Row, column: str | None) -> str | None:
        return cell_text(row, column) if column is not None else None

    def _name(self, row: Row, column: str | None) -> str | None:
        """Like `_cell`, but None for a value that means nothing, such as `N/A`: it names no group and no speaker."""
        text = self._cell(row, column)
        if text is None or len(text) > _LONGEST_NOTHING:
            return text
        if (nothing := self._nothing.get(text)) is None:
            nothing = self._nothing[text] = is_nothing(text) or folded(text) in self._missing
        return None if nothing else text

    def _span(self, row: Row) -> tuple[int | None, int | None] | Reject:
        """Start and end in ms, twice None if the table has no times; a Reject if they cannot be used."""
        start_column, end_column = self._columns.start, self._columns.end or self._columns.duration
        if start_column is None or end_column is None:
            return None, None
        start, end = span_ms(row, self._columns, self._units)
        if start is None or end is None or end <= start:
            times = [row.cells.get(name) for name in (start_column, end_column)]
            reason = (
                Message("from {start!r} to {end!r}", start=times[0], end=times[1])
                if self._columns.duration is None
                else Message("from {start!r}, {duration!r} long", start=times[0], duration=times[1])
            )
            return Reject(row.number, "unusable times", reason)
        return start, end


def span_ms(row: Row, columns: Columns, units: Mapping[str, TimeUnit]) -> tuple[int | None, int | None]:
    """Start and end of `row` in ms, the end also by a duration; None for a time that cannot be read."""
    named = (columns.start or "", columns.end or columns.duration or "")
    start, end = (units.get(name, _DEFAULT_UNIT).ms(cell_text(row, name) or "") for name in named)
    if columns.duration is not None and start is not None and end is not None:
        end += start
    return start, end


def cell_text(row: Row, column: str) -> str | None:
    """The text of a cell without spaces around it, a list joined by commas; None if the cell is empty."""
    cell = row.cells.get(column)
    text = ",".join(cell) if isinstance(cell, tuple) else (cell or "")
    return text.strip() or None


def is_nothing(name: str) -> bool:
    """Whether a cell names nobody and nothing, such as `N/A` as a speaker, a group or a recording."""
    return len(name) <= _LONGEST_NOTHING and is_missing(name)


def recording_key(source: str, name: str) -> str:
    """The key of the recording called `name` in rows. `a.wav` and `a` are two recordings."""
    return f"table:{source}:recording:{name}"


def usable_for_voice(utterance: NewUtterance, audio_ms: int | None) -> bool:
    """Whether the span lies inside the audio and lasts at least `SHORTEST_VOICE_MS`."""
    if audio_ms is None or utterance.start_ms is None or utterance.end_ms is None:
        return False
    return utterance.end_ms <= audio_ms and utterance.end_ms - utterance.start_ms >= SHORTEST_VOICE_MS
