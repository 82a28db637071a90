"""core.ingest.audio_names and core.ingest.tables.audio_folder: a name means one file, or none; nothing is guessed."""

import unicodedata
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.ingest.audio_names import AudioNames, Match, is_audio
from core.ingest.tables.audio_folder import ABSENT, AMBIGUOUS, ELSEWHERE, AudioFolder, MissingAudio
from core.text.visible import folded

NFD = unicodedata.normalize("NFD", "신고전화_01.wav")
FILES = AudioNames(
    [
        "007.wav", "2024.01.05_1.wav", "Call_A01.WAV", "call_b01.wav", "한 칸.wav", NFD, "1월/001.wav", "2월/001.wav",
        "sub/x.mp3", "sub/x.wav", "100%25.wav", "deep/a b.wav", "0a1b2c3d-call_9.wav", "20240105-3.wav", "rec.m4a",
        "1월/call.flac", "call.flac",
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("call_a01.wav", "Call_A01.WAV"),
        ("CALL_B01", "call_b01.wav"),
        ("007 ", "007.wav"),
        ("007.WAV", "007.wav"),
        ("00７", "007.wav"),
        ("007\u200b.wav", "007.wav"),
        ("./007", "007.wav"),
        ("2024.01.05_1", "2024.01.05_1.wav"),
        ("신고전화_01.wav", NFD),
        ("신고전화_01", NFD),
        (NFD, NFD),
        ("한\u00a0칸.wav", "한 칸.wav"),
        ("C:\\녹취\\한 칸.wav", "한 칸.wav"),
        ("file:///C:/녹취/한%20칸.wav", "한 칸.wav"),
        ("file:///srv/deep/a%20b.wav", "deep/a b.wav"),
        ("https://host/bucket/deep/a%20b.wav?token=1", "deep/a b.wav"),
        ("s3://bucket/call_a01.wav", "Call_A01.WAV"),
        ("%EC%8B%A0%EA%B3%A0%EC%A0%84%ED%99%94_01.wav", NFD),
        ("100%25.wav", "100%25.wav"),
        ("1월/001", "1월/001.wav"),
        ("D:\\data\\2월\\001.WAV", "2월/001.wav"),
        ("/data/local-files/?d=1%EC%9B%94/001.wav", "1월/001.wav"),
        ("/data/upload/3/1f2e3d4c-007.wav", "007.wav"),
        ("/data/upload/3/12345678-007.wav", "007.wav"),
        ("1f2e3d4c-007.wav", "007.wav"),
        ("call 9.wav", "0a1b2c3d-call_9.wav"),
        ("20240105-3", "20240105-3.wav"),
        ("rec.wav", "rec.m4a"),
        ("call", "call.flac"),
        ("1월/call.wav", "1월/call.flac"),
        ("x.wav", "sub/x.wav"),
    ],
)
def test_a_name_in_any_form_means_its_file(name: str, file: str) -> None:
    assert FILES.find(name) == Match(file)


@pytest.mark.parametrize(
    ("name", "candidates"),
    [
        ("7", ()),
        ("07.wav", ()),
        ("7.0", ()),
        ("20240105-007.wav", ()),  # a date is no mark of an upload
        ("nothing.wav", ()),
        ("", ()),
        ("/", ()),
        ("\0.wav", ()),
        ("http://[bad", ()),
        ("../../etc/passwd", ()),
        ("001.wav", ("1월/001.wav", "2월/001.wav")),
        ("x", ("sub/x.mp3", "sub/x.wav")),
        ("3월/001.wav", ("1월/001.wav", "2월/001.wav")),
        ("other/x.wav", ("sub/x.mp3", "sub/x.wav")),
        ("other/a b.wav", ("deep/a b.wav",)),
    ],
)
def test_what_does_not_surely_mean_one_file_means_none(name: str, candidates: tuple[str, ...]) -> None:
    assert FILES.find(name) == Match(None, candidates)


def test_a_coded_folder_is_no_other_folder() -> None:
    names = AudioNames(["0.wav", "é/0.wav"])
    for spelled in ("file:///srv/%C3%A9/0.wav", "%C3%A9/0.wav", "C:\\é\\0", "x/E\u0301/0.WAV"):
        assert names.find(spelled) == Match("é/0.wav"), spelled
    assert names.find("x/0.wav") == Match("0.wav")


