"""`make test-busy`: it loads the cores while the tests run, stops at the first failure, and leaves no process."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.settings import ROOT
from scripts.busy import load, run_rounds

pytestmark = pytest.mark.integration

PATIENCE_S = 60


def round_that(folder: Path, *, fails_in: int) -> list[str]:
    """Return a command that records each of its rounds in `folder`, and fails in round `fails_in`."""
    code = (
        "import sys; from pathlib import Path; notes = Path(sys.argv[1]);"
        "n = len(list(notes.iterdir())) + 1; (notes / str(n)).touch(); sys.exit(3 if n == int(sys.argv[2]) else 0)"
    )
    return [sys.executable, "-c", code, str(folder), str(fails_in)]


def ticks(process: subprocess.Popen[bytes]) -> int:
    """Return the CPU time of a process, in ticks of the system clock."""
    return int(Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[11])


def broken_off_while_it_computes(cores: int, processes: list[subprocess.Popen[bytes]]) -> None:
    with load(cores) as running:
        processes += running
        give_up = time.monotonic() + PATIENCE_S
        while min(map(ticks, running)) < 20:
            assert time.monotonic() < give_up, "the load does not compute"
            time.sleep(0.05)
        raise RuntimeError("by design")


def test_the_load_computes_while_it_is_wanted_and_always_ends() -> None:
    processes: list[subprocess.Popen[bytes]] = []
    with pytest.raises(RuntimeError, match="by design"):
        broken_off_while_it_computes(2, processes)
    assert [process.returncode for process in processes] == [-signal.SIGKILL] * 2


def test_every_round_is_played_and_the_first_that_fails_is_the_last(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, fails_in, status, played in (("good", 9, 0, 3), ("bad", 2, 3, 2)):
        folder = tmp_path / name
        folder.mkdir()
        assert run_rounds(3, 1, round_that(folder, fails_in=fails_in)) == status
        assert len(list(folder.iterdir())) == played
    assert "round 2 of 3: exit 3" in capfd.readouterr().out


def test_what_follows_two_dashes_goes_to_pytest() -> None:
    command = [sys.executable, "-m", "scripts.busy", "--rounds", "1", "--cores", "1", "--"]
    completed = subprocess.run(
        [*command, "-p", "no:cacheprovider", "--collect-only", "-q", "tests/browser/test_browser_bulk.py"],
        cwd=ROOT, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert "test_rows_that_are_picked_are_labelled_and_taken_back" in completed.stdout
    assert "round 1 of 1: exit 0" in completed.stdout
