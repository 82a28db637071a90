"""Tests core.ingest.archives: an odd or hostile member gives a Skip, and the other members are read."""

import os
import stat
import struct
import warnings
import zipfile
from pathlib import Path

import pytest
from aihub119_files import STAMP, write_tree, write_zip

from core.errors import BadRecord, InputError
from core.ingest.archives import Limits, Member, members
from core.records import Skip


def split(path: Path, limits: Limits | None = None) -> tuple[dict[str, Member], dict[str, str]]:
    items = list(members(path, limits))
    good = {m.name: m for m in items if isinstance(m, Member)}
    bad = {s.where: s.reason for s in items if isinstance(s, Skip)}
    assert len(good) + len(bad) == len(items), "a name was reported twice"
    return good, bad


def patch(path: Path, name: bytes, field: int, value: int, size: str = "<I") -> None:
    """Overwrite a field of a member's central directory entry (`field` counts from the entry's start)."""
    data = bytearray(path.read_bytes())
    at = data.rindex(name) - 46
    assert data[at : at + 4] == b"PK\x01\x02"
    struct.pack_into(size, data, at + field, value)
    path.write_bytes(bytes(data))


def test_reads_members_in_name_order_without_unpacking(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [("b/Two.WAV", b"22"), ("a.json", b"1")])
    good, bad = split(path)
    assert list(good) == ["a.zip/a.json", "a.zip/b/Two.WAV"]
    assert bad == {}
    two = good["a.zip/b/Two.WAV"]
    assert (two.stem, two.suffix, two.size, two.read()) == ("Two", ".wav", 2, b"22")
    with two.open() as stream:
        assert stream.read() == b"22"
    assert os.listdir(tmp_path) == ["a.zip"]


@pytest.mark.parametrize("encoding", [None, "cp949", "utf-8"])
def test_korean_names_in_any_encoding(tmp_path: Path, encoding: str | None) -> None:
    path = write_zip(tmp_path / "a.zip", [("신고/통화_화재.wav", b"x")], encoding)
    good, _ = split(path)
    assert list(good) == ["a.zip/신고/통화_화재.wav"]
    assert good["a.zip/신고/통화_화재.wav"].read() == b"x"


def test_decomposed_names_are_composed(tmp_path: Path) -> None:
    good, _ = split(write_zip(tmp_path / "a.zip", [("\u1112\u116a.wav", b"x")]))
    assert list(good) == ["a.zip/화.wav"]


def test_leading_slash_is_allowed_and_stripped(tmp_path: Path) -> None:
    good, bad = split(write_zip(tmp_path / "a.zip", [("/a.wav", b"x"), ("//deep/b.wav", b"y")]))
    assert sorted(good) == ["a.zip/a.wav", "a.zip/deep/b.wav"]
    assert bad == {}


def test_hostile_names_are_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    names = ["../up.wav", "a/../../up.wav", "..\\up2.wav", "C:\\x.wav", "/C:/y.wav", "fine.wav"]
    good, bad = split(write_zip(tmp_path / "a.zip", [(n, b"x") for n in names]))
    assert list(good) == ["a.zip/fine.wav"]
    assert bad["a.zip/../up.wav"] == bad["a.zip/a/../../up.wav"] == bad["a.zip/../up2.wav"]
    assert "'..'" in bad["a.zip/../up.wav"]
    assert "drive letter" in bad["a.zip/C:/x.wav"]
    assert "drive letter" in bad["a.zip/C:/y.wav"]


def test_control_characters_in_names_are_not_shown(tmp_path: Path) -> None:
    good, _ = split(write_zip(tmp_path / "a.zip", [("a\x1b[2J\n.wav", b"x")]))
    assert list(good) == ["a.zip/a\ufffd[2J\ufffd.wav"]


def test_symlink_in_zip_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        info = zipfile.ZipInfo("link.wav", STAMP)
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    assert split(tmp_path / "a.zip") == ({}, {"a.zip/link.wav": "a link or special file"})


def test_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [("secret.wav", b"x")])
    patch(path, b"secret.wav", 8, 1, "<H")
    assert split(path) == ({}, {"a.zip/secret.wav": "encrypted"})


