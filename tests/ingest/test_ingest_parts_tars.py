"""Tests core.ingest.parts and core.ingest.tars: archives in parts and tars are read whole, or named with the reason."""

import bz2
import gzip
import io
import lzma
import random
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from aihub119_files import call_id, label_bytes, stem, wav_bytes, write_tree, write_zip

from core.ingest.aihub.calls import Call, index, read_index
from core.ingest.archives import Limits, Member, members
from core.ingest.parts import Joined, Part, Segment, Source, missing
from core.records import Skip


def contents(path: Path, limits: Limits | None = None) -> tuple[dict[str, bytes], dict[str, str]]:
    items = list(members(path, limits))
    good = {item.name: item.read() for item in items if isinstance(item, Member)}
    return good, {item.where: item.reason for item in items if isinstance(item, Skip)}


def cut(path: Path, size: int, name: Callable[[int, int], str], keep: Callable[[int], bool] = lambda n: True) -> None:
    """Cut a file into parts of `size` bytes. Part `n` has the suffix `name(n, begin)`, and is there if `keep(n)`."""
    data = path.read_bytes()
    path.unlink()
    for n, begin in enumerate(range(0, len(data), size)):
        if keep(n):
            (path.parent / f"{path.name}.{name(n, begin)}").write_bytes(data[begin : begin + size])


def by_offset(n: int, begin: int) -> str:
    return f"part{begin}"


FILES = [("원천/a.wav", random.Random(1).randbytes(900)), ("원천/b.wav", b"b")]
STYLES = {
    "by offset": by_offset,
    "from 0": lambda n, begin: f"part{n}",
    "from 1": lambda n, begin: f"part{n + 1}",
    "counted": lambda n, begin: f"{n + 1:03d}",
}


@pytest.mark.parametrize("style", STYLES)
def test_a_zip_in_parts_is_one_zip(tmp_path: Path, style: str) -> None:
    cut(write_zip(tmp_path / "d" / "TS_서울.zip", FILES), 97, STYLES[style])
    expected = {f"TS_서울.zip/{name}": data for name, data in FILES}
    assert contents(tmp_path / "d") == (expected, {})
    one = sorted((tmp_path / "d").iterdir())[2]
    assert contents(one) == (expected, {})
    place = next(item.place for item in members(one) if isinstance(item, Member))
    assert place[-3:] == ("TS_서울.zip", "원천", "a.wav")


@pytest.mark.parametrize(
    ("style", "without", "reason"),
    [
        ("by offset", 0, "the part that begins at byte 0 is missing"),
        ("by offset", 2, "the part that begins at byte 400 is missing"),
        ("from 0", 2, "part 2 is missing"),
        ("counted", 1, "part 2 is missing"),
    ],
)
def test_a_missing_part_is_named(tmp_path: Path, style: str, without: int, reason: str) -> None:
    cut(write_zip(tmp_path / "d" / "a.zip", FILES), 200, STYLES[style], lambda n: n != without)
    (tmp_path / "d" / "z.wav").write_bytes(b"z")
    good, bad = contents(tmp_path / "d")
    assert good == {"d/z.wav": b"z"}
    assert list(bad) == ["a.zip"]
    assert bad["a.zip"].startswith(reason)


def test_a_missing_first_part_takes_only_what_lies_in_it(tmp_path: Path) -> None:
    cut(write_zip(tmp_path / "d" / "a.zip", FILES), 200, STYLES["from 0"], lambda n: n > 0)
    good, bad = contents(tmp_path / "d")
    assert good == {"a.zip/원천/b.wav": b"b"}
    assert bad == {"a.zip/원천/a.wav": "it lies before the first byte here: the beginning of the archive is missing"}


def test_a_missing_last_part_is_guessed_from_the_zip(tmp_path: Path) -> None:
    cut(write_zip(tmp_path / "d" / "a.zip", FILES), 400, by_offset, lambda n: n < 2)
    _, bad = contents(tmp_path / "d")
    assert bad["a.zip"].endswith("its parts here are a.zip.part0, a.zip.part400: is one missing?")


