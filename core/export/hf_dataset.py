"""A Hugging Face `datasets` folder: `datasets.load_from_disk(FOLDER)` reads it, and nothing but pyarrow writes it.

One row an utterance with every column, its labels as ClassLabel (the class id is the position in the scheme; several
classes: a list of them) and `audio`, a mono WAV of exactly the utterance. `FOLDER/recordings` is a second data set:
the recordings as they were delivered, each once, which is what a re-import reads. Arrow stream files, a new one after
`SHARD_BYTES`; a block of rows is written before it grows beyond `BLOCK_BYTES`, so memory does not follow the corpus.

A clip that cannot be read is empty and counted. Fingerprints are of the content: the same export gives the same one.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from core.audio.clips import read_clip
from core.errors import AudioError, InputError
from core.export import arrow
from core.export.rows import Line, Plan, Written
from core.files import sha256, write_json
from core.messages import SchemeName
from core.records import Recording
from core.schemes import Scheme, parts

SHARD_BYTES = 500_000_000
BLOCK_BYTES, BLOCK_ROWS = 16_000_000, 1_000
AUDIO, RECORDINGS = "audio", "recordings"
RECORDING_COLUMNS = ("key", "duration_ms", "sample_rate_hz", "sha256", "meta", "source", "licence")

_AUDIO = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def write(folder: Path, plan: Plan, lines: Iterable[Line]) -> Written:
    done = Written()
    classes = {"label": plan.frozen} if plan.frozen else {one.name: one for one in plan.schemes}
    if AUDIO in classes:
        raise InputError(
            "scheme {audio!r} has the name of the column with the sound; export to Parquet instead",
            audio=SchemeName(AUDIO),
        )
    licence = "\n".join(plan.licences)
    columns = {column: feature(column, classes.get(column)) for column in plan.full}
    kept: set[int] = set()
    (folder / RECORDINGS).mkdir()
    said = Folder(folder, columns | {AUDIO: {"_type": "Audio"}}, licence, arrow.about(plan))
    sounds = Folder(folder / RECORDINGS, _recording_features(), licence, "{}")
    with said, sounds:
        for line in lines:
            row = {name: class_ids(line.values[name], classes.get(name)) for name in plan.full}
            said.add(row | {"audio": _clip(line, done)})
            if line.recording is not None and line.recording.id not in kept:
                kept.add(line.recording.id)
                sounds.add(_recording(line.recording, line))
            done.utterances += 1
    return done


def feature(column: str, scheme: Scheme | None) -> dict[str, Any]:
    """The `datasets` feature of a column, as dataset_info.json says it; of a scheme's column, its classes."""
    if scheme is None:
        return {"dtype": str(arrow.field_type(column)), "_type": "Value"}
    one = {"names": list(scheme.codes), "_type": "ClassLabel"}
    return one if scheme.kind == "single" or column == "label" else {"feature": one, "_type": "Sequence"}


def arrow_type(about: Mapping[str, Any]) -> pa.DataType:
    if about["_type"] == "Sequence":
        return pa.list_(pa.int64())
    if about["_type"] == "Audio":
        return _AUDIO
    return {"string": pa.string(), "bool": pa.bool_()}.get(about.get("dtype", ""), pa.int64())


def class_ids(value: Any, scheme: Scheme | None) -> Any:
    """A stored answer as class ids; what is none, or a class id already, stays."""
    if scheme is None or not isinstance(value, str):
        return value
    ids = [scheme.index(code) for code in parts(value)]
    return ids if scheme.kind == "multi" else ids[0]


class Folder:
    """One data set being written; complete once the `with` is left without an error."""

    def __init__(self, folder: Path, features: Mapping[str, Any], licence: str, about: str) -> None:
        self._folder, self._features, self._licence = folder, dict(features), licence
        told = json.dumps({"info": {"features": self._features}}, ensure_ascii=False)
        fields = [(name, arrow_type(one)) for name, one in self._features.items()]
        self._schema = pa.schema(fields, metadata={"huggingface": told, arrow.ABOUT: about})
        self._rows: list[dict[str, Any]] = []
        self._waiting, self._written, self._shards = 0, 0, 0
        self._out: pa.ipc.RecordBatchStreamWriter | None = None
        self._digest = hashlib.sha256()

    def __enter__(self) -> "Folder":
        self._open()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self._flush()
        if self._out is not None:
            self._out.close()
        if kind is None:
            self._finish()

    def add(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        self._waiting += len((row["audio"] or {}).get("bytes") or b"")
        if self._waiting >= BLOCK_BYTES or len(self._rows) >= BLOCK_ROWS:
            self._flush()

    def _open(self) -> None:
        if self._out is not None:
            self._out.close()
        self._out = pa.ipc.new_stream(str(self._folder / f"{self._shards}.part"), self._schema)
        self._shards, self._written = self._shards + 1, 0

    def _flush(self) -> None:
        if not self._rows or self._out is None:
            return
        if self._written >= SHARD_BYTES:
            self._open()
        batch = pa.RecordBatch.from_pylist(self._rows, schema=self._schema)
        self._out.write_batch(batch)
        self._written += batch.nbytes
        self._digest.update(json.dumps([_told(row) for row in self._rows], ensure_ascii=False).encode())
        self._rows, self._waiting = [], 0

    def _finish(self) -> None:
        names = [f"data-{k:05d}-of-{self._shards:05d}.arrow" for k in range(self._shards)]
        for k, name in enumerate(names):
            (self._folder / f"{k}.part").rename(self._folder / name)
        state: dict[str, Any] = {
            "_data_files": [{"filename": name} for name in names], "_fingerprint": self._digest.hexdigest()[:16],
            "_format_columns": None, "_format_kwargs": {}, "_format_type": None, "_output_all_columns": False,
            "_split": None,
        }  # fmt: skip
        info = {"citation": "", "description": "", "features": self._features, "homepage": "", "license": self._licence}
        for name, told in (("state.json", state), ("dataset_info.json", info)):
            write_json(self._folder / name, told, indent=2)


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    sound = (row["audio"] or {}).get("bytes")
    return dict(row) | {"audio": None if sound is None else sha256(sound)}


def _clip(line: Line, done: Written) -> dict[str, Any] | None:
    """The utterance's own sound; None where there is none."""
    start, end = line.values["start_ms"], line.values["end_ms"]
    if line.audio is None or start is None or end is None:
        return None
    name = f"{line.values['id']}.wav"
    try:
        return {"bytes": read_clip(line.audio, start, end, name), "path": name}
    except AudioError as error:
        done.leave_out(f"clip: {error.reason}")
        return None


def _recording_features() -> dict[str, Any]:
    kinds = {"duration_ms": "int64", "sample_rate_hz": "int64"}
    told: dict[str, Any] = {c: {"dtype": kinds.get(c, "string"), "_type": "Value"} for c in RECORDING_COLUMNS}
    return told | {"audio": {"_type": "Audio"}}


def _recording(one: Recording, line: Line) -> dict[str, Any]:
    sound = None if line.audio is None else {"bytes": line.audio.read_bytes(), "path": line.audio.name}
    return {
        "key": one.key, "duration_ms": one.duration_ms, "sample_rate_hz": one.sample_rate_hz, "sha256": one.sha256,
        "meta": json.dumps(dict(one.meta), ensure_ascii=False), "audio": sound,
        "source": line.values.get("_source"), "licence": line.values.get("_licence"),
    }  # fmt: skip
