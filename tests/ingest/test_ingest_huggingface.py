"""Tests core.ingest.huggingface: datasets on disk as the library `datasets` saves them, read by pyarrow alone."""

import json
import random
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from aihub119_files import wav_bytes
from corpus_files import INTENTS, MINDS, arrow_table, minds_row, save_splits, save_to_disk, write_parquet

from core.errors import InputError
from core.ingest.entries import Entry
from core.ingest.huggingface.dataset import ColumnMapping, Dataset, open_dataset, read
from core.records import NewRecording, NewUtterance, Skip

REVIEWS: dict[str, Any] = {
    "id": {"dtype": "int64", "_type": "Value"},
    "sentence": {"dtype": "string", "_type": "Value"},
    "mood": {"dtype": "string", "_type": "Value"},
    "emotions": {"feature": {"names": ["joy", "anger", "fear"], "_type": "ClassLabel"}, "_type": "Sequence"},
    "speaker_id": {"dtype": "string", "_type": "Value"},
}


def review(number: int, **changes: Any) -> dict[str, Any]:
    row = {"id": number, "sentence": f"말 {number}", "mood": "good", "emotions": [0, 2], "speaker_id": f"S{number % 2}"}
    return row | changes


def read_all(data: Dataset) -> tuple[list[Entry], dict[str, str]]:
    items = list(read(data))
    return [i for i in items if isinstance(i, Entry)], {i.where: i.reason for i in items if isinstance(i, Skip)}


def parquet(
    tmp_path: Path, *rows: dict[str, Any], features: dict[str, Any] = MINDS, name: str = "data.parquet"
) -> Path:
    return write_parquet(tmp_path / name, rows, features)


def test_minds_as_parquet_needs_no_options(tmp_path: Path) -> None:
    path = write_parquet(
        tmp_path / "minds14" / "ko-KR" / "train-00000-of-00001.parquet", [minds_row(k) for k in range(4)]
    )
    data = open_dataset(tmp_path / "minds14", ColumnMapping())
    assert (data.name, data.total, data.skips) == ("minds14", 4, [])
    assert data.mapping == ColumnMapping(
        "transcription", "audio", "", {"intent-class": "intent_class", "lang-id": "lang_id"}
    )
    assert data.values("intent-class") == list(INTENTS)
    entries, skips = read_all(data)
    assert skips == {}
    entry = entries[1]
    assert entry.labels == {"intent-class": ("address",), "lang-id": ("ko-KR",)}
    recording = entry.record
    assert isinstance(recording, NewRecording)
    assert (recording.duration_ms, recording.sample_rate_hz) == (700, 8000)
    assert entry.sound is not None
    assert entry.sound.data == wav_bytes(700, hz=201)
    (utterance,) = recording.utterances
    assert (utterance.text, utterance.start_ms, utterance.end_ms, utterance.group) == (
        "계좌 주소를 바꾸고 싶어요 1",
        0,
        700,
        recording.key,
    )
    assert recording.meta["split"] == "ko-KR/train"
    assert recording.meta["columns"] == {
        "path": "ko-KR~ADDRESS/1.wav", "audio": "1.wav", "english_transcription": "I want to change my address 1",
        "intent_class": "address", "lang_id": "ko-KR",
    }  # fmt: skip
    assert path.name in entry.where


def test_a_saved_dataset_with_splits_and_shards(tmp_path: Path) -> None:
    save_splits(tmp_path / "d", train=[minds_row(k) for k in range(3)], test=[minds_row(7)])
    entries, skips = read_all(open_dataset(tmp_path / "d", ColumnMapping()))
    assert skips == {}
    assert [e.record.meta["split"] for e in entries] == ["test", "train", "train", "train"]
    save_to_disk(tmp_path / "s", [minds_row(k) for k in range(5)], shards=2)
    entries, _ = read_all(open_dataset(tmp_path / "s", ColumnMapping()))
    assert sorted(e.record.meta["columns"]["audio"] for e in entries) == [f"{k}.wav" for k in range(5)]
    assert len({e.record.key for e in entries}) == 5


