"""core.files: a write is complete or has no effect, even if the process dies during it."""

import errno
import hashlib
import io
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from core import files
from core.errors import DiskFull
from core.settings import ROOT


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class Watch:
    """A `sync` that records the paths that are written to the disk, in order."""

    def __init__(self) -> None:
        self.synced: list[str] = []

    def __call__(self, descriptor: int) -> None:
        self.synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        os.fsync(descriptor)


def test_content_is_synced_before_the_rename_and_the_folder_after_it(tmp_path: Path) -> None:
    watch = Watch()
    with files.atomic_path(tmp_path / "a.txt", watch) as temporary:
        temporary.write_text("불", encoding="utf-8")
    assert watch.synced == [str(temporary), str(tmp_path)]
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "불"
    assert names(tmp_path) == ["a.txt"]


def test_a_folder_is_synced_with_its_content(tmp_path: Path) -> None:
    watch = Watch()
    with files.atomic_path(tmp_path / "out", watch) as temporary:
        (temporary / "deep").mkdir(parents=True)
        (temporary / "deep" / "b.bin").write_bytes(b"1")
    assert sorted(watch.synced[:3]) == [str(temporary), str(temporary / "deep"), str(temporary / "deep" / "b.bin")]
    assert watch.synced[3:] == [str(tmp_path)]
    assert (tmp_path / "out" / "deep" / "b.bin").read_bytes() == b"1"


def fail_inside_a_file(path: Path) -> None:
    with files.atomic_path(path) as temporary:
        temporary.write_text("half", encoding="utf-8")
        raise KeyError


def fail_inside_a_folder(path: Path) -> None:
    with files.atomic_path(path) as temporary:
        temporary.mkdir()
        fail_inside_a_file(temporary / "b")


def test_a_failed_write_leaves_no_temporary_file_and_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(KeyError):
        fail_inside_a_file(path)
    with pytest.raises(KeyError):
        fail_inside_a_folder(tmp_path / "folder")
    assert (names(tmp_path), path.read_text(encoding="utf-8")) == (["a.txt"], "old")


