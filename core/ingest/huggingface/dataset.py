"""Hugging Face datasets as Entries: a row with audio is a recording of one utterance, a row without is a sentence.

`look` finds the files and decides which column is text, audio, group and label; what is not named is guessed from the
features (MInDS-14: `audio`, `transcription`, `intent_class`, `lang_id`). Every other column and the split are kept in
meta. A key is made of split, file, row and content, so the same data set adds nothing when it comes again.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from core.errors import AudioError, BadRecord, InputError
from core.files import sha256
from core.ingest.entries import TEXT_KEYS, Entry, clip, clip_notes, listen, storable
from core.ingest.huggingface.files import BROKEN, Column, Table, tables
from core.messages import Message
from core.records import NewUtterance, Skip

GROUP_KEYS = (
    "speaker_id", "speaker", "client_id", "user_id", "caller_id", "session_id", "dialogue_id", "dialog_id",
    "conversation_id", "recording_id", "call_id",
)  # fmt: skip
MOST_CLASSES = 1_000
_LONGEST_LIST = 1_000


@dataclass(frozen=True, slots=True)
class Mapped:
    """Which column means what. `labels`: scheme -> column. "" and None: guess; `group` guessed may stay ""."""

    text: str = ""
    audio: str = ""
    group: str = ""
    labels: Mapping[str, str] | None = None


@dataclass(slots=True)
class Dataset:
    """The files of a data set and the mapping that holds for all of them."""

    name: str
    tables: list[Table]
    columns: dict[str, Column]
    mapped: Mapped
    skips: list[Skip] = field(default_factory=list)
    _values: dict[str, list[str]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many rows there are; each will give one Entry or Skip."""
        return sum(one.rows for one in self.tables)

    @property
    def labels(self) -> Mapping[str, str]:
        return self.mapped.labels or {}

    def multi(self, scheme: str) -> bool:
        return self.columns[self.labels[scheme]].many

    def values(self, scheme: str) -> list[str]:
        """The classes under `scheme`: a ClassLabel's names in order, else the values found in the column, sorted."""
        column = self.columns[self.labels[scheme]]
        if column.kind == "class":
            return list(column.names)
        if scheme not in self._values:
            self._values[scheme] = _distinct(self.tables, column)
        return self._values[scheme]


def look(path: Path, mapped: Mapped, name: str = "") -> Dataset:
    """What is at `path`; `InputError` when it is no data set, or a named column is not in it."""
    found, skips = [], []
    for one in tables(path):
        if isinstance(one, Table):
            found.append(one)
        else:
            skips.append(Skip(one.where, one.reason))
    if not found:
        raise InputError("{file}: {where}: {reason}", file=path.name, where=skips[0].where, reason=skips[0].reason)
    columns: dict[str, Column] = {}
    for table in found:
        for column in table.columns.values():
            columns[column.name] = _same(columns.get(column.name), column)
    return Dataset(name or path.resolve().name, found, columns, _guessed(mapped, columns), skips)


def _same(old: Column | None, new: Column) -> Column:
    """One column over several files; classes that differ between files are read by their names, as values."""
    if old is None or old == new:
        return new
    return Column(new.name, many=old.many or new.many, text=old.text and new.text)


def _guessed(mapped: Mapped, columns: Mapping[str, Column]) -> Mapped:
    named = [mapped.text, mapped.audio, mapped.group, *(mapped.labels or {}).values()]
    if missing := [c for c in named if c and c not in columns]:
        raise InputError(
            "no column {missing}; there are {columns}", missing=", ".join(missing), columns=", ".join(columns)
        )
    if mapped.audio and columns[mapped.audio].kind != "audio":
        raise InputError("column {column} holds no audio (bytes of a file)", column=mapped.audio)
    audio = mapped.audio or next((c.name for c in columns.values() if c.kind == "audio"), "")
    by_name = {name.casefold(): name for name in columns}
    texts = [by_name[k] for k in TEXT_KEYS if k in by_name and columns[by_name[k]].text]
    text = mapped.text or next(iter(texts), "")
    if not text and not audio:
        raise InputError(
            "no column that looks like text or audio: name one of {columns} with --text", columns=", ".join(columns)
        )
    group = mapped.group or next((by_name[k] for k in GROUP_KEYS if k in by_name), "")
    labels = mapped.labels
    if labels is None:
        labels = {_scheme_name(c.name): c.name for c in columns.values() if c.kind == "class"}
    return Mapped(text, audio, group, labels)


