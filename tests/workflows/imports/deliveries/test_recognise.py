"""Every format is recognised by what it holds, and the numbers that a page shows are right."""

import json
from pathlib import Path

import pytest
from aihub119_files import deliver, label_bytes, stem, wav_bytes, write_tree, write_zip
from corpus_files import as_json, elder, minds_row, save_splits, situation, write_parquet
from spoken_files import srt, textgrid

from core.export import COLUMNS
from core.workflows.imports.deliveries.recognise import Kind, recognise


def test_zips_of_aihub119_are_counted_and_paired(tmp_path: Path) -> None:
    source, labels = deliver(tmp_path, range(3))
    write_zip(tmp_path / "TL_인천_구급.zip", [(f"{stem(7)}.json", label_bytes(7))])
    found = recognise([source, labels, tmp_path / "TL_인천_구급.zip"])
    assert (found.kind, found.labels, found.sounds, found.pairs, found.notes) == ("aihub119", 4, 3, 3, ())


def test_calls_pair_by_their_id_too(tmp_path: Path) -> None:
    write_tree(tmp_path, {f"{stem(1)}.json": label_bytes(1), f"{stem(1, '20230523120000')}.wav": wav_bytes()})
    assert recognise([tmp_path]).pairs == 1


def test_half_of_a_delivery_says_what_is_missing(tmp_path: Path) -> None:
    source, labels = deliver(tmp_path, range(2))
    (note,) = recognise([source]).notes
    assert recognise([source]).kind == "audio"
    assert note.startswith("These zips hold the sound of AI Hub 119 calls without their labels: add the zips")
    (note,) = recognise([labels]).notes
    assert recognise([labels]).kind == "aihub119"
    assert note.startswith("There is no audio: the calls come in as texts.")


TASKS = [{"id": 1, "data": {"text": "불이 났어요"}, "annotations": []}]
WHISPER = {"language": "ko", "segments": [{"start": 0.0, "end": 1.0, "text": "불이 났어요"}]}


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({"a.csv": "text\n불이 났어요\n".encode()}, "table"),
        ({"a.csv": b"file,text\nx.wav,1\n", "x.wav": wav_bytes()}, "table"),
        ({"rows.json": json.dumps([{"text": "불이 났어요"}, {"text": "네"}]).encode()}, "table"),
        ({"화남/1.wav": wav_bytes(), "화남/1.txt": b"x"}, "audio"),
        ({"a.TextGrid": textgrid({"t": [(0.0, 1.0, "네")]}), "a.wav": wav_bytes()}, "annotations"),
        ({"a.srt": srt("네"), "a.mp3": b"ID3"}, "annotations"),
        ({"a.json": json.dumps(WHISPER).encode(), "a.wav": wav_bytes()}, "annotations"),
        ({"project.json": json.dumps(TASKS).encode()}, "labelstudio"),
        ({"s.json": as_json(situation(1)), "s.wav": wav_bytes()}, "situation"),
        ({"e.json": as_json(elder(1)), "e.wav": wav_bytes()}, "elder"),
        ({"metadata.csv": b"file_name,text\nx.wav,a\n", "x.wav": wav_bytes()}, "huggingface"),
        ({"photo.png": b"\x89PNG", "memo.hwp": b"x"}, None),
    ],
)  # fmt: skip
def test_a_folder_is_recognised(tmp_path: Path, files: dict[str, bytes], kind: Kind | None) -> None:
    assert recognise([write_tree(tmp_path / "delivery", files)]).kind == kind


def test_saved_datasets_are_recognised(tmp_path: Path) -> None:
    saved = save_splits(tmp_path / "saved", train=[minds_row(1)])
    assert recognise([saved]).kind == "huggingface"
    shards = tmp_path / "shards"
    shards.mkdir()
    for n in (0, 1):
        write_parquet(shards / f"train-0000{n}-of-00002.parquet", [minds_row(n)])
    assert recognise([shards]).kind == "huggingface"


def test_an_export_of_this_program_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(",".join(COLUMNS) + "\n" + ",".join("" for _ in COLUMNS) + "\n", encoding="utf-8-sig")
    assert recognise([path]).kind == "gwidama"


def test_what_no_import_reads_is_named(tmp_path: Path) -> None:
    write_tree(tmp_path / "d", {"photo.png": b"\x89PNG", "a.csv": b"text\nx\n"})
    found = recognise([tmp_path / "d"])
    assert (found.kind, found.unread, found.unread_names) == ("table", 1, ("d/photo.png",))
    packed = write_zip(tmp_path / "t.zip", [("a.csv", b"text\nx\n")])
    assert recognise([packed]).notes == ("The tables are inside an archive: unpack it, and add the tables themselves.",)
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"no zip")
    (problem,) = recognise([bad]).problems
    assert problem.where == "bad.zip"
    assert problem.reason.startswith("not a zip: ")
