"""Reader of this program's own exports: CSV, JSONL, Parquet and `datasets` folders, of the corpus or of a Snapshot.

CSV and JSONL hold only a number for each recording. `core.workflows.imports.exports.restore` therefore takes the group
of its utterances as its key if no other recording has that group (so it is for calls), else makes a key of the first
utterance's key; the recording ends with its last utterance. Parquet holds recordings without audio; a `datasets` folder
holds both. A row of a Snapshot has the frozen text as its original. The apostrophe that keeps a spreadsheet from
running a cell as a formula is removed. `core.ingest.tables` reads tables from other programs.
"""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import BadRecord, InputError
from core.ingest.exports.rows import ExportedRecording, ExportedRow, name_of, text_of, truth, whole
from core.ingest.huggingface import files
from core.messages import Message
from core.records import NewRecording, NewUtterance, Skip
from core.schemes import JOIN, Scheme
from core.schemes.files import from_document
from core.split import published_tags
from core.text.cells import unescape_formula

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


class GwidamaExport:
    """An opened export of this program; see `core.ingest.exports.rows.Export`."""

    def __init__(self, path: Path, rows: Callable[[], Iterator[Row | Skip]], schemes: Mapping[str, Scheme]) -> None:
        self.name, self.schemes = path.name, schemes
        self._path, self._rows = path, rows

    def rows(self) -> Iterator[ExportedRow | Skip]:
        """Every row of the file; a row that cannot be used gives a `Skip`."""
        for item in self._rows():
            if isinstance(item, Skip):
                yield item
                continue
            try:
                yield exported_row(*item)
            except BadRecord as error:
                yield Skip(error.where, error.reason)

    def recordings(self) -> Iterator[ExportedRecording | Skip]:
        """The recordings of a `datasets` folder with their audio; other exports have none."""
        if not (self._path / RECORDINGS).is_dir():
            return
        for item in _columnar(self._path / RECORDINGS)():
            if isinstance(item, Skip):
                yield item
                continue
            where, row = item
            try:
                yield _exported_recording(where, row)
            except BadRecord as error:
                yield Skip(error.where, error.reason)


def open_export(path: Path) -> GwidamaExport:
    """Open the export at `path`. `InputError` if there is no such file, or it is no export of this program."""
    if not path.exists():
        raise InputError("not found: {path}", path=path)
    suffix = path.suffix.lower()
    if path.is_dir() or suffix in (".parquet", ".arrow"):
        return GwidamaExport(path, _columnar(path), _schemes(path))
    if suffix == ".json":
        raise InputError(
            "{file}: Label Studio tasks are read by `python -m core ingest labelstudio FILE`", file=path.name
        )
    reader = {".csv": _csv, ".jsonl": _jsonl}.get(suffix)
    if reader is None:
        raise InputError("{file}: no export ends so; use .csv, .jsonl, .parquet or a `datasets` folder", file=path.name)
    return GwidamaExport(path, reader(path), {})


def _csv(path: Path) -> Callable[[], Iterator[Row | Skip]]:
    def rows() -> Iterator[Row | Skip]:
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                lines = csv.reader(file)
                header = [unescape_formula(cell) for cell in next(lines, [])]
                _check_columns(header, path.name)
                for number, cells in enumerate(lines, start=2):
                    where = Message("{file}, row {number}", file=path.name, number=number)
                    if len(cells) == len(header):
                        row = [unescape_formula(cell) for cell in cells] if "'" in "".join(cells) else cells
                        yield where, {name: cell or None for name, cell in zip(header, row, strict=True)}
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
                            _check_columns(list(row), path.name)
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
    """Rows of Parquet files and Arrow streams. Class ids become codes by the class names in the file."""

    def rows() -> Iterator[Row | Skip]:
        for table in files.tables(path):
            if isinstance(table, BadRecord):
                yield Skip(table.where, table.reason)
                continue
            if path.name != RECORDINGS:
                _check_columns(list(table.columns), path.name)
            columns = [name for name in table.columns if name != "audio" or path.name == RECORDINGS]
            number = 0
            try:
                for batch in table.blocks(columns):
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


def _check_columns(columns: list[str], name: str) -> None:
    """`InputError` if a column that every export has is missing."""
    if missing := [column for column in NEEDED if column not in columns]:
        raise InputError(
            "{name}: no column {missing}, so it is no export of this program; other tables are read "
            "by `python -m core ingest table FILE --text COLUMN`",
            name=name,
            missing=", ".join(missing),
        )


