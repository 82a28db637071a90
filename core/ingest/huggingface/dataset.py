"""Reads Hugging Face datasets as Entries. A row with audio is a recording with one utterance; others are sentences.

`open_dataset` finds the files and decides which columns hold text, audio, group and labels. It guesses the columns that
are not named from the features (MInDS-14: `audio`, `transcription`, `intent_class`, `lang_id`). All other columns and
the split are kept in meta, the split also as a tag (`core.split.published_tags`). A key is made of split, file, row and
content, so the same dataset read again adds nothing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from core.errors import AudioError, BadRecord, InputError
from core.files import sha256
from core.ingest.entries import ROLE, TEXT_KEYS, Entry, clip_recording, read_sound, recording_notes, storable
from core.ingest.huggingface.files import BROKEN, Column, Table, tables
from core.messages import Message
from core.records import NewUtterance, Skip
from core.schemes import usable_name
from core.speakers import names_a_person
from core.split import published_tags

GROUP_KEYS = (
    "speaker_id", "speaker", "client_id", "user_id", "caller_id", "session_id", "dialogue_id", "dialog_id",
    "conversation_id", "recording_id", "call_id",
)  # fmt: skip
MOST_CLASSES = 1_000
_LONGEST_LIST = 1_000


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """The columns to read. `labels`: scheme -> column. "" or None means: guess. A `group` not found stays ""."""

    text: str = ""
    audio: str = ""
    group: str = ""
    labels: Mapping[str, str] | None = None


@dataclass(slots=True)
class Dataset:
    """The files of a dataset and the column mapping for all of them. `group_named`: a person named the group."""

    name: str
    tables: list[Table]
    columns: dict[str, Column]
    mapping: ColumnMapping
    skips: list[Skip] = field(default_factory=list)
    group_named: bool = False
    _values: dict[str, list[str]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """The number of rows; each gives one Entry or one Skip."""
        return sum(table.rows for table in self.tables)

    @property
    def labels(self) -> Mapping[str, str]:
        """scheme -> column."""
        return self.mapping.labels or {}

    def multi(self, scheme: str) -> bool:
        """Whether a row may have several classes under `scheme`."""
        return self.columns[self.labels[scheme]].many

    def values(self, scheme: str) -> list[str]:
        """The classes under `scheme`: the names of a ClassLabel in order, else all values of the column, sorted."""
        column = self.columns[self.labels[scheme]]
        if column.kind == "class":
            return list(column.names)
        if scheme not in self._values:
            self._values[scheme] = _distinct(self.tables, column)
        return self._values[scheme]


def open_dataset(path: Path, mapping: ColumnMapping, name: str = "") -> Dataset:
    """The dataset at `path`. `InputError` if it is no dataset, or if a named column is not in it."""
    readable, skips = [], []
    for table in tables(path):
        if isinstance(table, Table):
            readable.append(table)
        else:
            skips.append(Skip(table.where, table.reason))
    if not readable:
        raise InputError("{file}: {where}: {reason}", file=path.name, where=skips[0].where, reason=skips[0].reason)
    columns: dict[str, Column] = {}
    for table in readable:
        for column in table.columns.values():
            columns[column.name] = _merged_column(columns.get(column.name), column)
    complete = _complete_mapping(mapping, columns)
    return Dataset(name or path.resolve().name, readable, columns, complete, skips, bool(mapping.group))


def _merged_column(old: Column | None, new: Column) -> Column:
    """One column for all files. If its classes differ between files, it is read as values: the names of the classes."""
    if old is None or old == new:
        return new
    return Column(new.name, many=old.many or new.many, text=old.text and new.text)


def _complete_mapping(mapping: ColumnMapping, columns: Mapping[str, Column]) -> ColumnMapping:
    """`mapping` with guesses for the columns that are not named; `InputError` if a named column does not fit."""
    named = [mapping.text, mapping.audio, mapping.group, *(mapping.labels or {}).values()]
    if missing := [c for c in named if c and c not in columns]:
        raise InputError(
            "no column {missing}; there are {columns}", missing=", ".join(missing), columns=", ".join(columns)
        )
    if mapping.audio and columns[mapping.audio].kind != "audio":
        raise InputError("column {column} holds no audio (bytes of a file)", column=mapping.audio)
    audio = mapping.audio or next((c.name for c in columns.values() if c.kind == "audio"), "")
    by_name = {name.casefold(): name for name in columns}
    texts = [by_name[k] for k in TEXT_KEYS if k in by_name and columns[by_name[k]].text]
    text = mapping.text or next(iter(texts), "")
    if not text and not audio:
        raise InputError(
            "no column that looks like text or audio: name one of {columns} with --text", columns=", ".join(columns)
        )
    group = mapping.group or next((by_name[k] for k in GROUP_KEYS if k in by_name), "")
    labels = mapping.labels
    if labels is None:
        labels = {_scheme_name(c.name): c.name for c in columns.values() if c.kind == "class"}
    return ColumnMapping(text, audio, group, labels)


def _scheme_name(column: str) -> str:
    """The name of a scheme, made of a column's name: `intent_class` gives `intent-class`."""
    return usable_name(re.sub(r"[^0-9a-z가-힣]+", "-", column.casefold()).strip("-") or "label")


