"""Tests core.ingest.audio: fields of names, texts beside audio, and files that are no audio."""

import io
import os
from pathlib import Path

import pytest
import soundfile
from aihub119_files import wav_bytes, write_tree, write_zip
from corpus_files import as_json

from core.errors import InputError
from core.ingest.audio import folder
from core.ingest.audio.folder import Rules
from core.ingest.audio.name_pattern import compile_pattern
from core.ingest.entries import Entry
from core.records import NewRecording, Skip

DIGITS = compile_pattern("{digit}_{speaker}_{take}.wav")


def read_all(root: Path, rules: Rules | None = None) -> tuple[list[Entry], dict[str, str]]:
    """The entries in order, and the skips as place -> reason."""
    items = list(folder.read(folder.index([root], rules or Rules()), "corpus"))
    return [i for i in items if isinstance(i, Entry)], {i.where: i.reason for i in items if isinstance(i, Skip)}


def texts(entries: list[Entry]) -> dict[str, str]:
    by_place = {}
    for entry in entries:
        assert isinstance(entry.record, NewRecording)
        (utterance,) = entry.record.utterances
        by_place[entry.where] = utterance.text
    return by_place


@pytest.mark.parametrize(
    ("pattern", "path", "fields"),
    [
        ("{digit}_{speaker}_{take}.wav", "7_jackson_32.wav", {"digit": "7", "speaker": "jackson", "take": "32"}),
        ("{digit}_{speaker}_{take}.wav", "7_jackson_32.wavp", {"digit": "7", "speaker": "jackson", "take": "32"}),
        ("{digit}_{speaker}_{take}.wav", "7_jackson_32", {"digit": "7", "speaker": "jackson", "take": "32"}),
        ("{digit}_{speaker}_{take}.wav", "7_kim_lee_32.wav", {"digit": "7", "speaker": "kim", "take": "lee_32"}),
        ("{digit}_{speaker}_{take}.wav", "7_jackson.wav", None),
        ("{digit}_{speaker}_{take}.wav", "_jackson_1.wav", None),
        ("{digit}_{speaker}_{take}.wav", "7__1.wav", None),
        ("call-{n}", "call-3.5.wav", {"n": "3.5"}),
        ("{label}/{take}.wav", "a/b/위험/3.wav", {"label": "위험", "take": "3"}),
        ("{label}/{take}.wav", "3.wav", None),
        ("x/{take}.wav", "x/3.wav", {"take": "3"}),
        ("x/{take}.wav", "y/3.wav", None),
        ("{라벨}.wav", "\u1107\u116e\u11af.wav", {"라벨": "불"}),
        ("{a}_{b}.wav", "_" * 200 + "x" * 50 + ".wav", {"a": "_", "b": "_" * 198 + "x" * 50}),
    ],
)
def test_fields_of_a_name(pattern: str, path: str, fields: dict[str, str] | None) -> None:
    assert compile_pattern(pattern).read(path) == fields


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("a.wav", "has no field"),
        ("{a}_{a}.wav", "names a field twice"),
        ("{a}{b}.wav", "two fields that touch"),
        ("{}_{b}.wav", "not letters, digits and _"),
        ("{a b}.wav", "not letters, digits and _"),
        ("{a}_{.wav", "stray brace"),
        ("{folder}_{a}.wav", "the folder a file lies in"),
    ],
)
def test_a_pattern_that_cannot_work_is_refused(pattern: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        compile_pattern(pattern)


def test_one_file_is_one_utterance_of_its_whole_length(tmp_path: Path) -> None:
    write_tree(tmp_path / "digits", {"7_jackson_3.wav": wav_bytes(600)})
    ((entry,), skips) = read_all(tmp_path / "digits", Rules(DIGITS, {"digit": "digit"}))
    assert skips == {}
    recording = entry.record
    assert isinstance(recording, NewRecording)
    assert (recording.duration_ms, recording.sample_rate_hz, recording.path) == (600, 8000, None)
    assert recording.key.endswith(":7_jackson_3.wav")
    assert recording.meta["fields"] == {"digit": "7", "speaker": "jackson", "take": "3", "folder": "digits"}
    (utterance,) = recording.utterances
    assert (utterance.start_ms, utterance.end_ms, utterance.speaker, utterance.voice_usable) == (
        0,
        600,
        "jackson",
        True,
    )
    assert utterance.group == "audio:corpus:speaker:jackson"
    assert entry.labels == {"digit": ("7",)}
    assert entry.notes == ("utterance without text",)


def test_a_short_clip_is_kept_but_not_for_voice(tmp_path: Path) -> None:
    write_tree(tmp_path / "a", {"x.wav": wav_bytes(400)})
    ((entry,), _) = read_all(tmp_path / "a")
    assert isinstance(entry.record, NewRecording)
    assert entry.record.utterances[0].voice_usable is False
    assert "clip too short for voice" in entry.notes


def test_labels_from_folders_of_a_tree_a_zip_and_the_root(tmp_path: Path) -> None:
    write_tree(tmp_path / "c", {"위험/a.wav": wav_bytes(hz=201), "정상/b.wav": wav_bytes(hz=202), "d.wav": wav_bytes()})
    write_zip(tmp_path / "c" / "침묵.zip", [("e.wav", wav_bytes(hz=203)), ("울음/f.wav", wav_bytes(hz=204))])
    files = folder.index([tmp_path / "c"], Rules(labels={"danger": "folder"}))
    assert files.values("danger") == ["c", "울음", "위험", "정상", "침묵"]
    entries, skips = read_all(tmp_path / "c", Rules(labels={"danger": "folder"}, group="folder"))
    assert skips == {}
    assert {e.where: e.labels["danger"] for e in entries}["침묵.zip/e.wav"] == ("침묵",)
    groups = {e.record.utterances[0].group for e in entries if isinstance(e.record, NewRecording)}
    assert "audio:corpus:folder:위험" in groups


def test_unknown_fields_are_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no field 'mood': there are folder, digit, speaker, take"):
        folder.index([tmp_path], Rules(DIGITS, {"emotion": "mood"}))
    with pytest.raises(InputError, match="no field 'speaker': there are folder"):
        folder.index([tmp_path], Rules(speaker="speaker"))
    with pytest.raises(InputError, match="nowhere: no such file or folder"):
        folder.index([tmp_path / "nowhere"], Rules())


def test_formats_are_sniffed_and_what_is_no_audio_is_named(tmp_path: Path) -> None:
    flac = io.BytesIO()
    soundfile.write(flac, [0.1, -0.1] * 4000, 8000, format="FLAC")
    write_tree(
        tmp_path / "a",
        {
            "one.wavp": wav_bytes(hz=201), "two": wav_bytes(hz=202), "three.wav": flac.getvalue(),
            "cover.jpg": b"\xff\xd8\xff\xe0" + bytes(20), "empty.wav": b"", "film.mp4": b"\0\0\0\x18ftypmp4" + bytes(9),
            "cut.wav": wav_bytes()[:2000], "README.md": b"# about",
        },
    )  # fmt: skip
    os.symlink(tmp_path / "secret.wav", tmp_path / "a" / "link.wav")
    (tmp_path / "secret.wav").write_bytes(wav_bytes())
    entries, skips = read_all(tmp_path / "a")
    assert {e.where: e.sound.kind for e in entries if e.sound} == {
        "a/one.wavp": "WAV", "a/two": "WAV", "a/three.wav": "FLAC",
    }  # fmt: skip
    assert skips["a/link.wav"] == "a link that leaves the folder"
    assert skips["a/empty.wav"] == "empty file"
    assert "truncated" in skips["a/cut.wav"]
    assert "MP4 or M4A" in skips["a/film.mp4"]
    assert "not audio" in skips["a/README.md"]
    assert "not audio" in skips["a/cover.jpg"]


def test_a_name_that_does_not_fit_the_pattern_is_named(tmp_path: Path) -> None:
    write_tree(tmp_path / "a", {"7_kim_1.wav": wav_bytes(), "noise.wav": wav_bytes(hz=300)})
    entries, skips = read_all(tmp_path / "a", Rules(DIGITS))
    assert len(entries) == 1
    assert skips == {"a/noise.wav": "its name does not fit the pattern '{digit}_{speaker}_{take}.wav'"}


def test_transcripts_beside_the_audio(tmp_path: Path) -> None:
    names = ["a", "b", "c", "84-1-0000", "84-1-0001", "f"]
    files = {f"{name}.wav": wav_bytes(hz=200 + k) for k, name in enumerate(names)}
    files |= {
        "a.txt": "불이 났어요\n".encode("cp949"),
        "b.json": as_json({"id": 3, "Transcript": " 살려 주세요 ", "age": 70}, "utf-8-sig"),
        "c.txt": "도와 주세요".encode("utf-16"),
        "84-1.trans.txt": "84-1-0000 GO DO YOU HEAR\n84-1-0001 네 알겠습니다\n84-1-0009 NOBODY\n".encode(),
        "f.json": as_json({"speech": "?"}),
        "g.txt": "혼자".encode(),
    }
    entries, skips = read_all(write_tree(tmp_path / "s", files))
    assert texts(entries) == {
        "s/a.wav": "불이 났어요", "s/b.wav": "살려 주세요", "s/c.wav": "도와 주세요", "s/f.wav": "",
        "s/84-1-0000.wav": "GO DO YOU HEAR", "s/84-1-0001.wav": "네 알겠습니다",
    }  # fmt: skip
    assert skips["s/g.txt"] == "a text without audio of its name beside it"
    assert skips["s/84-1.trans.txt, 84-1-0009"] == "a line without audio of its name beside it"
    assert skips["s/f.json"].startswith("no text in it (it has speech;")
    meta = next(e.record.meta for e in entries if e.where == "s/b.wav")
    assert meta["label"] == {"id": 3, "age": 70}


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.txt", b"\xff\xfe\xff", "text in an unknown encoding"),
        ("a.txt", b"\x80\x81\x82\xff", "text in an unknown encoding"),
        ("a.txt", b"x" * 1_000_001, "too many for a transcript"),
        ("a.json", b"{broken", "broken JSON"),
        ("a.json", b"[1]", "a JSON list where an object"),
        ("a.json", b"[" * 100_000, "broken JSON"),
    ],
)
def test_a_text_that_cannot_be_read_costs_only_the_text(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    entries, skips = read_all(write_tree(tmp_path / "s", {"a.wav": wav_bytes(), name: data}))
    assert texts(entries) == {"s/a.wav": ""}
    assert reason in skips[f"s/{name}"]


def test_a_path_below_the_delivery_tells_equal_files_apart(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "a", {"x/one.wav": wav_bytes(), "y/one.wav": wav_bytes(), "y/two.wav": wav_bytes()})
    entries, skips = read_all(root)
    assert [e.where for e in entries] == ["a/x/one.wav", "a/y/one.wav", "a/y/two.wav"]
    assert skips == {}
    first, second, _ = (e.record for e in entries)
    assert isinstance(first, NewRecording)
    assert isinstance(second, NewRecording)
    assert first.key.endswith(":one.wav"), "the key of earlier programs stays"
    assert second.key == first.key.removesuffix("one.wav") + "a/y/one.wav"
    assert second.utterances[0].key == f"{second.key}:1"
    assert second.utterances[0].group == second.key
    assert len(folder.index([root, root / "x", root], Rules()).clips) == 3


def test_a_zip_and_the_folder_that_it_unpacks_to_are_the_same_files(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "a", {"x/one.wav": wav_bytes()})
    packed = write_zip(tmp_path / "a.zip", [("x/one.wav", wav_bytes())])
    first, again = folder.read(folder.index([root, packed], Rules()), "corpus")
    assert first.where == "a.zip/x/one.wav"
    assert again == Skip("a/x/one.wav", "the same audio under the same name came before: a.zip/x/one.wav")


def test_hostile_names_stay_names(tmp_path: Path) -> None:
    odd = "=cmd|'calc'!A1\x1b[2J\n.wav"
    write_tree(tmp_path / "a", {odd: wav_bytes()})
    write_zip(tmp_path / "a" / "z.zip", [("../../escape.wav", wav_bytes()), ("ok/b.wav", wav_bytes(hz=300))])
    entries, skips = read_all(tmp_path / "a")
    shown = [e.where for e in entries]
    assert shown == ["a/=cmd|'calc'!A1\ufffd[2J\ufffd.wav", "z.zip/ok/b.wav"]
    assert skips == {"z.zip/../../escape.wav": "its name leaves the archive ('..')"}
