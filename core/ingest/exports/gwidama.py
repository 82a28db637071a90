"""Reader of this program's own exports: CSV, JSONL, Parquet and `datasets` folders, of the corpus or of a Snapshot.

CSV and JSONL name a recording by a number and say nothing else about it: its key is the group of its utterances where
no other recording has that group (so it is for calls), else it is made of the first utterance's key; it ends with its
last utterance. Parquet holds recordings but no sound, a `datasets` folder holds both. What a Snapshot froze comes back
with the frozen text as its original. The apostrophe that keeps a spreadsheet from running a cell is taken off again.
Tables that others wrote are `core.ingest.tables`'.
"""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.cells import as_told
from core.errors import BadRecord, InputError
from core.ingest.exports.rows import Heard, Told, name_of, text_of, truth, whole
from core.ingest.huggingface import files
from core.messages import Message
from core.records import NewRecording, NewUtterance, Skip
from core.schemes import JOIN, Scheme
from core.schemes.files import from_document

LONGEST_LINE = 64_000_000
NEEDED = ("key", "text")
FIXED = frozenset(
    ("id", "key", "recording_id", "parent_id", "start_ms", "end_ms", "speaker", "origin", "group", "version",
     "voice_usable", "skipped", "text", "original", "audio")
)  # fmt: skip
FROZEN = frozenset((*FIXED, "recording", "scheme", "code", "label", "gold", "side"))
RECORDINGS = "recordings"
_BROKEN = (pa.ArrowException, OSError, ValueError)

Row = tuple[str, dict[str, Any]]


class Own:
    """An export that was opened; see `core.ingest.exports.rows.Reader`."""

    def __init__(self, path: Path, rows: Callable[[], Iterator[Row | Skip]], schemes: Mapping[str, Scheme]) -> None:
        self.name, self.schemes = path.name, schemes
        self._path, self._rows = path, rows

    def rows(self) -> Iterator[Told | Skip]:
        for item in self._rows():
            if isinstance(item, Skip):
                yield item
                continue
            try:
                yield told(*item)
            except BadRecord as error:
                yield Skip(error.where, error.reason)

    def recordings(self) -> Iterator[Heard | Skip]:
        """Those of a `datasets` folder, with their sound."""
        if not (self._path / RECORDINGS).is_dir():
            return
        for item in _columnar(self._path / RECORDINGS)():
            if isinstance(item, Skip):
                yield item
                continue
            where, row = item
            try:
                yield _heard(where, row)
            except BadRecord as error:
                yield Skip(error.where, error.reason)


def open_own(path: Path) -> Own:
    """`InputError` where there is no such file, or one that is no export of this program."""
    if not path.exists():
        raise InputError("not found: {path}", path=path)
    suffix = path.suffix.lower()
    if path.is_dir() or suffix in (".parquet", ".arrow"):
        return Own(path, _columnar(path), _schemes(path))
    if suffix == ".json":
        raise InputError(
            "{file}: Label Studio tasks are read by `python -m core ingest labelstudio FILE`", file=path.name
        )
    reader = {".csv": _csv, ".jsonl": _jsonl}.get(suffix)
    if reader is None:
        raise InputError("{file}: no export ends so; use .csv, .jsonl, .parquet or a `datasets` folder", file=path.name)
    return Own(path, reader(path), {})


def _csv(path: Path) -> Callable[[], Iterator[Row | Skip]]:
    def rows() -> Iterator[Row | Skip]:
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                lines = csv.reader(file)
                header = [as_told(cell) for cell in next(lines, [])]
                _is_ours(header, path.name)
                for number, cells in enumerate(lines, start=2):
                    where = Message("{file}, row {number}", file=path.name, number=number)
                    if len(cells) == len(header):
                        told = [as_told(cell) for cell in cells] if "'" in "".join(cells) else cells
                        yield where, {name: cell or None for name, cell in zip(header, told, strict=True)}
                    elif cells:
                        yield Skip(where, Message("{n} cells, the header has {width}", n=len(cells), width=len(header)))
        except UnicodeDecodeError as error:
            raise InputError("{file}: is not UTF-8; exports are. Save it as CSV UTF-8", file=path.name) from error
        except (OSError, csv.Error) as error:
            raise InputError("{file}: cannot be read: {error}", file=path.name, error=error) from error

    return rows


