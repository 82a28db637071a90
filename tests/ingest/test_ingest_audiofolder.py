"""Tests core.ingest.huggingface.audiofolder: folders of audio with metadata tables, splits and class folders."""

import json
import unicodedata
from pathlib import Path

import pytest
from aihub119_files import wav_bytes, write_tree, write_zip
from odd_sounds import encoded

from core.errors import InputError
from core.ingest.entries import Entry
from core.ingest.huggingface.audiofolder import AudioFolderDataset, is_audiofolder, open_audiofolder, read_audiofolder
from core.ingest.huggingface.dataset import ColumnMapping
from core.records import NewRecording, NewUtterance, Skip

HEAD = "file_name,transcription,label,speaker_id\n"


def sound(n: int) -> bytes:
    return wav_bytes(700, hz=200 + n)


def read(path: Path, mapping: ColumnMapping | None = None) -> tuple[AudioFolderDataset, list[Entry], dict[str, str]]:
    assert is_audiofolder(path)
    data = open_audiofolder(path, mapping or ColumnMapping())
    items = list(read_audiofolder(data))
    skips = {item.where: item.reason for item in items if isinstance(item, Skip)}
    return data, [item for item in items if isinstance(item, Entry)], skips


def told(entry: Entry) -> tuple[str, dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Text, labels and tags of an entry."""
    record = entry.record
    utterance = record.utterances[0] if isinstance(record, NewRecording) else record
    return utterance.text, dict(entry.labels), utterance.tags


def test_a_metadata_csv_gives_text_label_and_speaker(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "d", {
        "metadata.csv": (HEAD + "a.wav,불이야,위험,kim\nsub/b.wav,네,정상,lee\n").encode(),
        "a.wav": sound(1), "sub/b.wav": sound(2), "README.md": b"# card",
    })  # fmt: skip
    data, entries, skips = read(root)
    assert skips == {}
    assert (data.mapping.text, data.mapping.group, data.labels) == ("transcription", "speaker_id", {"label": "label"})
    assert data.values("label") == ["위험", "정상"]
    assert [told(entry) for entry in entries] == [
        ("불이야", {"label": ("위험",)}, ()),
        ("네", {"label": ("정상",)}, ()),
    ]
    first = entries[0].record
    assert isinstance(first, NewRecording)
    assert (first.duration_ms, first.utterances[0].speaker, first.utterances[0].group) == (
        700,
        "kim",
        "hf:d:speaker_id:kim",
    )
    assert entries[0].sound is not None
    assert entries[0].sound.data == sound(1)
    assert first.meta["columns"] == {"file_name": "a.wav", "label": "위험", "speaker_id": "kim"}


def test_jsonl_in_split_folders_with_lists_as_classes(tmp_path: Path) -> None:
    lines = [
        {"file_name": "1.wav", "text": "하나", "labels": ["a", "b"]},
        {"file_name": "2.wav", "text": "둘", "labels": ["b"]},
    ]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
    files = {"train/metadata.jsonl": text, "train/1.wav": sound(1), "train/2.wav": sound(2)}
    files |= {"test/metadata.jsonl": text.splitlines(keepends=True)[0], "test/1.wav": sound(3)}
    data, entries, skips = read(write_tree(tmp_path / "d", files))
    assert skips == {}
    assert (data.labels, data.multi("labels-label"), data.values("labels-label")) == (
        {"labels-label": "labels"}, True, ["a", "b"],
    )  # fmt: skip
    assert [told(entry) for entry in entries] == [
        ("하나", {"labels-label": ("a", "b")}, ("split:test",)),
        ("하나", {"labels-label": ("a", "b")}, ("split:train",)),
        ("둘", {"labels-label": ("b",)}, ("split:train",)),
    ]  # fmt: skip
    assert len({entry.record.key for entry in entries}) == 3


def test_class_folders_are_labels_where_nothing_describes_the_files(tmp_path: Path) -> None:
    files = {"train/위험/1.wav": sound(1), "train/정상/1.wav": sound(2), "test/위험/2.wav": sound(3)}
    data, entries, _ = read(write_tree(tmp_path / "d", files))
    assert data.values("label") == ["위험", "정상"]
    assert [told(entry) for entry in entries] == [
        ("", {"label": ("위험",)}, ("split:test",)), ("", {"label": ("위험",)}, ("split:train",)),
        ("", {"label": ("정상",)}, ("split:train",)),
    ]  # fmt: skip
    _, entries, _ = read(tmp_path / "d", ColumnMapping(labels={"danger": "folder"}))
    assert [entry.labels for entry in entries] == [{"danger": ("위험",)}, {"danger": ("위험",)}, {"danger": ("정상",)}]


def test_one_folder_is_no_class(tmp_path: Path) -> None:
    data, entries, _ = read(write_tree(tmp_path / "d", {"train/audio/1.wav": sound(1), "train/audio/2.wav": sound(2)}))
    assert (data.labels, [entry.labels for entry in entries]) == ({}, [{}, {}])


def test_files_and_rows_without_each_other_are_named_and_kept(tmp_path: Path) -> None:
    rows = "a.wav,하나,x,\na.wav,다시,x,\n7.wav,일곱,y,\nz.wav,,y,\n,빈,y,\nbad.wav,깨짐,x,\n"
    files = {"metadata.csv": (HEAD + rows).encode(), "a.wav": sound(1), "b.wav": sound(2), "007.wav": sound(3)}
    data, entries, skips = read(
        write_tree(tmp_path / "d", files | {"bad.wav": b"RIFF\x04\0\0\0WAVE", "x.txt": b"note"})
    )
    assert skips == {
        "d/x.txt": "neither audio nor a metadata table",
        "d/metadata.csv, row 3": "the file 'a.wav' was described before: the first is kept",
        "d/bad.wav": skips["d/bad.wav"],
        "d/metadata.csv, row 4": "its file '7.wav' is not there; nearest names: 007.wav: text imported without audio",
        "d/metadata.csv, row 5": "its file 'z.wav' is not there; nearest names: -; left out, since it has no text",
        "d/metadata.csv, row 6": "its file '' is not there; nearest names: -: text imported without audio",
        "d/metadata.csv, row 7": "its file cannot be read: text imported without audio",
    }
    assert [(told(entry)[0], isinstance(entry.record, NewUtterance)) for entry in entries] == [
        ("", False), ("하나", False), ("", False), ("깨짐", True), ("일곱", True), ("빈", True),
    ]  # fmt: skip
    assert [note for note in entries[0].notes if "no metadata" in note] == [
        "audio file that no metadata describes: imported without a text"
    ]
    assert data.total == 7


def test_names_in_another_form_and_zips_in_the_folder(tmp_path: Path) -> None:
    rows = f"{unicodedata.normalize('NFD', '가')}.WAV,하나,x,\n"
    root = write_tree(tmp_path / "d", {"metadata.csv": (HEAD + rows).encode("utf-16"), "가.wav": sound(1)})
    write_zip(root / "more.zip", [("metadata.csv", (HEAD + "in.wav,둘,y,\n").encode()), ("in.wav", sound(2))])
    _, entries, skips = read(root)
    assert skips == {}
    assert sorted(told(entry)[0] for entry in entries) == ["둘", "하나"]
    _, entries, skips = read(root / "more.zip")
    assert ([told(entry)[0] for entry in entries], skips) == (["둘"], {})


def test_rows_of_two_folders_never_share_a_file(tmp_path: Path) -> None:
    rows = "x/1.wav,하나,x,\ny/1.wav,둘,y,\n"
    root = write_tree(tmp_path / "d", {"metadata.csv": (HEAD + rows).encode(), "1.wav": sound(1)})
    _, entries, skips = read(root)
    assert [(told(entry)[0], entry.sound is not None) for entry in entries] == [
        ("", True),
        ("하나", False),
        ("둘", False),
    ]
    reason = "its file 'x/1.wav' is not there; nearest names: 1.wav: text imported without audio"
    assert skips["d/metadata.csv, row 2"] == reason


def test_a_table_without_file_names_is_named(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "d", {"metadata.csv": "path,text\na.wav,하나\n".encode(), "a.wav": sound(1)})
    _, entries, skips = read(root)
    assert skips == {
        "d/metadata.csv": "d/metadata.csv: no column file_name, so its rows name no file; there are path, text"
    }
    assert [told(entry)[0] for entry in entries] == [""]


def test_columns_that_are_not_there_and_folders_without_audio(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "d", {"metadata.csv": (HEAD + "a.wav,하나,x,k\n").encode(), "a.wav": sound(1)})
    with pytest.raises(InputError, match="no column stt; there are transcription, label, speaker_id, folder"):
        open_audiofolder(root, ColumnMapping(text="stt"))
    assert not is_audiofolder(write_tree(tmp_path / "e", {"metadata.csv": b"a", "data.parquet": b"x"}))
    assert not is_audiofolder(write_tree(tmp_path / "f", {"a.wav": b"a", "data.arrow": b"x"}))
    with pytest.raises(InputError, match="g: no audio file in it"):
        open_audiofolder(write_tree(tmp_path / "g", {"a.wav": b"text"}), ColumnMapping())


@pytest.mark.integration
def test_phone_audio_is_read_as_in_every_other_import(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "d", {
        "metadata.csv": b"file_name,transcription\na.m4a,fire\nb.amr,help\n",
        "a.m4a": encoded("a.m4a"), "b.amr": encoded("a.amr"), "c.txt": b"notes",
    })  # fmt: skip
    _, entries, skips = read(root)
    assert [told(entry)[0] for entry in entries] == ["fire", "help"]
    assert skips == {"d/c.txt": "neither audio nor a metadata table"}
