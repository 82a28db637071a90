"""A Hugging Face `datasets` folder. `datasets.load_from_disk(FOLDER)` reads it; writing it needs only pyarrow.

Each row is one utterance with all columns. Labels are ClassLabel (the class id is the position in the scheme; for
several classes, a list of them), and `audio` is a mono WAV of exactly the utterance. `FOLDER/recordings` is a second
data set: each recording once, as it was delivered; a re-import reads it. The files are Arrow streams; after
`SHARD_BYTES` a new file begins. A block of rows is written before it exceeds `BLOCK_BYTES`, so memory does not grow
with the corpus.

A clip that cannot be read is empty and counted. The fingerprint is made of the content, so equal exports have equal
ones.
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
from core.export.rows import ExportReport, Line, Plan
from core.files import sha256, write_json
from core.messages import SchemeName
from core.records import Recording
from core.schemes import Scheme, split_codes

SHARD_BYTES = 500_000_000
BLOCK_BYTES, BLOCK_ROWS = 16_000_000, 1_000
AUDIO, RECORDINGS = "audio", "recordings"
RECORDING_COLUMNS = ("key", "duration_ms", "sample_rate_hz", "sha256", "meta", "source", "licence")

_AUDIO = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def write(folder: Path, plan: Plan, lines: Iterable[Line]) -> ExportReport:
    """Write both data sets. `InputError` if a scheme is called like the column with the sound."""
    report = ExportReport()
    classes = {"label": plan.frozen} if plan.frozen else {s.name: s for s in plan.schemes}
    if AUDIO in classes:
        raise InputError(
            "scheme {audio!r} has the name of the column with the sound; export to Parquet instead",
            audio=SchemeName(AUDIO),
        )
    licence = "\n".join(plan.licences)
    columns = {column: feature(column, classes.get(column)) for column in plan.full}
    added: set[int] = set()
    (folder / RECORDINGS).mkdir()
    utterances = Folder(folder, columns | {AUDIO: {"_type": "Audio"}}, licence, arrow.metadata_json(plan))
    recordings = Folder(folder / RECORDINGS, _recording_features(), licence, "{}")
    with utterances, recordings:
        for line in lines:
            row = {name: class_ids(line.values[name], classes.get(name)) for name in plan.full}
            utterances.add(row | {"audio": _clip(line, report)})
            if line.recording is not None and line.recording.id not in added:
                added.add(line.recording.id)
                recordings.add(_recording(line.recording, line))
            report.utterances += 1
    return report


def feature(column: str, scheme: Scheme | None) -> dict[str, Any]:
    """The `datasets` feature of a column, as dataset_info.json describes it; a scheme's column lists its classes."""
    if scheme is None:
        return {"dtype": str(arrow.field_type(column)), "_type": "Value"}
    class_label = {"names": list(scheme.codes), "_type": "ClassLabel"}
    return (
        class_label if scheme.kind == "single" or column == "label" else {"feature": class_label, "_type": "Sequence"}
    )


def arrow_type(column_feature: Mapping[str, Any]) -> pa.DataType:
    """The Arrow type of a column with this feature."""
    if column_feature["_type"] == "Sequence":
        return pa.list_(pa.int64())
    if column_feature["_type"] == "Audio":
        return _AUDIO
    return {"string": pa.string(), "bool": pa.bool_()}.get(column_feature.get("dtype", ""), pa.int64())


def class_ids(value: Any, scheme: Scheme | None) -> Any:
    """A stored answer as class ids. None, and a value that is a class id already, are returned as they are."""
    if scheme is None or not isinstance(value, str):
        return value
    ids = [scheme.index(code) for code in split_codes(value)]
    return ids if scheme.kind == "multi" else ids[0]


class Folder:
    """A data set that is being written. It is complete after the `with` block ends without an error."""

    def __init__(self, folder: Path, features: Mapping[str, Any], licence: str, schemes_json: str) -> None:
        self._folder, self._features, self._licence = folder, dict(features), licence
        info = json.dumps({"info": {"features": self._features}}, ensure_ascii=False)
        fields = [(name, arrow_type(spec)) for name, spec in self._features.items()]
        self._schema = pa.schema(fields, metadata={"huggingface": info, arrow.METADATA_KEY: schemes_json})
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
        """Add a row; full blocks are written to disk."""
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
        self._digest.update(json.dumps([_digest_row(row) for row in self._rows], ensure_ascii=False).encode())
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
        for name, content in (("state.json", state), ("dataset_info.json", info)):
            write_json(self._folder / name, content, indent=2)


def _digest_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as JSON for the fingerprint; its sound is replaced by the SHA-256."""
    sound = (row["audio"] or {}).get("bytes")
    return dict(row) | {"audio": None if sound is None else sha256(sound)}


def _clip(line: Line, report: ExportReport) -> dict[str, Any] | None:
    """The sound of the utterance alone; None if there is none or it cannot be read."""
    start, end = line.values["start_ms"], line.values["end_ms"]
    if line.audio is None or start is None or end is None:
        return None
    name = f"{line.values['id']}.wav"
    try:
        return {"bytes": read_clip(line.audio, start, end, name), "path": name}
    except AudioError as error:
        report.leave_out(f"clip: {error.reason}")
        return None


def _recording_features() -> dict[str, Any]:
    kinds = {"duration_ms": "int64", "sample_rate_hz": "int64"}
    features: dict[str, Any] = {c: {"dtype": kinds.get(c, "string"), "_type": "Value"} for c in RECORDING_COLUMNS}
    return features | {"audio": {"_type": "Audio"}}


def _recording(recording: Recording, line: Line) -> dict[str, Any]:
    sound = None if line.audio is None else {"bytes": line.audio.read_bytes(), "path": line.audio.name}
    return {
        "key": recording.key, "duration_ms": recording.duration_ms, "sample_rate_hz": recording.sample_rate_hz,
        "sha256": recording.sha256,
        "meta": json.dumps(dict(recording.meta), ensure_ascii=False), "audio": sound,
        "source": line.values.get("_source"), "licence": line.values.get("_licence"),
    }  # fmt: skip