def test_features_come_from_dataset_info_where_the_schema_lacks_them(tmp_path: Path) -> None:
    data = open_dataset(save_to_disk(tmp_path / "s", [minds_row(1)], with_features=False), ColumnMapping())
    assert data.values("intent-class") == list(INTENTS)


def test_texts_without_audio_are_sentences_with_groups_and_several_classes(tmp_path: Path) -> None:
    path = parquet(tmp_path, review(0), review(1, mood=None), review(2, emotions=[]), features=REVIEWS)
    data = open_dataset(path, ColumnMapping(labels={"mood": "mood", "emotions": "emotions"}))
    assert (data.values("mood"), data.values("emotions")) == (["good"], ["joy", "anger", "fear"])
    assert (data.multi("mood"), data.multi("emotions")) == (False, True)
    entries, skips = read_all(data)
    assert skips == {}
    first = entries[0].record
    assert isinstance(first, NewUtterance)
    assert (first.text, first.group, first.speaker) == ("말 0", "hf:data.parquet:speaker_id:S0", "S0")
    assert [e.labels for e in entries] == [
        {"mood": ("good",), "emotions": ("joy", "fear")}, {"emotions": ("joy", "fear")}, {"mood": ("good",)},
    ]  # fmt: skip


def test_numbers_are_classes_in_numeric_order_and_unlabelled_is_none(tmp_path: Path) -> None:
    features = {"text": {"dtype": "string", "_type": "Value"}, "n": {"dtype": "float64", "_type": "Value"}}
    rows = [{"text": "가", "n": float(v)} for v in (10, 2, float("nan"))]
    data = open_dataset(write_parquet(tmp_path / "a.parquet", rows, features), ColumnMapping(labels={"n": "n"}))
    assert data.values("n") == ["2", "10"]
    assert [e.labels for e in read_all(data)[0]] == [{"n": ("10",)}, {"n": ("2",)}, {}]
    data = open_dataset(
        parquet(tmp_path, minds_row(0, intent_class=-1), minds_row(1, intent_class=99)), ColumnMapping()
    )
    assert [e.labels.get("intent-class") for e in read_all(data)[0]] == [None, None]


def test_a_column_with_too_many_values_is_no_label(tmp_path: Path) -> None:
    path = parquet(tmp_path, *(review(k) for k in range(1100)), features=REVIEWS)
    with pytest.raises(InputError, match="column sentence has more than 1,000 values: that is no label"):
        open_dataset(path, ColumnMapping(text="sentence", labels={"x": "sentence"})).values("x")


def test_bad_rows_are_named_and_the_rest_is_read(tmp_path: Path) -> None:
    rows = [
        minds_row(0, audio={"bytes": b"no sound at all", "path": "x.wav"}),
        minds_row(1, audio={"bytes": None, "path": "/etc/hostname"}),
        minds_row(2, audio={"bytes": None, "path": "../secret.wav"}),
        minds_row(3, audio=None, transcription=None),
        minds_row(4, audio=None),
        minds_row(5, transcription=None),
    ]
    (tmp_path / "d").mkdir()
    (tmp_path / "secret.wav").write_bytes(wav_bytes())
    entries, skips = read_all(open_dataset(parquet(tmp_path / "d", *rows), ColumnMapping()))
    assert skips == {
        "data.parquet, row 1": "not audio: text, UTF-8",
        "data.parquet, row 2": "its audio is not in the data set, only a path (/etc/hostname)",
        "data.parquet, row 3": "its audio is not in the data set, only a path (../secret.wav)",
        "data.parquet, row 4": "neither text nor audio",
    }
    assert [(type(e.record).__name__, e.notes) for e in entries] == [
        ("NewUtterance", ("row without audio",)), ("NewRecording", ("utterance without text",)),
    ]  # fmt: skip


