"""Finds the files of a Hugging Face dataset on disk, their splits and the kinds of their columns, with pyarrow alone.

It reads folders that `save_to_disk` wrote (`state.json`, `dataset_info.json` and Arrow streams; `dataset_dict.json`
above one folder for each split), and Parquet files, alone or in a folder. Features come from the schema metadata
`huggingface`, else from `dataset_info.json`, else from the Arrow types. No script of a dataset is ever run.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
    """One Arrow or Parquet file. `name` is shown and part of keys. Paths of its audio may only point below `root`."""

    path: Path
    name: str
    split: str
    root: Path
    columns: Mapping[str, Column] = field(compare=False)
    rows: int = 0

    def blocks(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows in blocks, with `columns` (by default all). `BadRecord` if the file is damaged."""
        selected = list(self.columns if columns is None else columns)
        try:
            for batch in _parquet(self.path, selected) if _is_parquet(self.path) else _arrow(self.path, selected):
                batch.validate(full=True)
                yield batch
        except BROKEN as error:
            raise BadRecord(self.name, "damaged: {error}", error=_one_line(error)) from error


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
    for file, split in sorted(data_files):
        shown = printable(file.relative_to(root).as_posix())
        if not file.is_file() or not file.resolve().is_relative_to(root):
            yield BadRecord(shown, "a link that leaves the folder, or no regular file")
            continue
        try:
            schema, rows = _schema_and_rows(file)
            features = _features(schema, file.parent)
            yield Table(
                file, shown, split, root, {n: _column(schema.field(n), features.get(n)) for n in schema.names}, rows
            )
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
