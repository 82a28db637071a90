"""Tests core.ingest.huggingface.files: a saved dataset that was filtered gives only the rows that it still has."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from corpus_files import save_to_disk

from core.errors import InputError
from core.ingest.entries import Entry
from core.ingest.huggingface.dataset import ColumnMapping, Dataset, open_dataset, read
from core.records import Skip

FEATURES: dict[str, Any] = {
    "text": {"dtype": "string", "_type": "Value"},
    "mood": {"dtype": "string", "_type": "Value"},
}
WORDS = ("하나", "둘", "셋", "넷", "다섯")


def save(folder: Path, indices: list[int] | None, shards: int = 1, **state: Any) -> Path:
    """Save the rows `WORDS`; `indices` is the table of row numbers, `state` changes state.json."""
    save_to_disk(folder, [{"text": word, "mood": f"m{n}"} for n, word in enumerate(WORDS)], FEATURES, shards)
    if indices is not None:
        table = pa.table({"indices": pa.array(indices, pa.uint64())})
        with pa.OSFile(str(folder / "indices.arrow"), "wb") as file, pa.ipc.new_stream(file, table.schema) as out:
            out.write_table(table)
    path = folder / "state.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | state), encoding="utf-8")
    return folder


LISTED = [{"filename": "indices.arrow"}]


def texts(data: Dataset) -> tuple[list[str], dict[str, str]]:
    items = list(read(data))
    words = [item.record.text for item in items if isinstance(item, Entry) and hasattr(item.record, "text")]
    return words, {item.where: item.reason for item in items if isinstance(item, Skip)}


@pytest.mark.parametrize(
    "state",
    [
        {"_indices_files": LISTED},
        {"_indices_data_files": LISTED},
        {"_indices_files": LISTED, "_indices_data_files": LISTED},
    ],
)
def test_only_the_rows_of_the_indices_in_their_order(tmp_path: Path, state: dict[str, Any]) -> None:
    data = open_dataset(save(tmp_path / "d", [2, 0], **state), ColumnMapping(labels={"mood": "mood"}))
    assert (data.total, data.values("mood")) == (2, ["m0", "m2"])
    assert texts(data) == (["셋", "하나"], {})


@pytest.mark.parametrize("state", [{}, {"_indices_files": None}, {"_indices_files": []}, {"_indices_data_files": None}])
def test_without_indices_all_rows_are_meant(tmp_path: Path, state: dict[str, Any]) -> None:
    data = open_dataset(save(tmp_path / "d", None, **state), ColumnMapping())
    assert texts(data) == (list(WORDS), {})


def test_indices_count_over_all_shards(tmp_path: Path) -> None:
    """Shard 0 holds rows 0, 2, 4 and shard 1 rows 1, 3, so the numbers 0 to 4 mean these in turn."""
    data = open_dataset(save(tmp_path / "d", [4, 0, 2], shards=2, _indices_files=LISTED), ColumnMapping())
    words, skips = texts(data)
    assert (sorted(words), skips, data.total) == (sorted(["넷", "하나", "다섯"]), {}, 3)
    keys = [item.record.key for item in read(data) if isinstance(item, Entry)]
    whole = open_dataset(save(tmp_path / "d", None, shards=2, _indices_files=None), ColumnMapping())
    assert set(keys) < {item.record.key for item in read(whole) if isinstance(item, Entry)}


def test_a_row_that_is_named_twice_is_kept_once(tmp_path: Path) -> None:
    data = open_dataset(save(tmp_path / "d", [1, 1, 3], _indices_files=LISTED), ColumnMapping())
    assert texts(data) == (
        ["둘", "넷"],
        {"data-00000-of-00001.arrow, row 2": "the dataset names this row twice: the first is kept"},
    )


def test_no_row_at_all(tmp_path: Path) -> None:
    data = open_dataset(save(tmp_path / "d", [], _indices_files=LISTED), ColumnMapping())
    assert (data.total, texts(data)) == (0, ([], {}))


@pytest.mark.parametrize(
    ("indices", "listed", "reason"),
    [
        ([9], LISTED, "row 9 of 5"),
        (None, LISTED, "a file that is not there"),
        ([0], [{"filename": "../indices.arrow"}], "a file name that is a path"),
        ([0], [{"name": "indices.arrow"}], "'filename'"),
        ([0], ["indices.arrow"], "string indices must be integers"),
        ([0], [{"filename": "data-00000-of-00001.arrow"}], "indices"),
    ],
)
def test_indices_that_cannot_be_used_bring_no_row_back(
    tmp_path: Path, indices: list[int] | None, listed: list[Any], reason: str
) -> None:
    folder = save(tmp_path / "d", indices, _indices_files=listed)
    with pytest.raises(InputError, match="the list of its rows cannot be used") as error:
        open_dataset(folder, ColumnMapping())
    assert reason in str(error.value)