def _schemes(path: Path) -> dict[str, Scheme]:
    """The schemes defined in the metadata of the first readable file; none if they cannot be read."""
    for table in files.tables(path):
        if isinstance(table, BadRecord):
            continue
        try:
            described = json.loads((_metadata(table.path) or {}).get(b"gwidama", b"{}"))["schemes"]
            schemes = [from_document(entry["definition"], table.name, entry["state"]) for entry in described]
        except (*_BROKEN, KeyError, TypeError, InputError, RecursionError):
            return {}
        return {scheme.name: scheme for scheme in schemes}
    return {}


def _metadata(path: Path) -> Mapping[bytes, bytes] | None:
    with path.open("rb") as file:
        parquet = file.read(4) == b"PAR1"
    if parquet:
        return pq.read_schema(path).metadata
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_stream(source).schema.metadata


def exported_row(where: str, row: Mapping[str, Any]) -> ExportedRow:
    """The parsed `row` (column -> cell). `BadRecord` if a cell does not hold what its column should."""
    key = text_of(row.get("key"), "key", where)
    if not key:
        raise BadRecord(where, "key is missing")
    text = text_of(row.get("text"), "text", where, "")
    frozen = "code" in row and "scheme" in row
    fixed = FROZEN if frozen else FIXED
    labels = {
        name: text_of(value, name, where)
        for name, value in row.items()
        if value is not None and value != "" and name not in fixed and not name.startswith("_")
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
    return ExportedRow(
        where, new, text, labels, silver, truth(row.get("skipped"), "skipped", where),
        number=whole(row.get("id"), "id", where),
        parent=name_of(row.get("_parent"), "_parent", where) or whole(row.get("parent_id"), "parent_id", where),
        recording=recording or whole(row.get("recording_id"), "recording_id", where),
        new_recording=_new_recording(row, recording, where) if recording and "_recording_ms" in row else None,
        source=name_of(row.get("_source"), "_source", where),
        licence=text_of(row.get("_licence"), "_licence", where, ""),
        tags=(*_tags(row.get("_tags"), where), *(_side_tags(row.get("side")) if frozen else ())), disputed=disputed,
    )  # fmt: skip


def _new_recording(row: Mapping[str, Any], key: str, where: str) -> NewRecording:
    return NewRecording(
        key, whole(row.get("_recording_ms"), "_recording_ms", where) or 0,
        whole(row.get("_recording_hz"), "_recording_hz", where), None, None, (),
        meta=_json(row.get("_recording_meta"), "_recording_meta", where),
    )  # fmt: skip


def _exported_recording(where: str, row: Mapping[str, Any]) -> ExportedRecording:
    key = text_of(row.get("key"), "key", where)
    sound = row.get("audio")
    data = sound.get("bytes") if isinstance(sound, dict) else None
    recording = NewRecording(
        key, whole(row.get("duration_ms"), "duration_ms", where) or 0,
        whole(row.get("sample_rate_hz"), "sample_rate_hz", where), None, None, (),
        meta=_json(row.get("meta"), "meta", where),
    )  # fmt: skip
    source = name_of(row.get("source"), "source", where)
    return ExportedRecording(where, recording, data, source, name_of(row.get("licence"), "licence", where))


def _names(value: Any, what: str, where: str) -> tuple[str, ...]:
    """The names in a text with commas between them."""
    return tuple(filter(None, text_of(value, what, where).split(","))) if value else ()


def _tags(value: Any, where: str) -> tuple[str, ...]:
    """The names in a JSON list."""
    if value is None or value == "":
        return ()
    names = _object(text_of(value, "_tags", where))
    if not isinstance(names, list):
        raise BadRecord(where, "_tags is no JSON list of texts")
    return tuple(text_of(name, "_tags", where) for name in names)


def _side_tags(side: Any) -> tuple[str, ...]:
    """The tag of the side that a Snapshot gave."""
    return published_tags(side) if isinstance(side, str) else ()


def _json(value: Any, what: str, where: str) -> dict[str, Any]:
    if value is None or value == "":
        return {}
    document = _object(text_of(value, what, where))
    if not isinstance(document, dict):
        raise BadRecord(where, "{what} is no JSON object", what=what)
    return document