def test_second_member_of_one_name_is_refused(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = write_zip(tmp_path / "a.zip", [("a.wav", b"first"), ("a.wav", b"second"), ("/a.wav", b"third")])
    items = list(members(path))
    readable = [m for m in items if isinstance(m, Member)]
    assert len(readable) == 1
    assert [s.reason for s in items if isinstance(s, Skip)] == ["the same name twice in one archive"] * 2


def test_bomb_by_ratio_and_by_size(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [("bomb.wav", bytes(11_000_000)), ("fine.wav", bytes(1_000_000))])
    good, bad = split(path)
    assert list(good) == ["a.zip/fine.wav"]
    assert "looks like a bomb" in bad["a.zip/bomb.wav"]
    small = Limits(json_bytes=10, other_bytes=20)
    path = write_zip(tmp_path / "b.zip", [("a.json", b"x" * 11), ("b.wav", b"x" * 20), ("c.wav", b"x" * 21)])
    good, bad = split(path, small)
    assert list(good) == ["b.zip/b.wav"]
    assert bad["b.zip/a.json"] == "11 bytes, more than the 10 allowed"
    assert bad["b.zip/c.wav"] == "21 bytes, more than the 20 allowed"


def test_more_or_fewer_bytes_than_declared(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [("lies.wav", os.urandom(5_000))])
    patch(path, b"lies.wav", 24, 100)
    good, _ = split(path)
    with pytest.raises(BadRecord, match=r"lies\.wav: holds more than the 100 bytes it declares"):
        good["a.zip/lies.wav"].read()
    patch(path, b"lies.wav", 24, 6_000)
    good, _ = split(path)
    with pytest.raises(BadRecord, match="cut short: 5,000 of 6,000 bytes"):
        good["a.zip/lies.wav"].read()


def test_damaged_member_is_a_bad_record(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [("a.wav", os.urandom(2_000)), ("b.wav", b"fine")])
    data = bytearray(path.read_bytes())
    data[500] ^= 0xFF
    path.write_bytes(bytes(data))
    good, _ = split(path)
    with pytest.raises(BadRecord, match="cannot be read"):
        good["a.zip/a.wav"].read()
    assert good["a.zip/b.wav"].read() == b"fine"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a zip: empty file"),
        (b"not a zip", "not a zip: text, UTF-8"),
        (b"Rar!\x1a\x07\x01\x00", "not a zip: RAR archive"),
        (b"PK\x05\x06" + b"\xff" * 18, "not a readable zip"),
    ],
)
def test_broken_zip_is_one_skip(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    (skip,) = members(tmp_path / "a.zip")
    assert isinstance(skip, Skip)
    assert skip.where == "a.zip"
    assert skip.reason.startswith(reason)


def test_folder_with_zip_inside_and_junk(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "root", {"x/a.wav": b"1", "x/._a.wav": b"", "__MACOSX/a.wav": b"", ".DS_Store": b""})
    write_zip(root / "y" / "in.ZIP", [("b.wav", b"2"), ("__MACOSX/._b.wav", b""), ("dir/", b"")])
    good, bad = split(root)
    assert list(good) == ["root/x/a.wav", "in.ZIP/b.wav"]
    assert bad == {}
    assert good["root/x/a.wav"].read() == b"1"


def test_links_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    write_tree(tmp_path, {"out/secret.wav": b"s", "root/a.wav": b"a"})
    root = tmp_path / "root"
    (root / "file.wav").symlink_to(tmp_path / "out" / "secret.wav")
    (root / "folder").symlink_to(tmp_path / "out")
    (root / "loop").symlink_to(root)
    (root / "gone.wav").symlink_to(root / "nothing.wav")
    os.mkfifo(root / "pipe.wav")
    good, bad = split(root)
    assert list(good) == ["root/a.wav"]
    assert bad == {
        "root/file.wav": "a link that leaves the folder",
        "root/folder": "a linked folder: not followed",
        "root/loop": "a linked folder: not followed",
        "root/gone.wav": "not a regular file, or a link to nothing",
        "root/pipe.wav": "not a regular file, or a link to nothing",
    }


def test_one_file_and_no_file(tmp_path: Path) -> None:
    write_tree(tmp_path / "box", {"a.wav": b"1"})
    good, _ = split(tmp_path / "box" / "a.wav")
    assert list(good) == ["box/a.wav"]
    with pytest.raises(InputError, match="nowhere: no such file or folder"):
        list(members(tmp_path / "nowhere"))