def test_audio_beside_the_data_is_followed_below_its_folder(tmp_path: Path) -> None:
    parquet(tmp_path / "d", minds_row(0, audio={"bytes": None, "path": "clips/a.wav"}))
    (tmp_path / "d" / "clips").mkdir()
    (tmp_path / "d" / "clips" / "a.wav").write_bytes(wav_bytes(900))
    ((entry,), skips) = read_all(open_dataset(tmp_path / "d", ColumnMapping()))
    assert skips == {}
    assert isinstance(entry.record, NewRecording)
    assert entry.record.duration_ms == 900


def test_damaged_files_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    save_to_disk(folder / "train", [minds_row(k) for k in range(6)])
    (folder / "dataset_dict.json").write_text('{"splits": ["train", "../../etc", "gone"]}')
    shard = folder / "train" / "data-00000-of-00001.arrow"
    whole = shard.read_bytes()
    shard.write_bytes(whole[: len(whole) * 2 // 3])
    save_to_disk(folder / "other", [minds_row(9)])
    (folder / "dataset_dict.json").write_text('{"splits": ["train", "other"]}')
    entries, skips = read_all(open_dataset(folder, ColumnMapping()))
    assert len(entries) >= 1
    assert list(skips) == ["train/data-00000-of-00001.arrow"]
    shard.write_bytes(b"\0" * 100)
    entries, skips = read_all(open_dataset(folder, ColumnMapping()))
    assert len(entries) == 1
    assert "not a readable Arrow or Parquet file" in skips["train/data-00000-of-00001.arrow"]


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
def test_flipped_bytes_end_in_rows_skips_or_one_error(tmp_path: Path, suffix: str) -> None:
    rows = [minds_row(k) for k in range(3)]
    source = (
        parquet(tmp_path, *rows) if suffix == ".parquet" else next(save_to_disk(tmp_path / "s", rows).glob("*.arrow"))
    )
    whole, rng, file = source.read_bytes(), random.Random(5), tmp_path / f"x{suffix}"
    for _ in range(40):
        broken = bytearray(whole)
        for _ in range(rng.randint(1, 6)):
            near = rng.randrange(4000)  # where the headers are: at the start, at the end
            broken[rng.choice([near, len(whole) - 1 - near, rng.randrange(len(whole))])] = rng.randrange(256)
        file.write_bytes(broken)
        try:
            data = open_dataset(file, ColumnMapping())
            names = [value for scheme in data.labels for value in data.values(scheme)]
            items = list(read(data))
        except InputError:
            continue
        assert all(isinstance(name, str) for name in names)
        assert all(isinstance(i, Entry) or (i.where and i.reason) for i in items)


def test_a_dataset_cannot_name_files_outside_its_folder(tmp_path: Path) -> None:
    save_to_disk(tmp_path / "outside", [minds_row(0)])
    folder = save_to_disk(tmp_path / "d", [minds_row(1)])
    for name in ("../outside/data-00000-of-00001.arrow", "/etc/passwd", "..", ""):
        (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name}, {}, 3]}))
        with pytest.raises(InputError, match="neither Arrow nor Parquet files in it"):
            open_dataset(folder, ColumnMapping())
    (folder / "state.json").unlink()
    (folder / "link.arrow").symlink_to(tmp_path / "outside" / "data-00000-of-00001.arrow")
    entries, skips = read_all(open_dataset(folder, ColumnMapping()))
    assert (len(entries), skips) == (1, {"link.arrow": "a link that leaves the folder, or no regular file"})


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        (ColumnMapping(text="speech"), "no column speech; there are path, audio, transcription"),
        (ColumnMapping(labels={"danger": "risk"}), "no column risk"),
        (ColumnMapping(audio="path"), "column path holds no audio"),
    ],
)
def test_wrong_columns_are_refused_with_those_there_are(tmp_path: Path, mapping: ColumnMapping, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        open_dataset(parquet(tmp_path, minds_row(0)), mapping)


def test_what_is_no_dataset_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"PAR1 but no more")
    (tmp_path / "empty").mkdir()
    for name, reason in [
        ("nowhere", "no such file or folder"),
        ("empty", "neither Arrow nor Parquet"),
        ("x.parquet", "not a readable Arrow or Parquet file"),
    ]:
        with pytest.raises(InputError, match=reason):
            open_dataset(tmp_path / name, ColumnMapping())
    features = {"n": {"dtype": "int64", "_type": "Value"}}
    with pytest.raises(InputError, match="no column that looks like text or audio: name one of n"):
        open_dataset(write_parquet(tmp_path / "n.parquet", [{"n": 1}], features), ColumnMapping())