def _distinct(tables: list[Table], column: Column) -> list[str]:
    """All values of `column`, sorted, numbers first. `InputError` if there are more than `MOST_CLASSES`."""
    seen: set[str] = set()
    for table in (t for t in tables if column.name in t.columns):
        try:
            for batch in table.blocks([column.name]):
                seen |= {v for value in batch.column(0).to_pylist() for v in _labels(value, table.columns[column.name])}
                if len(seen) > MOST_CLASSES:
                    raise InputError(
                        "column {column} has more than {most_classes:,} values: that is no label",
                        column=column.name,
                        most_classes=MOST_CLASSES,
                    )
        except BadRecord:
            continue  # `read` reports it
    return sorted(seen, key=lambda v: (0, int(v), v) if re.fullmatch(r"-?\d{1,9}", v) else (1, 0, v))


def read(data: Dataset) -> Iterator[Entry | Skip]:
    """Yield every row as an Entry or a Skip; one block of rows is in memory at a time."""
    yield from data.skips
    for table in data.tables:
        number, numbers, seen = 0, table.numbers(), set[int]()
        try:
            for batch in table.blocks():
                for at in range(len(batch)):
                    number = next(numbers)
                    if table.picked is not None and number in seen:
                        where = Message("{file}, row {number}", file=table.name, number=number)
                        yield Skip(where, Message("the dataset names this row twice: the first is kept"))
                        continue
                    seen.update([number] if table.picked is not None else [])
                    yield _safe_entry(batch.slice(at, 1), data, table, number)
        except BadRecord as error:
            yield Skip(
                error.where,
                Message("{reason}; what follows row {number} is left out", reason=error.reason, number=number),
            )


def _safe_entry(row: Any, data: Dataset, table: Table, number: int) -> Entry | Skip:
    where = Message("{file}, row {number}", file=table.name, number=number)
    try:
        return _entry(row.to_pylist()[0], data, table, number, where)
    except (AudioError, BadRecord) as error:
        return Skip(error.where, error.reason)
    except BROKEN as error:
        return Skip(where, Message("cannot be read ({error})", error=error))