def _jsonl(path: Path) -> Callable[[], Iterator[Row | Skip]]:
    def rows() -> Iterator[Row | Skip]:
        checked = False
        try:
            with path.open(encoding="utf-8-sig", newline="\n") as file:
                number = 0
                while line := file.readline(LONGEST_LINE):
                    number += 1
                    where = Message("{file}, line {number}", file=path.name, number=number)
                    if len(line) == LONGEST_LINE and not line.endswith("\n"):
                        raise InputError(
                            "{where}: longer than {longest_line:,} characters", where=where, longest_line=LONGEST_LINE
                        )
                    if not line.strip():
                        continue
                    row = _object(line)
                    if isinstance(row, dict):
                        if not checked:
                            _is_ours(list(row), path.name)
                            checked = True
                        yield where, row
                    else:
                        yield Skip(where, "is no JSON object")
        except UnicodeDecodeError as error:
            raise InputError("{file}: is not UTF-8; exports are", file=path.name) from error
        except OSError as error:
            raise InputError("{file}: cannot be read: {error}", file=path.name, error=error) from error

    return rows


def _object(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _columnar(path: Path) -> Callable[[], Iterator[Row | Skip]]:
    """Parquet files and Arrow streams; class ids become codes by the names that the file gives them."""

    def rows() -> Iterator[Row | Skip]:
        for table in files.tables(path):
            if isinstance(table, BadRecord):
                yield Skip(table.where, table.reason)
                continue
            if path.name != RECORDINGS:
                _is_ours(list(table.columns), path.name)
            wanted = [name for name in table.columns if name != "audio" or path.name == RECORDINGS]
            number = 0
            try:
                for batch in table.blocks(wanted):
                    for row in batch.to_pylist():
                        number += 1
                        where = Message("{file}, row {number}", file=table.name, number=number)
                        yield where, {name: _cell(table.columns[name], value) for name, value in row.items()}
            except BadRecord as error:
                yield Skip(error.where, error.reason)

    return rows


def _cell(column: files.Column, value: Any) -> Any:
    if column.kind != "class" or value is None:
        return value
    ids = value if isinstance(value, list) else [value]
    names = [column.names[k] for k in ids if isinstance(k, int) and 0 <= k < len(column.names)]
    return JOIN.join(names) if len(names) == len(ids) else f"class {value}"


def _is_ours(columns: list[str], name: str) -> None:
    if missing := [column for column in NEEDED if column not in columns]:
        raise InputError(
            "{name}: no column {missing}, so it is no export of this program; other tables are read "
            "by `python -m core ingest table FILE --text COLUMN`",
            name=name,
            missing=", ".join(missing),
        )


def _schemes(path: Path) -> dict[str, Scheme]:
    """Those that the metadata of the first file defines; whatever cannot be used is as if it were not there."""
    for table in files.tables(path):
        if isinstance(table, BadRecord):
            continue
        try:
            told = json.loads((_metadata(table.path) or {}).get(b"gwidama", b"{}"))["schemes"]
            found = [from_document(one["definition"], table.name, one["state"]) for one in told]
        except (*_BROKEN, KeyError, TypeError, InputError, RecursionError):
            return {}
        return {one.name: one for one in found}
    return {}


def _metadata(path: Path) -> Mapping[bytes, bytes] | None:
    with path.open("rb") as file:
        parquet = file.read(4) == b"PAR1"
    if parquet:
        return pq.read_schema(path).metadata
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_stream(source).schema.metadata


def told(where: str, row: Mapping[str, Any]) -> Told:
    """One row of an export; `BadRecord` for a cell that is not what its column holds."""
    key = text_of(row.get("key"), "key", where)
    if not key:
        raise BadRecord(where, "key is missing")
    text = text_of(row.get("text"), "text", where, "")
    frozen = "code" in row and "scheme" in row
    gone = FROZEN if frozen else FIXED
    labels = {
        name: text_of(value, name, where)
        for name, value in row.items()
        if value is not None and value != "" and name not in gone and not name.startswith("_")
    }
    silver, disputed = (_names(row.get(mark), mark, where) for mark in ("_silver", "_disputed"))
    meta = _json(row.get("_meta"), "_meta", where)
    if frozen:
        under = text_of(row["scheme"], "scheme", where)
        labels |= {under: text_of(row["code"], "code", where)}
        silver = () if truth(row.get("gold"), "gold", where) else (under,)
        meta |= {"side": row.get("side")}
    new = NewUtterance(
        key=key,
        text=text_of(row.get("original"), "original", where, text if frozen or "original" not in row else ""),
        group=text_of(row.get("group"), "group", where, key),
        start_ms=whole(row.get("start_ms"), "start_ms", where),
        end_ms=whole(row.get("end_ms"), "end_ms", where),
        speaker=name_of(row.get("speaker"), "speaker", where),
        voice_usable=frozen or truth(row.get("voice_usable"), "voice_usable", where),
        origin=text_of(row.get("origin"), "origin", where, "imported"),
        meta=meta,
    )
    recording = name_of(row.get("_recording", row.get("recording") if frozen else None), "recording", where)
    return Told(
        where, new, text, labels, silver, truth(row.get("skipped"), "skipped", where),
        number=whole(row.get("id"), "id", where),
        parent=name_of(row.get("_parent"), "_parent", where) or whole(row.get("parent_id"), "parent_id", where),
        recording=recording or whole(row.get("recording_id"), "recording_id", where),
        call=_call(row, recording, where) if recording and "_recording_ms" in row else None,
        source=name_of(row.get("_source"), "_source", where),
        licence=text_of(row.get("_licence"), "_licence", where, ""),
        tags=_tags(row.get("_tags"), where), disputed=disputed,
    )  # fmt: skip


def _call(row: Mapping[str, Any], key: str, where: str) -> NewRecording:
    return NewRecording(
        key, whole(row.get("_recording_ms"), "_recording_ms", where) or 0,
        whole(row.get("_recording_hz"), "_recording_hz", where), None, None, (),
        meta=_json(row.get("_recording_meta"), "_recording_meta", where),
    )  # fmt: skip


def _heard(where: str, row: Mapping[str, Any]) -> Heard:
    key = text_of(row.get("key"), "key", where)
    sound = row.get("audio")
    data = sound.get("bytes") if isinstance(sound, dict) else None
    call = NewRecording(
        key, whole(row.get("duration_ms"), "duration_ms", where) or 0,
        whole(row.get("sample_rate_hz"), "sample_rate_hz", where), None, None, (),
        meta=_json(row.get("meta"), "meta", where),
    )  # fmt: skip
    source = name_of(row.get("source"), "source", where)
    return Heard(where, call, data, source, name_of(row.get("licence"), "licence", where))


def _names(value: Any, what: str, where: str) -> tuple[str, ...]:
    """The names in a list with commas."""
    return tuple(filter(None, text_of(value, what, where).split(","))) if value else ()


def _tags(value: Any, where: str) -> tuple[str, ...]:
    """The names in a JSON list."""
    if value is None or value == "":
        return ()
    found = _object(text_of(value, "_tags", where))
    if not isinstance(found, list):
        raise BadRecord(where, "_tags is no JSON list of texts")
    return tuple(text_of(one, "_tags", where) for one in found)


def _json(value: Any, what: str, where: str) -> dict[str, Any]:
    if value is None or value == "":
        return {}
    found = _object(text_of(value, what, where))
    if not isinstance(found, dict):
        raise BadRecord(where, "{what} is no JSON object", what=what)
    return found