def test_parts_that_cannot_be_one_archive() -> None:
    def parts(*numbers: int) -> list[Part]:
        return [Part(f"a.zip.part{n}", n, Segment(Source(io.BytesIO), 100)) for n in numbers]

    assert missing(parts(0, 100, 200)) is None
    assert missing(parts(1, 2, 3)) is None
    assert missing(parts(0, 1, 1)) == "two parts have the number 1"
    assert missing(parts(0, 100, 150)) == "the part that begins at byte 150 lies inside the part before it"
    assert missing(parts(0, 1, 4)) == "part 2, 3 is missing"


def test_a_part_that_is_a_link_out_of_the_folder_is_not_read(tmp_path: Path) -> None:
    write_tree(tmp_path, {"out/secret": b"x" * 50, "d/a.wav": b"a"})
    (tmp_path / "d" / "a.zip.part0").symlink_to(tmp_path / "out" / "secret")
    good, bad = contents(tmp_path / "d")
    assert list(good) == ["d/a.wav"]
    assert bad == {
        "a.zip.part0": "a link that leaves the folder, or no regular file",
        "a.zip": "no part of it can be read",
    }


def test_joined_segments_are_read_from_every_place() -> None:
    data = bytes(range(256))
    stream = Joined([
        Segment(Source(lambda: io.BytesIO(data[:100])), 100), Segment(Source(lambda: io.BytesIO(data)), 56, 100),
        Segment(Source(io.BytesIO), 0), Segment(Source(lambda: io.BytesIO(data[156:])), 100),
    ])  # fmt: skip
    whole = io.BufferedReader(stream)
    rng = random.Random(2)
    assert whole.read() == data
    for _ in range(200):
        start, size = rng.randrange(300), rng.randrange(300)
        whole.seek(start)
        assert whole.read(size) == data[start : start + size]
    assert whole.seek(-6, io.SEEK_END) == 250
    with pytest.raises(OSError, match="before the start"):
        stream.seek(-1)


# -- tars


def write_tar(path: Path, *files: tuple[str, bytes], pack: Callable[[bytes], bytes] = bytes) -> Path:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pack(out.getvalue()))
    return path


@pytest.mark.parametrize(
    ("name", "pack"),
    [("a.tar", bytes), ("a.tar.gz", gzip.compress), ("a.tgz", gzip.compress), ("a.tar.xz", lzma.compress),
     ("a.tar.bz2", bz2.compress), ("a.tar", gzip.compress)],
)  # fmt: skip
def test_a_tar_is_read_whatever_packs_it(tmp_path: Path, name: str, pack: Callable[[bytes], bytes]) -> None:
    path = write_tar(tmp_path / "d" / name, ("./나/b.wav", b"bb"), ("a.wav", b"a"), ("나/._b.wav", b""), pack=pack)
    expected = {f"{name}/a.wav": b"a", f"{name}/나/b.wav": b"bb"}
    assert contents(path) == (expected, {})
    assert contents(tmp_path / "d") == (expected, {})


def test_a_delivery_as_ai_hub_ships_it_is_read_call_by_call(tmp_path: Path) -> None:
    """A tar that holds the parts of zips, which hold the calls."""
    ids = [1, 2, 3]
    sounds = write_zip(tmp_path / "TS_서울_구급.zip", [(f"{stem(n)}.wav", wav_bytes(hz=200 + n)) for n in ids])
    labels = write_zip(tmp_path / "TL_서울_구급.zip", [(f"{stem(n)}.json", label_bytes(n)) for n in ids])
    raw, folder = sounds.read_bytes(), "119/1.데이터/Training"
    cut_at = [(begin, raw[begin : begin + 2_000]) for begin in range(0, len(raw), 2_000)]
    parts = [(f"{folder}/01.원천데이터/TS_서울_구급.zip.part{begin}", data) for begin, data in reversed(cut_at)]
    path = write_tar(
        tmp_path / "download.tar", *parts, (f"{folder}/02.라벨링데이터/TL_서울_구급.zip", labels.read_bytes())
    )
    items = list(read_index(index([path]), lambda key: False))
    assert [item for item in items if isinstance(item, Skip)] == []
    calls = {item.recording.key: item for item in items if isinstance(item, Call)}
    assert {key: call.wav for key, call in calls.items()} == {
        f"aihub119:{call_id(n)}": wav_bytes(hz=200 + n) for n in ids
    }
    meta = calls[f"aihub119:{call_id(1)}"].recording.meta
    assert (meta["split"], meta["region"]) == ("Training", "서울")
    assert meta["archive"] == f"download.tar/{folder}/02.라벨링데이터/TL_서울_구급.zip"
    assert len(parts) > 3