def _entry(row: dict[str, Any], data: Dataset, table: Table, number: int, where: str) -> Entry:
    mapping = data.mapping
    raw = row.get(mapping.text) if mapping.text else None
    if raw is not None and not isinstance(raw, str):
        raise BadRecord(
            where, "column {column} holds a {kind}, not a text", column=mapping.text, kind=type(raw).__name__
        )
    text = storable(raw or "").strip()
    sound = _sound(row.get(mapping.audio), table.root, where) if mapping.audio else None
    if sound is None and not text:
        raise BadRecord(where, "neither text nor audio")
    digest = sha256((sound.sha256 if sound else "").encode() + b"\0" + text.encode())
    key = f"hf:{table.split}:{table.name}:{number}:{digest[:16]}"
    group_name = _group(row.get(mapping.group)) if mapping.group else ""
    speaker, group, notes = who(group_name, data.name, mapping.group, key, data.group_named)
    tags = published_tags(table.split)
    meta = {
        "dataset": data.name,
        "split": table.split,
        "file": table.name,
        "row": number,
        "columns": _other_columns(row, data, table),
    }
    labels = {
        scheme: values
        for scheme, name in data.labels.items()
        if name in table.columns and (values := tuple(_labels(row.get(name), table.columns[name])))
    }
    if sound is None:
        sentence = NewUtterance(key, text, group, speaker=speaker, meta=meta, tags=tags)
        missing = (Message("row without audio"),) if mapping.audio else ()
        return Entry(where, sentence, None, labels, notes=(*missing, *notes))
    recording = clip_recording(key, group, text, sound, speaker, meta, tags=tags)
    return Entry(where, recording, sound, labels, notes=recording_notes(recording) + sound.notes + notes)


def who(
    name: str, dataset_name: str, column: str, key: str, named: bool = False
) -> tuple[str | None, str, tuple[str, ...]]:
    """The speaker, the group and a note if the speaker is a role. A group that a person `named` is never a role."""
    speaker = name if name and ("speaker" in column or column == "client_id") else None
    role = speaker is not None and not named and not names_a_person(speaker)
    return speaker, f"hf:{dataset_name}:{column}:{name}" if name and not role else key, (ROLE,) if role else ()


def _sound(value: Any, root: Path, where: str) -> Any:
    """The row's audio, None for an empty cell. A path is opened only if it lies below the dataset's own folder."""
    data, name = (value.get("bytes"), value.get("path")) if isinstance(value, dict) else (value, None)
    if data is None and name is None:
        return None
    if isinstance(data, bytes):
        return read_sound(data, where)
    path = (root / str(name)).resolve() if "\0" not in str(name) else root
    if data is not None or not path.is_relative_to(root) or not path.is_file():
        raise BadRecord(where, "its audio is not in the data set, only a path ({name})", name=str(name)[:80])
    if path.stat().st_size > 100_000_000:
        raise BadRecord(where, "its audio file is larger than 100,000,000 bytes")
    return read_sound(path.read_bytes(), where)


def _group(value: Any) -> str:
    return storable(str(value)).strip() if isinstance(value, str | int) else ""


def _labels(value: Any, column: Column) -> Iterator[str]:
    """The label values as texts. Null, NaN, blank text and a class id out of range (-1) are no values."""
    for item in value if isinstance(value, list) else [value]:
        if item is None or item != item:  # NaN differs from itself
            continue
        if column.kind == "class":
            if 0 <= item < len(column.names):
                yield column.names[item]
            continue
        text = str(int(item)) if isinstance(item, float) and item.is_integer() else str(item)
        if text := storable(text).strip():
            yield text


def _other_columns(row: Mapping[str, Any], data: Dataset, table: Table) -> dict[str, Any]:
    """All columns but the text, as JSON values. Audio is given by its file's name, a class by the class name."""
    others: dict[str, Any] = {}
    for name, value in row.items():
        column = table.columns[name]
        if name == data.mapping.text:
            continue
        if column.kind == "audio":
            value = value.get("path") if isinstance(value, dict) else None
        elif column.kind == "class":
            names = list(_labels(value, column))
            value = names if column.many else next(iter(names), None)
        others[storable(name)] = _json_value(value)
    return others


def _json_value(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"<{len(value):,} bytes>"
    if isinstance(value, list | tuple):
        return f"<{len(value):,} values>" if len(value) > _LONGEST_LIST else [_json_value(v) for v in value]
    if isinstance(value, dict):
        return {storable(str(k)): _json_value(v) for k, v in value.items()}
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return storable(value) if isinstance(value, str | int | float | bool | None) else str(value)
