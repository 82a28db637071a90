"""Hugging Face datasets on disk: which files there are, of which split, and what their columns mean. pyarrow only.

Read are folders that `save_to_disk` wrote (`state.json`, `dataset_info.json`, Arrow streams; `dataset_dict.json` over
one folder a split) and Parquet files, alone or in a folder. Features come from the schema metadata `huggingface`, else
from `dataset_info.json`, else from the Arrow types. No script of a dataset is ever run.
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
BLOCK_ROWS = 64  # rows held at once: each may hold a whole recording
_LARGEST_JSON = 20_000_000
_SPLIT = re.compile(r"(train|validation|valid|dev|test|eval)(?![a-z])", re.I)
_SHARD = re.compile(r"-\d{5}-of-\d{5}$")

Kind = Literal["value", "class", "audio"]


@dataclass(frozen=True, slots=True)
class Column:
    """`names`: the classes of a ClassLabel in order; `many`: a list of values a row."""

    name: str
    kind: Kind = "value"
    names: tuple[str, ...] = ()
    many: bool = False
    text: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One Arrow or Parquet file. `name` is for people and keys; its audio paths may point below `root` only."""

    path: Path
    name: str
    split: str
    root: Path
    columns: Mapping[str, Column] = field(compare=False)
    rows: int = 0

    def blocks(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows (of `columns`, all by default) in blocks, checked; `BadRecord` where the file is damaged."""
        wanted = list(self.columns if columns is None else columns)
        try:
            for batch in _parquet(self.path, wanted) if _is_parquet(self.path) else _arrow(self.path, wanted):
                batch.validate(full=True)
                yield batch
        except BROKEN as error:
            raise BadRecord(self.name, "damaged: {error}", error=_said(error)) from error


def tables(path: Path) -> Iterator[Table | BadRecord]:
    """Every data file of `path`, in an order that does not change; a `BadRecord` for one that cannot be opened.

    `InputError` where there is no such path, or neither Arrow nor Parquet in it.
    """
    if not path.exists():
        raise InputError("{path}: no such file or folder", path=printable(str(path)))
    real = path.resolve()
    root = real if real.is_dir() else real.parent
    found = list(_files(real, root)) if real.is_dir() else [(real, _split_of(real.name))]
    if not found:
        raise InputError(
            "{file}: neither Arrow nor Parquet files in it, so no Hugging Face dataset", file=printable(path.name)
        )
    for file, split in sorted(found):
        shown = printable(file.relative_to(root).as_posix())
        if not file.is_file() or not file.resolve().is_relative_to(root):
            yield BadRecord(shown, "a link that leaves the folder, or no regular file")
            continue
        try:
            schema, rows = _opened(file)
            features = _features(schema, file.parent)
            yield Table(
                file, shown, split, root, {n: _column(schema.field(n), features.get(n)) for n in schema.names}, rows
            )
        except BROKEN as error:
            yield BadRecord(shown, "not a readable Arrow or Parquet file ({error})", error=_said(error))


def _files(folder: Path, root: Path) -> Iterator[tuple[Path, str]]:
    """(file, split) below `folder`; a folder that is a data set itself is not searched for others."""
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
    """Whether a name in a dataset's own JSON names a thing in its folder and nothing else."""
    return name not in ("", ".", "..") and PurePosixPath(name).name == name and "\\" not in name and "\0" not in name


def _split_of(name: str) -> str:
    """The split that a file's name tells: `ko-KR/train-00000-of-00002.parquet` is `ko-KR/train`, "" for none."""
    path = PurePosixPath(name)
    own = _SHARD.sub("", path.stem)
    parts = [*path.parts[:-1], *([own] if _SPLIT.match(own) else [])]
    return printable("/".join(parts))


def _json(path: Path) -> dict[str, Any]:
    """A small JSON object; an empty one where there is none to read, since every part of it is optional here."""
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


def _opened(path: Path) -> tuple[pa.Schema, int]:
    """Schema and number of rows; of an Arrow file nothing but its batches' heads is touched."""
    if _is_parquet(path):
        about = pq.ParquetFile(path)
        return about.schema_arrow, int(about.metadata.num_rows)
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


def _arrow(path: Path, wanted: list[str]) -> Iterator[pa.RecordBatch]:
    with pa.memory_map(str(path)) as source:
        for batch in _batches(_reader(source)):
            chosen = batch.select(wanted)
            for start in range(0, len(chosen), BLOCK_ROWS):
                yield chosen.slice(start, BLOCK_ROWS)


def _parquet(path: Path, wanted: list[str]) -> Iterator[pa.RecordBatch]:
    yield from pq.ParquetFile(path, pre_buffer=False).iter_batches(batch_size=BLOCK_ROWS, columns=wanted)


def _features(schema: pa.Schema, folder: Path) -> dict[str, Any]:
    try:
        told = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    except (ValueError, RecursionError):
        told = {}
    info = told.get("info") if isinstance(told, dict) else None
    features = info.get("features") if isinstance(info, dict) else None
    features = features or _json(folder / "dataset_info.json").get("features")
    return features if isinstance(features, dict) else {}


def _column(one: pa.Field, about: Any) -> Column:
    """What the feature says and the Arrow type bears out; a feature that contradicts the type is not believed."""
    name, kind = one.name, one.type
    inner: Any = about[0] if isinstance(about, list) and len(about) == 1 else None
    if isinstance(about, dict) and about.get("_type") in ("Sequence", "List", "LargeList"):
        inner = about.get("feature")
    many = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    value = kind.value_type if many else kind
    about = inner if many else about
    told = about.get("_type") if isinstance(about, dict) else None
    packed = pa.types.is_struct(value) and value.get_field_index("bytes") >= 0
    if not many and ((packed and told in (None, "Audio")) or (_is_binary(value) and told == "Audio")):
        return Column(name, "audio")
    names = about.get("names") if isinstance(about, dict) and told == "ClassLabel" else None
    if isinstance(names, list) and all(isinstance(n, str) for n in names) and pa.types.is_integer(value):
        return Column(name, "class", tuple(names), many)
    return Column(name, many=many, text=not many and (pa.types.is_string(value) or pa.types.is_large_string(value)))


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _said(error: BaseException) -> str:
    """The reason on one line, without the file's place on this machine."""
    return printable(" ".join(str(error).split()))[:200] or type(error).__name__