def test_a_full_disk_keeps_the_old_file(tmp_path: Path) -> None:
    files.write_text(tmp_path / "a.txt", "old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    message = "the disk is full: a.txt could not be written. What was saved before stays; free some space and try again"
    with pytest.raises(DiskFull, match=message), files.atomic_path(tmp_path / "a.txt", full) as temporary:
        temporary.write_text("new", encoding="utf-8")
    assert (names(tmp_path), (tmp_path / "a.txt").read_text(encoding="utf-8")) == (["a.txt"], "old")


DIE = """
import os, sys
from pathlib import Path
from core import files
path, calls = Path(sys.argv[1]), []
def die(descriptor):
    os.fsync(descriptor)
    calls.append(descriptor)
    if len(calls) == int(sys.argv[2]):
        os._exit(9)
with files.atomic_path(path, die) as temporary:
    temporary.write_text("new" * 1000)
"""


@pytest.mark.parametrize(("at", "content"), [(1, "old"), (2, "new" * 1000)])
def test_a_process_that_dies_leaves_the_old_file_or_the_new(tmp_path: Path, at: int, content: str) -> None:
    """The process dies after the content is written (1), or after the file is renamed (2)."""
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")
    completed = subprocess.run([sys.executable, "-c", DIE, str(path), str(at)], check=False)
    assert completed.returncode == 9
    assert path.read_text(encoding="utf-8") == content
    assert all(name == "a.txt" or (name.startswith(".a.txt.") and name.endswith(".part")) for name in names(tmp_path))
    files.write_text(path, "again")
    assert path.read_text(encoding="utf-8") == "again"


LEAVE = """
import os, sys
from pathlib import Path
from core import files
folder = Path(sys.argv[1])
(files.temporary_path(folder / "export.csv")).write_text("half")
whole = files.temporary_path(folder / "dataset")
(whole / "deep").mkdir(parents=True)
(whole / "deep" / "a").write_text("half")
os.kill(os.getpid(), 9)
"""


def test_what_a_killed_process_left_is_removed_and_live_files_stay(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", LEAVE, str(tmp_path)], check=False, cwd=ROOT)
    assert len(names(tmp_path)) == 2
    mine = files.temporary_path(tmp_path / "mine")
    mine.touch()
    (tmp_path / ".browser.part").touch()  # of another program
    (tmp_path / "a.txt").touch()
    assert files.remove_leftovers(tmp_path) == 2
    assert names(tmp_path) == sorted([".browser.part", mine.name, "a.txt"])


def test_unfinished_files_of_unknown_processes_stay_for_a_day(tmp_path: Path) -> None:
    old, foreign = tmp_path / ".a.csv.0123abcd.part", tmp_path / f".b.csv.ffffffff-{os.getpid()}-0123abcd.part"
    old.touch()
    foreign.mkdir()
    (foreign / "part").touch()
    written_at = old.stat().st_mtime
    assert files.remove_leftovers(tmp_path, now=lambda: written_at + 23 * 3600) == 0
    os.utime(foreign / "part", (written_at + 10_000, written_at + 10_000))
    assert files.remove_leftovers(tmp_path, now=lambda: written_at + 25 * 3600) == 1
    assert names(tmp_path) == [foreign.name]


def test_leftovers_below_a_folder_are_found_too(tmp_path: Path) -> None:
    (tmp_path / "audio" / "ab").mkdir(parents=True)
    dead = tmp_path / "audio" / "ab" / f".x.wav.{files._machine()}-{dead_process()}-0123abcd.part"
    dead.touch()
    assert files.remove_leftovers(tmp_path) == 0
    assert files.remove_leftovers(tmp_path, deep=True) == 1


def dead_process() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_temporary_folder_is_removed_and_its_writers_see_a_full_disk(tmp_path: Path) -> None:
    with files.temporary_folder(tmp_path) as folder:
        (folder / "a").touch()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert names(tmp_path) == []
    with pytest.raises(DiskFull), files.temporary_folder(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(PermissionError), files.temporary_folder(tmp_path):
        raise PermissionError(errno.EACCES, "Permission denied")
    assert names(tmp_path) == []


def test_a_long_name_fits_beside_its_temporary_name(tmp_path: Path) -> None:
    files.write_text(tmp_path / ("녹" * 85), "a")
    assert names(tmp_path) == ["녹" * 85]


def test_writers_of_one_file_do_not_share_a_temporary_name(tmp_path: Path) -> None:
    with files.atomic_path(tmp_path / "a") as first, files.atomic_path(tmp_path / "a") as second:
        first.write_text("1", encoding="utf-8")
        second.write_text("2", encoding="utf-8")
    assert first != second
    assert {path.parent for path in (first, second)} == {tmp_path}
    assert ((tmp_path / "a").read_text(encoding="utf-8"), names(tmp_path)) == ("1", ["a"])


def test_a_replaced_file_keeps_its_mode_and_a_link_stays_a_link(tmp_path: Path) -> None:
    path, link = tmp_path / "a.json", tmp_path / "link"
    path.write_text("{}", encoding="utf-8")
    path.chmod(0o600)
    link.symlink_to(path)
    files.write_json(link, {"a": 1})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert link.is_symlink()
    assert path.read_text(encoding="utf-8") == '{"a": 1}'


def test_a_device_is_written_directly() -> None:
    with files.atomic_path(Path(os.devnull)) as temporary:
        temporary.write_text("x", encoding="utf-8")
    assert temporary == Path(os.devnull)
    assert not temporary.is_file()


def test_a_folder_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").touch()
    with pytest.raises(OSError, match="not empty"), files.atomic_path(tmp_path / "out") as temporary:
        temporary.mkdir()
    assert (names(tmp_path), names(tmp_path / "out")) == (["out"], ["old"])


def test_a_folder_is_made_with_its_parents_and_only_once(tmp_path: Path) -> None:
    files.make_folder(tmp_path / "a" / "b")
    (tmp_path / "a" / "b" / "c").touch()
    files.make_folder(tmp_path / "a" / "b")
    assert names(tmp_path / "a" / "b") == ["c"]
    with pytest.raises(FileExistsError):
        files.make_folder(tmp_path / "a" / "b" / "c")


def test_json_has_hangul_as_it_is_and_no_nan(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    files.write_json(path, {"b": "불", "a": [1.5, None]}, indent=1)
    assert path.read_bytes() == '{\n "b": "불",\n "a": [\n  1.5,\n  null\n ]\n}'.encode()
    for bad in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="not JSON compliant"):
            files.write_json(path, [bad])
    assert (names(tmp_path), "불" in path.read_text(encoding="utf-8")) == (["a.json"], True)


def test_bytes_a_file_and_a_stream_have_the_same_hash(tmp_path: Path) -> None:
    data = bytes(range(256)) * 9000
    path = tmp_path / "a.bin"
    files.write_bytes(path, data)
    wanted = hashlib.sha256(data).hexdigest()
    assert [files.sha256(data), files.sha256(path), files.sha256(io.BytesIO(data))] == [wanted] * 3


def test_a_lock_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    ask = "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    command = [sys.executable, "-c", ask, str(tmp_path / ".lock")]
    with files.file_lock(tmp_path / ".lock"):
        assert b"BlockingIOError" in subprocess.run(command, capture_output=True, check=False).stderr
    assert subprocess.run(command, check=False).returncode == 0