def test_a_tar_in_parts(tmp_path: Path) -> None:
    cut(write_tar(tmp_path / "d" / "x.tar", ("a.wav", b"a" * 3_000), ("b.wav", b"b")), 700, by_offset)
    assert contents(tmp_path / "d") == ({"x.tar/a.wav": b"a" * 3_000, "x.tar/b.wav": b"b"}, {})


def test_hostile_members_of_a_tar_are_named_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for name in ("good.wav", "../out.wav", "/abs/olute.wav", "C:/x.wav", "twice.wav", "twice.wav", "in.tar"):
            info = tarfile.TarInfo(name)
            info.size = 1
            archive.addfile(info, io.BytesIO(b"x"))
        for name, kind in (("link.wav", tarfile.SYMTYPE), ("hard.wav", tarfile.LNKTYPE), ("dev.wav", tarfile.CHRTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    good, bad = contents(path)
    assert good == {"a.tar/good.wav": b"x", "a.tar/abs/olute.wav": b"x", "a.tar/twice.wav": b"x"}
    link = "a link or special file"
    assert bad == {
        "a.tar/../out.wav": "its name leaves the archive ('..')",
        "a.tar/C:/x.wav": "its name holds a drive letter",
        "a.tar/twice.wav": "the same name twice in one archive",
        "a.tar/in.tar": "a tar inside a tar: unpack the outer one first",
        "a.tar/link.wav": link, "a.tar/hard.wav": link, "a.tar/dev.wav": link,
    }  # fmt: skip


def test_sizes_of_members_are_bounded_and_bombs_refused(tmp_path: Path) -> None:
    small = Limits(json_bytes=10, other_bytes=20)
    path = write_tar(tmp_path / "a.tar", ("a.json", b"x" * 11), ("b.wav", b"x" * 20))
    assert contents(path, small) == (
        {"a.tar/b.wav": b"x" * 20}, {"a.tar/a.json": "11 bytes, more than the 10 allowed"},
    )  # fmt: skip
    path = write_tar(tmp_path / "bomb.tgz", ("a.wav", bytes(3_000_000)), pack=gzip.compress)
    good, bad = contents(path, Limits(ratio_from_bytes=1_000_000))
    assert good == {}
    assert bad["bomb.tgz"].endswith("times its size: looks like a bomb")


@pytest.mark.parametrize("compressed", [False, True])
def test_a_damaged_tar_gives_what_comes_before_and_says_so(tmp_path: Path, compressed: bool) -> None:
    path = write_tar(tmp_path / "a.tar", ("a.wav", b"a"), ("b.wav", b"b" * 600), ("c.wav", b"c"))
    data = bytearray(path.read_bytes())
    data[1024:1030] = b"\xff" * 6  # the name of the second member, so its header is wrong
    path.write_bytes(gzip.compress(data) if compressed else bytes(data))
    good, bad = contents(path)
    assert good == {"a.tar/a.wav": b"a"}
    assert bad == {"a.tar": "not a readable tar (a damaged header); what follows a.wav is left out"}


@pytest.mark.parametrize("content", [b"", b"no tar", b"\x1f\x8bbroken", b"x" * 2_000])
def test_what_is_no_tar_is_one_skip(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.tar").write_bytes(content)
    (tmp_path / "d" / "b.wav").write_bytes(b"b")
    good, bad = contents(tmp_path / "d")
    assert good == {"d/b.wav": b"b"}
    assert bad["a.tar"].startswith("not a readable tar (")


def test_a_tar_that_is_cut_short(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", ("a.wav", b"a"), ("b.wav", b"b" * 5_000))
    path.write_bytes(path.read_bytes()[:3_000])
    items = list(members(path))
    assert [item.name for item in items if isinstance(item, Member)] == ["a.tar/a.wav", "a.tar/b.wav"]
    (skip,) = [item for item in items if isinstance(item, Skip)]
    assert skip.reason == "not a readable tar (unexpected end of data); what follows b.wav is left out"


def test_korean_names_in_cp949(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT, encoding="cp949") as archive:
        info = tarfile.TarInfo("라벨/가.wav")
        info.size = 1
        archive.addfile(info, io.BytesIO(b"x"))
    assert contents(path) == ({"a.tar/라벨/가.wav": b"x"}, {})