def _scheme_name(column: str) -> str:
    """A scheme's name made of a column's: `intent_class` is `intent-class`."""
    return re.sub(r"[^0-9a-z가-힣]+", "-", column.casefold()).strip("-") or "label"


def _distinct(found: list[Table], column: Column) -> list[str]:
    seen: set[str] = set()
    for table in (t for t in found if column.name in t.columns):
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
            continue  # named when its rows are read
    return sorted(seen, key=lambda v: (0, int(v), v) if re.fullmatch(r"-?\d{1,9}", v) else (1, 0, v))


def read(data: Dataset) -> Iterator[Entry | Skip]:
    """Every row as an Entry or a Skip, one block of rows in memory at a time."""
    yield from data.skips
    for table in data.tables:
        number = 0
        try:
            for batch in table.blocks():
                for at in range(len(batch)):
                    number += 1
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
    mapped = data.mapped
    raw = row.get(mapped.text) if mapped.text else None
    if raw is not None and not isinstance(raw, str):
        raise BadRecord(
            where, "column {column} holds a {kind}, not a text", column=mapped.text, kind=type(raw).__name__
        )
    text = storable(raw or "").strip()
    sound = _sound(row.get(mapped.audio), table.root, where) if mapped.audio else None
    if sound is None and not text:
        raise BadRecord(where, "neither text nor audio")
    digest = sha256((sound.sha256 if sound else "").encode() + b"\0" + text.encode())
    key = f"hf:{table.split}:{table.name}:{number}:{digest[:16]}"
    named = _group(row.get(mapped.group)) if mapped.group else ""
    group = f"hf:{data.name}:{mapped.group}:{named}" if named else key
    speaker = named if named and ("speaker" in mapped.group or mapped.group == "client_id") else None
    meta = {
        "dataset": data.name,
        "split": table.split,
        "file": table.name,
        "row": number,
        "columns": _kept(row, data, table),
    }
    labels = {
        scheme: found
        for scheme, name in data.labels.items()
        if name in table.columns and (found := tuple(_labels(row.get(name), table.columns[name])))
    }
    if sound is None:
        said = NewUtterance(key, text, group, speaker=speaker, meta=meta)
        missing = (Message("row without audio"),) if mapped.audio else ()
        return Entry(where, said, None, labels, notes=missing)
    made = clip(key, group, text, sound, speaker, meta)
    return Entry(where, made, sound, labels, notes=clip_notes(made) + sound.notes)


def _sound(value: Any, root: Path, where: str) -> Any:
    """The row's audio; None for an empty cell. A path is followed only below the data set's own folder."""
    data, name = (value.get("bytes"), value.get("path")) if isinstance(value, dict) else (value, None)
    if data is None and name is None:
        return None
    if isinstance(data, bytes):
        return listen(data, where)
    path = (root / str(name)).resolve() if "\0" not in str(name) else root
    if data is not None or not path.is_relative_to(root) or not path.is_file():
        raise BadRecord(where, "its audio is not in the data set, only a path ({name})", name=str(name)[:80])
    if path.stat().st_size > 100_000_000:
        raise BadRecord(where, "its audio file is larger than 100,000,000 bytes")
    return listen(path.read_bytes(), where)


def _group(value: Any) -> str:
    return storable(str(value)).strip() if isinstance(value, str | int) else ""


def _labels(value: Any, column: Column) -> Iterator[str]:
    """Label values as text; null, -1 of a ClassLabel, and blank are none."""
    for one in value if isinstance(value, list) else [value]:
        if one is None or one != one:  # NaN is not itself
            continue
        if column.kind == "class":
            if 0 <= one < len(column.names):
                yield column.names[one]
            continue
        said = str(int(one)) if isinstance(one, float) and one.is_integer() else str(one)
        if said := storable(said).strip():
            yield said


def _kept(row: Mapping[str, Any], data: Dataset, table: Table) -> dict[str, Any]:
    """Every column but text and sound, as JSON; of the audio its name, of a class its name."""
    kept: dict[str, Any] = {}
    for name, value in row.items():
        column = table.columns[name]
        if name == data.mapped.text:
            continue
        if column.kind == "audio":
            value = value.get("path") if isinstance(value, dict) else None
        elif column.kind == "class":
            names = list(_labels(value, column))
            value = names if column.many else next(iter(names), None)
        kept[storable(name)] = _json_value(value)
    return kept


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
