"""core.workflows.imports on deliveries in other forms: tars, zips in parts, an audiofolder, a filtered dataset."""

import io
import tarfile
from pathlib import Path

import pytest
from aihub119_files import label_bytes, stem, wav_bytes, write_tree, write_zip
from cli_driver import RUNNER

from core.cli import app
from core.filters import Filter
from core.workflows.imports.aihub119 import ingest_aihub119
from core.workflows.imports.audio import Rules, ingest_audio
from core.workflows.imports.huggingface import ColumnMapping, ingest_hf
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration


def test_a_tar_of_zips_in_parts_is_imported_once(ws: Workspace, tmp_path: Path) -> None:
    sounds = write_zip(
        tmp_path / "TS_서울.zip", [(f"{stem(n)}.wav", wav_bytes(hz=200 + n)) for n in (1, 2)]
    ).read_bytes()
    labels = write_zip(tmp_path / "TL_서울.zip", [(f"{stem(n)}.json", label_bytes(n)) for n in (1, 2)]).read_bytes()
    with tarfile.open(tmp_path / "download.tar", "w") as archive:
        for name, data in (
            ("a/TL_서울.zip", labels),
            ("a/TS_서울.zip.part0", sounds[:999]),
            ("a/TS_서울.zip.part999", sounds[999:]),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    done = ingest_aihub119(ws, [tmp_path / "download.tar"])
    assert (done.report.added, done.report.skipped, done.rejects) == (2, [], None)
    assert [ws.audio_file(call.id).read_bytes() for call in ws.store.corpus.recordings()] == [
        wav_bytes(hz=201), wav_bytes(hz=202),
    ]  # fmt: skip
    write_tree(
        tmp_path / "d", {"TL_서울.zip.001": labels[:500], "TL_서울.zip.002": labels[500:], "TS_서울.zip": sounds}
    )
    again = ingest_aihub119(ws, [tmp_path / "d"])
    assert (again.report.added, again.report.known, again.report.skipped) == (0, 2, [])


def test_a_missing_part_keeps_the_texts_and_is_named(ws: Workspace, tmp_path: Path) -> None:
    sounds = write_zip(tmp_path / "x.zip", [(f"{stem(1)}.wav", wav_bytes())]).read_bytes()
    files = {"TS.zip.part0": sounds[:300], "TS.zip.part600": sounds[600:], f"{stem(1)}.json": label_bytes(1)}
    done = ingest_aihub119(ws, [write_tree(tmp_path / "d", files)])
    assert done.report.added == 1
    assert {skip.where: skip.reason for skip in done.report.skipped} == {
        "TS.zip": "the part that begins at byte 300 is missing",
        f"d/{stem(1)}.json": "no WAV delivered: text imported without audio",
    }


def test_audio_in_a_tar_has_its_folder_as_label(ws: Workspace, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "clips.tgz", "w:gz") as archive:
        for number, name in enumerate(("angry/1.wav", "calm/1.wav")):
            info = tarfile.TarInfo(name)
            data = wav_bytes(700, hz=200 + number)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    done = ingest_audio(ws, [tmp_path / "clips.tgz"], Rules(labels={"mood": "folder"}))
    assert (done.report.added, done.report.skipped, done.proposed) == (2, [], ("mood",))
    assert [u.labels for u in ws.store.corpus.every(Filter())] == [{"mood": "angry"}, {"mood": "calm"}]


@pytest.mark.parametrize("labels", [[], ["--label", "danger=danger"]])
def test_ingest_audio_reads_the_tables_of_an_audiofolder(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, labels: list[str]
) -> None:
    monkeypatch.setenv("GWIDAMA_HOME", str(ws.settings.home))
    files = {"metadata.csv": "file_name,transcription,danger\na.wav,불이야,위험\n".encode(), "a.wav": wav_bytes(700)}
    folder = write_tree(tmp_path / "clips", files)
    answer = RUNNER.invoke(app, ["ingest", "audio", str(folder), *labels])
    assert answer.exit_code == 0, answer.stderr
    (utterance,) = ws.store.corpus.every(Filter())
    assert (utterance.text, utterance.labels) == ("불이야", {"danger": "danger"} if labels else {})
    (folder / "metadata.csv").write_text("path|text\n", encoding="utf-8")
    (folder / "a.txt").write_text("다른 글", encoding="utf-8")
    RUNNER.invoke(app, ["ingest", "audio", str(folder)])
    assert [u.text for u in ws.store.corpus.every(Filter())] == ["불이야", "다른 글"]


def test_an_audiofolder_comes_in_with_texts_labels_and_splits(ws: Workspace, tmp_path: Path) -> None:
    text = "file_name,transcription,danger\na.wav,불이야,위험\nb.wav,네,정상\n".encode()
    files = {"train/metadata.csv": text, "train/a.wav": wav_bytes(700, hz=201), "train/b.wav": wav_bytes(700, hz=202)}
    folder = write_tree(tmp_path / "clips", files)
    for added, known in ((2, 0), (0, 2)):
        done = ingest_hf(ws, str(folder), ColumnMapping(labels={"danger": "danger"}))
        assert (done.report.added, done.report.known, done.report.skipped) == (added, known, [])
    utterances = list(ws.store.corpus.every(Filter()))
    assert [(u.text, u.start_ms, u.end_ms, u.labels) for u in utterances] == [
        ("불이야", 0, 700, {"danger": "danger"}), ("네", 0, 700, {"danger": "normal"}),
    ]  # fmt: skip
    assert ws.store.bulk.tags_of([u.id for u in utterances]) == {1: ["split:train"], 2: ["split:train"]}
    assert [ws.audio_file(call.id).read_bytes() for call in ws.store.corpus.recordings()] == [
        wav_bytes(700, hz=201), wav_bytes(700, hz=202),
    ]  # fmt: skip