def test_case_alone_decides_nothing_but_the_exact_name_does() -> None:
    names = AudioNames(["a/call.wav", "b/Call.wav", "d/same.wav", "D/same.wav"])
    assert names.find("call.wav") == Match("a/call.wav")
    assert names.find("CALL.wav") == Match(None, ("a/call.wav", "b/Call.wav"))
    assert names.find("D/same.wav") == Match("D/same.wav")
    assert names.find("D/SAME") == Match(None, ("D/same.wav", "d/same.wav"))


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("7", ("007.wav",)),
        ("7.0", ("007.wav",)),
        ("call_a1", ("Call_A01.WAV",)),
        ("한칸", ("한 칸.wav",)),
        ("3월/1.wav", ("1월/001.wav", "2월/001.wav")),
        ("zzz", ()),
        ("", ()),
    ],
)
def test_the_nearest_files_are_named(name: str, near: tuple[str, ...]) -> None:
    assert FILES.nearest(name) == near


def test_one_file_may_be_named_in_three_ways_but_not_from_two_folders() -> None:
    three = FILES.find_all(["007", "007.wav", "C:\\rec\\007.wav", "./007.WAV"])
    assert {match.path for match in three.values()} == {"007.wav"}
    two = FILES.find_all(["1월/007.wav", "2월/007.wav", "007"])
    assert two == {"1월/007.wav": Match(None, ("007.wav",)), "2월/007.wav": Match(None, ("007.wav",)),
                   "007": Match("007.wav")}  # fmt: skip
    uploads = FILES.find_all(["/data/upload/3/1f2e3d4c-007.wav", "/data/upload/3/2f2e3d4c-007.wav"])
    assert [match.ambiguous for match in uploads.values()] == [True, True]


PART = st.text(st.sampled_from("가각aA01 _-%.é"), min_size=1, max_size=5).filter(
    lambda part: part.strip(". ") and not part[0].isspace() and not part[-1].isspace()
)
PATHS = st.lists(st.lists(PART, min_size=1, max_size=3).map("/".join), min_size=1, max_size=8, unique=True)
SPELLINGS: list[Callable[[str], str]] = [
    lambda path: path,
    str.upper,
    lambda path: unicodedata.normalize("NFD", path),
    lambda path: "C:\\old\\" + path.replace("/", "\\"),
    lambda path: "file:///srv/" + quote(path),
    lambda path: path.removesuffix(".wav"),
    lambda path: f" ./{path}\u200b",
]


@settings(max_examples=300, deadline=None)
@given(paths=PATHS)
def test_no_spelling_of_a_path_means_another_file(paths: list[str]) -> None:
    files = [f"{path}.wav" for path in paths]
    names = AudioNames(files)
    for file in files:
        assert names.find(file) == Match(file)
        for spelled in SPELLINGS:
            match = names.find(spelled(file))
            assert match.path is None or folded(match.path) == folded(file), spelled(file)


def test_suffixes_of_audio_files() -> None:
    assert is_audio("a.WAV")
    assert is_audio("a.m4a")
    assert not is_audio("a.txt")
    assert not is_audio("wav")


def put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"RIFF")


def test_a_folder_of_audio(tmp_path: Path) -> None:
    put(tmp_path, "1월/a.wav", "2월/a.wav", "b.wav", "notes.txt", "deep/er/c.wav", "call01.wav")
    folder = AudioFolder(tmp_path)
    assert folder.find("b") == tmp_path / "b.wav"
    assert folder.find("C.WAV") == tmp_path / "deep" / "er" / "c.wav"
    assert (folder.find("a"), folder.find("notes.txt"), folder.find("x/c.wav")) == (AMBIGUOUS, ABSENT, ELSEWHERE)
    assert AudioFolder(None).find("b") == ABSENT
    found = folder.find_all(["b.wav", "B", "call1.wav"])
    assert (found["b.wav"], found["B"]) == ("b.wav", "b.wav")
    assert found["call1.wav"] == MissingAudio("call1.wav", ABSENT, ("call01.wav",))
    with pytest.raises(InputError, match="no such folder of audio"):
        AudioFolder(tmp_path / "gone")


def test_nothing_outside_the_folder_is_opened(tmp_path: Path) -> None:
    put(tmp_path, "out.wav", "data/a.wav")
    (tmp_path / "data" / "link.wav").symlink_to(tmp_path / "out.wav")
    (tmp_path / "data" / "inner.wav").symlink_to(tmp_path / "data" / "a.wav")
    (tmp_path / "data" / "loop.wav").symlink_to(tmp_path / "data" / "loop.wav")
    folder = AudioFolder(tmp_path / "data")
    assert folder.find("inner") == tmp_path / "data" / "inner.wav"
    for name in ("link.wav", "loop.wav", "../out.wav", str(tmp_path / "out.wav")):
        assert folder.find(name) == ABSENT, name


def test_a_file_name_in_cp949_is_read(tmp_path: Path) -> None:
    raw = bytes(tmp_path) + b"/" + "신고.wav".encode("cp949")
    Path(raw.decode("utf-8", "surrogateescape")).write_bytes(b"RIFF")
    found = AudioFolder(tmp_path).find("신고")
    assert isinstance(found, Path)
    assert found.is_file()
