"""core.files.private: a workspace is readable by its owner only, whatever the umask, and old files too."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from aihub119_files import wav_bytes

from core.files import private
from core.files.private import correct, is_private, keep_private, open_to_others
from core.settings import ROOT


def modes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): oct(stat.S_IMODE(path.lstat().st_mode))[2:]
        for path in (folder, *folder.rglob("*"))
        if not path.is_symlink()
    }


def old_workspace(home: Path) -> Path:
    (home / "audio" / "ab").mkdir(parents=True)
    for name in ("gwidama.db", "gwidama.db-wal", "audio/ab/a.wav", "rejects.csv", "worker.log"):
        (home / name).write_bytes(b"1")
        (home / name).chmod(0o644)
    for folder in (home, home / "audio", home / "audio" / "ab"):
        folder.chmod(0o755)
    return home


PRIVATE = {
    ".": "700", "audio": "700", "audio/ab": "700", "gwidama.db": "600", "gwidama.db-wal": "600",
    "audio/ab/a.wav": "600", "rejects.csv": "600", "worker.log": "600",
}  # fmt: skip


def test_what_an_old_version_wrote_is_corrected_once_and_links_are_not_followed(tmp_path: Path) -> None:
    home, outside = old_workspace(tmp_path / "ws"), tmp_path / "outside"
    outside.write_bytes(b"1")
    outside.chmod(0o644)
    (home / "link").symlink_to(outside)
    keep_private(home, home / "gwidama.db")
    assert modes(home) == PRIVATE
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644
    assert is_private(home)
    (home / "rejects.csv").chmod(0o640)  # a person's own choice afterwards
    keep_private(home, home / "gwidama.db")
    assert modes(home)["rejects.csv"] == "640"


def test_a_correction_that_was_killed_is_done_again(tmp_path: Path) -> None:
    home = old_workspace(tmp_path / "ws")
    home.chmod(0o700)
    keep_private(home, home / "gwidama.db")
    assert modes(home) == PRIVATE
    home.chmod(0o755)
    correct(home, last=None)
    assert modes(home) == PRIVATE


def test_rights_are_only_taken_and_a_read_only_workspace_stays_as_it_is(tmp_path: Path) -> None:
    home = old_workspace(tmp_path / "ws")
    (home / "rejects.csv").chmod(0o444)
    correct(home)
    assert modes(home) == PRIVATE | {"rejects.csv": "400"}


def test_a_file_outside_gets_the_usual_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private, "_usual_umask", 0o022)
    monkeypatch.setattr(private, "_roots", {tmp_path / "ws"})
    (tmp_path / "part").mkdir(mode=0o700)
    (tmp_path / "part" / "a.csv").touch(0o600)
    open_to_others(tmp_path / "part", tmp_path / "ws" / "out")
    assert modes(tmp_path / "part") == {".": "700", "a.csv": "600"}
    open_to_others(tmp_path / "part", tmp_path / "out")
    assert modes(tmp_path / "part") == {".": "755", "a.csv": "644"}


SESSION = """
import os, sys
from pathlib import Path
os.umask(int(sys.argv[2], 8))
from core.workflows.corpus import export
from core.workflows.imports.audio import Rules, ingest_audio
from core.workflows.imports.tables.table import Columns, File, TableImportOptions, ingest_table
from core.workflows.workspace import open_workspace
from core import jobs
from core.filters import Filter
folder = Path(sys.argv[1])
ws = open_workspace()
ingest_table(ws, File.at(folder / "t.csv"), TableImportOptions(Columns("text", {"danger": "label"})))
ingest_audio(ws, [folder / "a.wav", folder / "t.csv"], Rules())
export.deliver(ws, "hf", Filter(), None, lambda done, total: None)
export.deliver(ws, "csv", Filter(), None, lambda done, total: None)
export.save(ws, folder / "out.csv", name="csv")
jobs.submit(ws.store, "quality", "quality", {"checks": []}, "job")
engine = ws.store.corpus._engine
with engine.connect() as connection:
    print(sorted(p.name for p in ws.settings.home.glob("gwidama.db-*")))
    for path in (ws.settings.home, *ws.settings.home.rglob("*")):
        mode = path.stat().st_mode & 0o777
        assert mode == (0o700 if path.is_dir() else 0o600), (path, oct(mode))
"""


@pytest.mark.integration
@pytest.mark.parametrize("umask", ["000", "022"])
def test_everything_that_a_session_writes_is_private(tmp_path: Path, umask: str) -> None:
    (tmp_path / "t.csv").write_text("text,label\n불이 났어요,위험\n,정상\n", encoding="utf-8")
    (tmp_path / "a.wav").write_bytes(wav_bytes(600))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GWIDAMA_")}
    done = subprocess.run(
        [sys.executable, "-c", SESSION, str(tmp_path), umask], cwd=ROOT, capture_output=True, text=True, check=False,
        env=environment | {"GWIDAMA_HOME": str(tmp_path / "ws")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "['gwidama.db-shm', 'gwidama.db-wal']"
    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o666 & ~int(umask, 8)
    assert {"audio", "exports", "rejects", "rejects-audio.csv", "jobs.db"} <= {
        path.name for path in (tmp_path / "ws").iterdir()
    }
