"""core.files: what is written is there whole or not at all, also when the process dies in between."""

import hashlib
import io
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from core import files


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class Watch:
    """A `sync` that notes which paths came to the disk, in order."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, descriptor: int) -> None:
        self.seen.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        os.fsync(descriptor)


def test_content_comes_to_the_disk_before_the_name_and_the_name_after_it(tmp_path: Path) -> None:
    watch = Watch()
    with files.whole(tmp_path / "a.txt", watch) as made:
        made.write_text("불", encoding="utf-8")
    assert watch.seen == [str(made), str(tmp_path)]
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "불"
    assert names(tmp_path) == ["a.txt"]


def test_a_folder_comes_to_the_disk_with_all_it_holds(tmp_path: Path) -> None:
    watch = Watch()
    with files.whole(tmp_path / "out", watch) as made:
        (made / "deep").mkdir(parents=True)
        (made / "deep" / "b.bin").write_bytes(b"1")
    assert sorted(watch.seen[:3]) == [str(made), str(made / "deep"), str(made / "deep" / "b.bin")]
    assert watch.seen[3:] == [str(tmp_path)]
    assert (tmp_path / "out" / "deep" / "b.bin").read_bytes() == b"1"


def half_a_file(path: Path) -> None:
    with files.whole(path) as made:
        made.write_text("half", encoding="utf-8")
        raise KeyError


def half_a_folder(path: Path) -> None:
    with files.whole(path) as made:
        made.mkdir()
        half_a_file(made / "b")


def test_what_fails_leaves_nothing_behind_and_the_old_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(KeyError):
        half_a_file(path)
    with pytest.raises(KeyError):
        half_a_folder(tmp_path / "folder")
    assert (names(tmp_path), path.read_text(encoding="utf-8")) == (["a.txt"], "old")


def test_a_full_disk_at_the_last_moment_leaves_the_old_file(tmp_path: Path) -> None:
    files.write_text(tmp_path / "a.txt", "old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"), files.whole(tmp_path / "a.txt", full) as made:
        made.write_text("new", encoding="utf-8")
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
with files.whole(path, die) as made:
    made.write_text("new" * 1000)
"""


@pytest.mark.parametrize(("at", "content"), [(1, "old"), (2, "new" * 1000)])
def test_a_process_that_dies_leaves_the_old_file_or_the_new(tmp_path: Path, at: int, content: str) -> None:
    """1: written, not yet renamed; 2: renamed."""
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", DIE, str(path), str(at)], check=False)
    assert done.returncode == 9
    assert path.read_text(encoding="utf-8") == content
    assert all(name == "a.txt" or (name.startswith(".a.txt.") and name.endswith(".part")) for name in names(tmp_path))
    files.write_text(path, "again")
    assert path.read_text(encoding="utf-8") == "again"


def test_writers_of_one_file_do_not_share_a_temporary_name(tmp_path: Path) -> None:
    with files.whole(tmp_path / "a") as first, files.whole(tmp_path / "a") as second:
        first.write_text("1", encoding="utf-8")
        second.write_text("2", encoding="utf-8")
    assert first != second
    assert {one.parent for one in (first, second)} == {tmp_path}
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


def test_a_device_is_written_itself() -> None:
    with files.whole(Path(os.devnull)) as made:
        made.write_text("x", encoding="utf-8")
    assert made == Path(os.devnull)
    assert not made.is_file()


def test_a_folder_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").touch()
    with pytest.raises(OSError, match="not empty"), files.whole(tmp_path / "out") as made:
        made.mkdir()
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


def test_a_hash_is_the_same_of_bytes_of_a_file_and_of_a_stream(tmp_path: Path) -> None:
    data = bytes(range(256)) * 9000
    path = tmp_path / "a.bin"
    files.write_bytes(path, data)
    wanted = hashlib.sha256(data).hexdigest()
    assert [files.sha256(data), files.sha256(path), files.sha256(io.BytesIO(data))] == [wanted] * 3


def test_a_lock_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    ask = "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    command = [sys.executable, "-c", ask, str(tmp_path / ".lock")]
    with files.locked(tmp_path / ".lock"):
        assert b"BlockingIOError" in subprocess.run(command, capture_output=True, check=False).stderr
    assert subprocess.run(command, check=False).returncode == 0
