"""Phone audio in a workspace: stored as it came, with a FLAC that everything reads; what is no audio is named."""

import io
from pathlib import Path

import pytest
import soundfile
from odd_sounds import encoded, video_without_sound, wav_of, written

from core.files import sha256
from core.filters import Filter
from core.records import Recording, Utterance
from core.workflows.corpus import browse, export
from core.workflows.imports import audio_files
from core.workflows.imports.audio import Rules, ingest_audio
from core.workflows.imports.exports.restore import ingest_gwidama
from core.workflows.imports.tables.table import Columns, File, TableImportOptions, ingest_table
from core.workflows.predict.predict import playable, read_audio
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def sounds() -> dict[str, bytes]:
    return {name: encoded(name) for name in ("a.m4a", "a.amr", "a.mp3")} | {"a.caf": written("CAF")}


def recordings(ws: Workspace) -> dict[str, Recording]:
    return {str(recording.meta["member"]): recording for recording in ws.store.corpus.recordings()}


def _utterances(ws: Workspace) -> list[Utterance]:
    return list(ws.store.corpus.every(Filter()))


def test_a_folder_from_a_phone(ws: Workspace, tmp_path: Path, sounds: dict[str, bytes]) -> None:
    (tmp_path / "calls").mkdir()
    for name, data in sounds.items():
        (tmp_path / "calls" / name).write_bytes(data)
    done = ingest_audio(ws, [tmp_path / "calls"], Rules())
    assert (done.report.added, done.report.skipped) == (4, [])
    assert done.report.notes["read by FFmpeg: a FLAC copy is kept for players"] == 2
    for name, recording in recordings(ws).items():
        data = sounds[name]
        assert recording.sha256 == sha256(data), "the identity is that of the file as it came"
        assert recording.duration_ms == pytest.approx(3000, abs=100)
        stem = f"audio/{sha256(data)[:2]}/{sha256(data)}"
        assert (ws.settings.home / f"{stem}.{name[2:]}").read_bytes() == data
        assert recording.path == (f"{stem}.mp3" if name == "a.mp3" else f"{stem}.copy.flac")
        if name != "a.mp3":
            assert soundfile.info(
                str(ws.inside(recording.path))
            ).frames * 1000 // recording.sample_rate_hz == pytest.approx(recording.duration_ms, abs=1)
            assert audio_files.is_copy(ws, recording, sha256(ws.inside(recording.path).read_bytes()))
            assert not audio_files.is_copy(ws, recording, sha256(sounds["a.mp3"]))
    for utterance in _utterances(ws):
        clip, rate_hz = soundfile.read(io.BytesIO(browse.clip(ws, utterance.id)))
        assert len(clip) * 1000 / rate_hz == pytest.approx(utterance.end_ms, abs=2)
    again = ingest_audio(ws, [tmp_path / "calls"], Rules())
    assert (again.report.added, again.report.known) == (0, 4)


def test_text_is_never_told_as_sound(ws: Workspace, tmp_path: Path) -> None:
    grid = 'File type = "ooTextFile"\nxmin = 0\n'
    files = {
        "grid.mp3": grid.encode("utf-16"),
        "notes.wav": "통화 메모\n".encode("utf-16"),
        "be.m4a": "\ufeff통화 메모\n".encode("utf-16-be"),
        "memo.ogg": "통화 메모\n".encode("cp949"),
        "id3.mp3": b"ID3 is the tag of an MP3\n",
        "report": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        "film.mp4": video_without_sound(),
        "call.zipx": b"PK\x03\x04" + bytes(40),
        "zeros.mp3": bytes(5000),
        "empty.mp3": b"",
        "ok.wav": wav_of(None, claimed=0),
    }
    (tmp_path / "c").mkdir()
    for name, data in files.items():
        (tmp_path / "c" / name).write_bytes(data)
    done = ingest_audio(ws, [tmp_path / "c"], Rules())
    assert done.report.added == 1
    assert {skip.where.removeprefix("c/"): skip.reason for skip in done.report.skipped} == {
        "grid.mp3": "not audio: Praat TextGrid, text, UTF-16",
        "notes.wav": "not audio: text, UTF-16",
        "be.m4a": "not audio: text, UTF-16",
        "memo.ogg": "not audio: text, cp949",
        "id3.mp3": "not audio: text, UTF-8",
        "report": "not audio: PDF",
        "film.mp4": "not audio: MP4 video without sound",
        "call.zipx": "not audio: ZIP",
        "zeros.mp3": "not audio: nothing but zero bytes",
        "empty.mp3": "empty file",
    }


def test_a_table_beside_phone_audio(ws: Workspace, tmp_path: Path, sounds: dict[str, bytes]) -> None:
    (tmp_path / "a.m4a").write_bytes(sounds["a.m4a"])
    (tmp_path / "b.wav").write_bytes(sounds["a.amr"])  # another format than its name says
    (tmp_path / "t.csv").write_text("text,audio\n불이 났어요,a.m4a\n연기가 나요,b.wav\n", encoding="utf-8")
    done = ingest_table(ws, File.at(tmp_path / "t.csv"), TableImportOptions(Columns("text", recording="audio")))
    assert (done.added, done.rejected) == (2, 0)
    assert {r.sha256 for r in ws.store.corpus.recordings()} == {sha256(sounds["a.m4a"]), sha256(sounds["a.amr"])}
    assert all(str(r.path).endswith(".copy.flac") for r in ws.store.corpus.recordings())


def test_an_export_carries_the_copy(ws: Workspace, tmp_path: Path, sounds: dict[str, bytes]) -> None:
    (tmp_path / "a.amr").write_bytes(sounds["a.amr"])
    ingest_audio(ws, [tmp_path / "a.amr"], Rules())
    report = export.save(ws, tmp_path / "out", name="hf")
    assert (report.utterances, report.left_out) == (1, {})
    back = ingest_gwidama(ws, tmp_path / "out").report
    assert (back.added, back.known, back.clashed) == (0, 1, 0), "the copy is the sound that came, not another one"


def test_the_predict_page_and_rest_decode_the_same_formats(sounds: dict[str, bytes]) -> None:
    for name, data in sounds.items():
        audio = read_audio(data, name)
        assert audio.duration_ms == pytest.approx(3000, abs=100)
        assert soundfile.info(io.BytesIO(playable(audio))).samplerate == 16_000
