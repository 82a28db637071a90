"""Builds files of foreign corpora for tests: Hugging Face datasets (by pyarrow alone) and labels of AI Hub corpora."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from aihub119_files import wav_bytes

INTENTS = ("abroad", "address", "app_error")
MINDS: dict[str, Any] = {
    "path": {"dtype": "string", "_type": "Value"},
    "audio": {"sampling_rate": 8000, "_type": "Audio"},
    "transcription": {"dtype": "string", "_type": "Value"},
    "english_transcription": {"dtype": "string", "_type": "Value"},
    "intent_class": {"names": list(INTENTS), "_type": "ClassLabel"},
    "lang_id": {"names": ["en-US", "ko-KR"], "_type": "ClassLabel"},
}
_AUDIO = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_TYPES = {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64()}


def minds_row(number: int, **changes: Any) -> dict[str, Any]:
    """A row with the columns of MInDS-14; `changes` replaces fields."""
    row: dict[str, Any] = {
        "path": f"ko-KR~{INTENTS[number % 3].upper()}/{number}.wav",
        "audio": {"bytes": wav_bytes(700, hz=200 + number), "path": f"{number}.wav"},
        "transcription": f"계좌 주소를 바꾸고 싶어요 {number}",
        "english_transcription": f"I want to change my address {number}",
        "intent_class": number % 3,
        "lang_id": 1,
    }
    return row | changes


def arrow_table(rows: Sequence[Mapping[str, Any]], features: Mapping[str, Any], with_features: bool = True) -> pa.Table:
    """Rows as `datasets` stores them; `with_features` writes the features into the schema's metadata."""
    fields = [(name, _type(feature)) for name, feature in features.items()]
    metadata = {"huggingface": json.dumps({"info": {"features": features}})} if with_features else None
    return pa.Table.from_pylist([dict(row) for row in rows], schema=pa.schema(fields, metadata=metadata))


def _type(feature: Mapping[str, Any]) -> pa.DataType:
    kind = feature["_type"]
    if kind in ("Sequence", "List"):
        return pa.list_(_type(feature["feature"]))
    return {"Audio": _AUDIO, "ClassLabel": pa.int64()}.get(kind) or _TYPES[feature["dtype"]]


def write_parquet(path: Path, rows: Sequence[Mapping[str, Any]], features: Mapping[str, Any] = MINDS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(arrow_table(rows, features), path)
    return path


def save_to_disk(
    folder: Path,
    rows: Sequence[Mapping[str, Any]],
    features: Mapping[str, Any] = MINDS,
    shards: int = 1,
    with_features: bool = True,
) -> Path:
    """Write a folder as `Dataset.save_to_disk` does."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"data-{k:05d}-of-{shards:05d}.arrow" for k in range(shards)]
    for k, name in enumerate(names):
        table = arrow_table(rows[k::shards], features, with_features)
        with pa.OSFile(str(folder / name), "wb") as file, pa.ipc.new_stream(file, table.schema) as out:
            out.write_table(table, max_chunksize=2)
    state = {
        "_data_files": [{"filename": name} for name in names], "_fingerprint": "0" * 16, "_format_columns": None,
        "_format_kwargs": {}, "_format_type": None, "_output_all_columns": False, "_split": None,
    }  # fmt: skip
    (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")
    info = {"citation": "", "description": "", "features": dict(features), "homepage": "", "license": ""}
    (folder / "dataset_info.json").write_text(json.dumps(info), encoding="utf-8")
    return folder


def save_splits(folder: Path, **splits: Sequence[Mapping[str, Any]]) -> Path:
    """Write a folder as `DatasetDict.save_to_disk` does."""
    for name, rows in splits.items():
        save_to_disk(folder / name, rows)
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": list(splits)}), encoding="utf-8")
    return folder


def fetch_minds(dataset_id: str, config: str, folder: Path) -> Path:
    """Replaces a hub in tests: every dataset id has the same three rows."""
    return save_splits(folder, train=[minds_row(k, path=f"{dataset_id}:{config}") for k in range(3)])


def situation(number: int, **changes: Any) -> dict[str, Any]:
    """A label of 위급상황 음성/음향; `changes` replaces fields, `...` removes one."""
    fields: dict[str, Any] = {
        "audio_id": f"1.강제추행(성범죄)_{number}_label",
        "categories": {"category_01": "범죄", "category_02": "강제추행(성범죄)"},
        "note": "여성의 비명 소리",
        "device": "스마트폰",
    } | changes
    return {key: value for key, value in fields.items() if value is not ...}


def elder(number: int, text: str = "(SP:이케) 이렇게 앉아 있었지", **changes: Any) -> dict[str, Any]:
    """A label of 자유대화 음성(노인남녀), with the keys that public readers of it use; `...` removes a field."""
    utterance = {"fileNm": f"노인남여_{number}.wav", "stt": text, "recrdTime": "1.2"} | changes
    return {
        "발화정보": {key: value for key, value in utterance.items() if value is not ...},
        "대화정보": {"convrsThema": "가족", "cityCode": "수도권"},
        "녹음자정보": {"recorderId": f"R{number % 2}", "gender": "여", "age": 71},
    }


def as_json(value: Any, encoding: str = "utf-8") -> bytes:
    return json.dumps(value, ensure_ascii=False).encode(encoding)