def test_features_that_lie_about_the_types_are_not_believed(tmp_path: Path) -> None:
    lies = {
        "text": {"names": ["a"], "_type": "ClassLabel"}, "label": {"names": ["a", 3], "_type": "ClassLabel"},
        "audio": {"_type": "Audio"}, "odd": ["?"],
    }  # fmt: skip
    table = pa.table({"text": ["불이야"], "label": [0], "audio": [1.5], "odd": [{"a": [b"x"]}]})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": lies}})})

    pq.write_table(table, tmp_path / "a.parquet")
    data = open_dataset(tmp_path / "a.parquet", ColumnMapping())
    assert data.mapping == ColumnMapping("text", "", "", {})
    ((entry,), skips) = read_all(data)
    assert skips == {}
    assert entry.record.meta["columns"] == {"label": 0, "audio": 1.5, "odd": {"a": ["<1 bytes>"]}}


def test_the_same_data_has_the_same_keys_and_other_data_others(tmp_path: Path) -> None:
    keys = [e.record.key for e in read_all(open_dataset(parquet(tmp_path / "a", minds_row(0)), ColumnMapping()))[0]]
    keys_again = [
        e.record.key for e in read_all(open_dataset(parquet(tmp_path / "b", minds_row(0)), ColumnMapping()))[0]
    ]
    other_keys = [
        e.record.key for e in read_all(open_dataset(parquet(tmp_path / "c", minds_row(1)), ColumnMapping()))[0]
    ]
    assert keys == keys_again != other_keys


def test_reading_needs_no_datasets_package(tmp_path: Path) -> None:
    read_all(open_dataset(parquet(tmp_path, minds_row(0)), ColumnMapping()))
    assert "datasets" not in sys.modules


def test_what_the_datasets_library_saves_is_read(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="the optional package datasets is not installed")
    rows = [minds_row(k) for k in range(3)]
    saved = datasets.Dataset(arrow_table(rows, MINDS))
    assert isinstance(saved.features["audio"], datasets.Audio)
    datasets.DatasetDict(train=saved, test=saved.select([2])).save_to_disk(str(tmp_path / "d"))
    entries, skips = read_all(open_dataset(tmp_path / "d", ColumnMapping()))
    assert skips == {}
    assert [e.labels["intent-class"] for e in entries] == [("app_error",), ("abroad",), ("address",), ("app_error",)]
    assert len(datasets.load_from_disk(str(save_to_disk(tmp_path / "ours", rows)))) == 3
    saved.to_parquet(str(tmp_path / "x.parquet"))
    assert len(read_all(open_dataset(tmp_path / "x.parquet", ColumnMapping()))[0]) == 3


def test_a_hub_gives_data_files_and_no_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library reads a folder as it reads a repository of a hub."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    pytest.importorskip("datasets", reason="the optional package datasets is not installed")
    from core.ingest.huggingface.hub import fetch

    write_parquet(tmp_path / "hub" / "data" / "train-00000-of-00001.parquet", [minds_row(k) for k in range(2)])
    data = open_dataset(fetch(str(tmp_path / "hub"), "", tmp_path / "got"), ColumnMapping())
    entries, skips = read_all(data)
    assert (len(entries), skips, entries[0].record.meta["split"]) == (2, {}, "train")
    with pytest.raises(InputError, match=r"cannot be fetched: .*save it with save_to_disk"):
        fetch(str(tmp_path / "nothing" / "there"), "", tmp_path / "none")
