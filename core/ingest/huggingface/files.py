"""Finds the files of a Hugging Face dataset on disk, their splits and the kinds of their columns, with pyarrow alone.

It reads folders that `save_to_disk` wrote (`state.json`, `dataset_info.json` and Arrow streams; `dataset_dict.json`
above one folder for each split), and Parquet files, alone or in a folder. Features come from the schema metadata
`huggingface`, else from `dataset_info.json`, else from the Arrow types. No script of a dataset is ever run.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import BadRecord, InputError
from core.ingest.archives import printable

BROKEN = (pa.ArrowException, OSError, ValueError, KeyError, TypeError, MemoryError)
BLOCK_ROWS = 64  # rows in memory at once; each may hold a whole recording
_LARGEST_JSON = 20_000_000
_SPLIT = re.compile(r"(train|validation|valid|dev|test|eval)(?![a-z])", re.I)
_SHARD = re.compile(r"-\d{5}-of-\d{5}$")

Kind = Literal["value", "class", "audio"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `names`: the classes of a ClassLabel in order. `many`: each row holds a list of values."""

    name: str
    kind: Kind = "value"
    names: tuple[str, ...] = ()
    many: bool = False
    text: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One Arrow or Parquet file. `name` is shown and part of keys. Paths of its audio may only point below `root`.

    `picked` are the places, from 0, of the rows that the dataset still has after a filter, in its order; None: all.
    """

    path: Path
    name: str
    split: str
    root: Path
    columns: Mapping[str, Column] = field(compare=False)
    rows: int = 0
    picked: tuple[int, ...] | None = None

    def numbers(self) -> Iterator[int]:
        """The number of each row that `blocks` gives: its place in the file, from 1."""
        return iter(range(1, self.rows + 1)) if self.picked is None else (place + 1 for place in self.picked)

    def blocks(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows in blocks, with `columns` (by default all). `BadRecord` if the file is damaged."""
        selected = list(self.columns if columns is None else columns)
        try:
            for batch in self._batches(selected):
                batch.validate(full=True)
                yield batch
        except BROKEN as error:
            raise BadRecord(self.name, "damaged: {error}", error=_one_line(error)) from error

    def _batches(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        if self.picked is not None:
            return picked_rows(self.path, columns, self.picked)
        return _parquet(self.path, columns) if _is_parquet(self.path) else _arrow(self.path, columns)


def tables(path: Path) -> Iterator[Table | BadRecord]:
    """Every data file under `path`, always in the same order; a `BadRecord` for each that cannot be opened.

    `InputError` if `path` does not exist, or has neither Arrow nor Parquet files.
    """
    if not path.exists():
        raise InputError("{path}: no such file or folder", path=printable(str(path)))
    real = path.resolve()
    root = real if real.is_dir() else real.parent
    data_files = list(_files(real, root)) if real.is_dir() else [(real, _split_of(real.name))]
    if not data_files:
        raise InputError(
            "{file}: neither Arrow nor Parquet files in it, so no Hugging Face dataset", file=printable(path.name)
        )
    picks: dict[Path, dict[Path, tuple[int, ...]] | BadRecord] = {}
    for file, split in sorted(data_files):
        shown = printable(file.relative_to(root).as_posix())
        if file.parent not in picks:
            picks[file.parent] = _picks(file.parent, root)
        picked = picks[file.parent]
        if isinstance(picked, BadRecord):
            yield BadRecord(shown, picked.reason)
            continue
        if not file.is_file() or not file.resolve().is_relative_to(root):
            yield BadRecord(shown, "a link that leaves the folder, or no regular file")
            continue
        try:
            schema, rows = _schema_and_rows(file)
            features = _features(schema, file.parent)
            yield Table(
                file, shown, split, root, {n: _column(schema.field(n), features.get(n)) for n in schema.names},
                len(picked[file]) if file in picked else rows, picked.get(file),
            )  # fmt: skip
        except BROKEN as error:
            yield BadRecord(shown, "not a readable Arrow or Parquet file ({error})", error=_one_line(error))


def _files(folder: Path, root: Path) -> Iterator[tuple[Path, str]]:
    """(file, split) for the data files below `folder`. A folder that is a saved dataset is not searched further."""
    splits = _json(folder / "dataset_dict.json").get("splits")
    if isinstance(splits, list):
        for split in (s for s in splits if isinstance(s, str) and _plain(s) and (folder / s).is_dir()):
            yield from ((file, split) for file, _ in _files(folder / split, root))
        return
    state = _json(folder / "state.json")
    listed = state.get("_data_files")
    split = str(state.get("_split") or "")
    if isinstance(listed, list):
        names = [d.get("filename") for d in listed if isinstance(d, dict)]
        yield from ((folder / n, split) for n in names if isinstance(n, str) and _plain(n))
        return
    for entry in sorted(folder.iterdir()):
        if entry.suffix.lower() in (".arrow", ".parquet") and not entry.is_dir():
            yield entry, split or _split_of(entry.relative_to(root).as_posix())
        elif entry.is_dir() and not entry.is_symlink() and not entry.name.startswith("."):
            yield from _files(entry, root)


def _picks(folder: Path, root: Path) -> dict[Path, tuple[int, ...]] | BadRecord:
    """data file -> the rows of it that `_indices_files` of a saved dataset names; {} if all rows are meant.

    A dataset that was filtered, sorted or selected from keeps its old rows and a second table of row numbers, which
    count over all its data files. `BadRecord` if that table cannot be used: then no row is known to be meant.
    """
    state = _json(folder / "state.json")
    listed = next((state[n] for n in ("_indices_files", "_indices_data_files") if state.get(n)), None)
    if listed is None:
        return {}
    try:
        names = [entry["filename"] for entry in listed]
        data = [folder / entry["filename"] for entry in state["_data_files"]]
        if not all(map(_plain, (*names, *(file.name for file in data)))):
            raise ValueError("a file name that is a path")
        indices = [folder / name for name in names]
        if not all(file.is_file() and file.resolve().is_relative_to(root) for file in (*indices, *data)):
            raise ValueError("a file that is not there")
        return _places(indices, data)
    except BROKEN as error:
        where, why = printable(folder.name), _one_line(error)
        return BadRecord(where, "the list of its rows cannot be used ({error}), so no row is read", error=why)


def _places(indices: Sequence[Path], data: Sequence[Path]) -> dict[Path, tuple[int, ...]]:
    """The row numbers in `indices` by data file, each counted from 0 in its file. `ValueError` for one out of range."""
    counts = [_schema_and_rows(file)[1] for file in data]
    ends = list(accumulate(counts))
    places: dict[Path, list[int]] = {file: [] for file in data}
    for file in indices:
        for batch in _arrow(file, ["indices"]):
            for number in batch.column(0).to_pylist():
                if not (isinstance(number, int) and 0 <= number < (ends[-1] if ends else 0)):
                    raise ValueError(f"row {number} of {ends[-1] if ends else 0}")
                at = bisect_right(ends, number)
                places[data[at]].append(number - ends[at] + counts[at])
    return {file: tuple(numbers) for file, numbers in places.items()}


def _plain(name: str) -> bool:
    """Whether `name`, from a dataset's own JSON, is a plain file name and no path."""
    return name not in ("", ".", "..") and PurePosixPath(name).name == name and "\\" not in name and "\0" not in name


def _split_of(name: str) -> str:
    """The split in a file's name, "" for none: `ko-KR/train-00000-of-00002.parquet` gives `ko-KR/train`."""
    path = PurePosixPath(name)
    own = _SHARD.sub("", path.stem)
    parts = [*path.parts[:-1], *([own] if _SPLIT.match(own) else [])]
    return printable("/".join(parts))


def _json(path: Path) -> dict[str, Any]:
    """The JSON object in `path`, {} if it cannot be read. All of its fields are optional."""
    try:
        if path.is_symlink() or path.stat().st_size > _LARGEST_JSON:
            return {}
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def _schema_and_rows(path: Path) -> tuple[pa.Schema, int]:
    """The schema and the number of rows. Of an Arrow file only the heads of its batches are read."""
    if _is_parquet(path):
        parquet = pq.ParquetFile(path)
        return parquet.schema_arrow, int(parquet.metadata.num_rows)
    with pa.memory_map(str(path)) as source:
        reader = _reader(source)
        return reader.schema, sum(len(batch) for batch in _batches(reader))


def _reader(source: Any) -> Any:
    magic = source.read(6)
    source.seek(0)
    return pa.ipc.open_file(source) if magic == b"ARROW1" else pa.ipc.open_stream(source)


def _batches(reader: Any) -> Iterator[pa.RecordBatch]:
    if isinstance(reader, pa.ipc.RecordBatchStreamReader):
        yield from reader
    else:
        yield from map(reader.get_batch, range(reader.num_record_batches))


def _arrow(path: Path, columns: list[str]) -> Iterator[pa.RecordBatch]:
    with pa.memory_map(str(path)) as source:
        for batch in _batches(_reader(source)):
            chosen = batch.select(columns)
            for start in range(0, len(chosen), BLOCK_ROWS):
                yield chosen.slice(start, BLOCK_ROWS)


def picked_rows(path: Path, columns: list[str], places: Sequence[int]) -> Iterator[pa.RecordBatch]:
    """The rows at `places`, in that order; the file stays mapped, and one block of rows is in memory."""
    with pa.memory_map(str(path)) as source:
        if _is_parquet(path):
            whole = pq.read_table(path, columns=columns)
        else:
            whole = pa.Table.from_batches([batch.select(columns) for batch in _batches(_reader(source))])
        for start in range(0, len(places), BLOCK_ROWS):
            yield from whole.take(pa.array(places[start : start + BLOCK_ROWS])).combine_chunks().to_batches()


def _parquet(path: Path, columns: list[str]) -> Iterator[pa.RecordBatch]:
    yield from pq.ParquetFile(path, pre_buffer=False).iter_batches(batch_size=BLOCK_ROWS, columns=columns)


def _features(schema: pa.Schema, folder: Path) -> dict[str, Any]:
    """column -> its feature (`_type`, `names` and so on) as `datasets` wrote it, {} if none is stored."""
    try:
        metadata = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    except (ValueError, RecursionError):
        metadata = {}
    info = metadata.get("info") if isinstance(metadata, dict) else None
    features = info.get("features") if isinstance(info, dict) else None
    features = features or _json(folder / "dataset_info.json").get("features")
    return features if isinstance(features, dict) else {}


def _column(arrow_field: pa.Field, feature: Any) -> Column:
    """The kind of a column, by its stored feature. A feature that contradicts the Arrow type is ignored."""
    name, kind = arrow_field.name, arrow_field.type
    inner: Any = feature[0] if isinstance(feature, list) and len(feature) == 1 else None
    if isinstance(feature, dict) and feature.get("_type") in ("Sequence", "List", "LargeList"):
        inner = feature.get("feature")
    many = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    value = kind.value_type if many else kind
    feature = inner if many else feature
    type_name = feature.get("_type") if isinstance(feature, dict) else None
    packed = pa.types.is_struct(value) and value.get_field_index("bytes") >= 0
    if not many and ((packed and type_name in (None, "Audio")) or (_is_binary(value) and type_name == "Audio")):
        return Column(name, "audio")
    names = feature.get("names") if isinstance(feature, dict) and type_name == "ClassLabel" else None
    if isinstance(names, list) and all(isinstance(n, str) for n in names) and pa.types.is_integer(value):
        return Column(name, "class", tuple(names), many)
    return Column(name, many=many, text=not many and (pa.types.is_string(value) or pa.types.is_large_string(value)))


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _one_line(error: BaseException) -> str:
    """The error's text on one line, at most 200 characters."""
    return printable(" ".join(str(error).split()))[:200] or type(error).__name__
