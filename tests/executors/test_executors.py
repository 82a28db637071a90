"""core.executors: the same results in the same order, a bounded number of batches on their way, failures as errors."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from core.errors import InputError, JobFailed, MissingBackend, UnknownName
from core.executors import EXECUTORS, open_executor
from core.executors.processes import AHEAD

pytestmark = pytest.mark.integration
INSTALLED = [name for name, backend in EXECUTORS.items() if backend.installed()]


@dataclass(frozen=True)
class Adding:
    """A maker as `JudgeMaker` is one: small, and sent to a worker. Each worker notes its process id."""

    amount: int
    notes: str

    def __call__(self) -> Callable[[list[int]], list[int]]:
        Path(self.notes, str(os.getpid())).touch()

        def work(batch: list[int]) -> list[int]:
            if 13 in batch:
                raise InputError("{n} is not liked", n=13)
            if 17 in batch:
                raise ZeroDivisionError("seventeen")
            if 19 in batch:
                os._exit(9)
            return [number + self.amount for number in batch]

        return work


def test_unknown_and_wrong_executors_are_named() -> None:
    with pytest.raises(UnknownName, match="unknown executor 'slurm'; known: inline, processes, ray"):
        open_executor("slurm")
    with pytest.raises(InputError, match="0 workers cannot work: at least 1"):
        open_executor("processes", workers=0)
    with pytest.raises(InputError, match="use it with the executor ray, not with processes"):
        open_executor("processes", address="10.0.0.1:6379")
    if "ray" not in INSTALLED:
        with pytest.raises(MissingBackend, match=r"needs ray.*pip install 'ray\[data\]==2\.60\.0'"):
            open_executor("ray")


@pytest.mark.parametrize("name", [name for name in INSTALLED if name != "ray"])
def test_results_come_in_order_and_the_stream_is_read_as_needed(name: str, tmp_path: Path) -> None:
    taken = []

    def batches() -> Iterator[list[int]]:
        for number in range(100, 140):
            taken.append(number)
            yield [number, number * 2]

    with open_executor(name, workers=2) as executor:
        results = executor.map(Adding(1, str(tmp_path)), batches())
        first = next(results)
        assert len(taken) <= AHEAD * executor.workers + 1, "no more batches are on their way"
        assert [first, *results] == [[n + 1, n * 2 + 1] for n in range(100, 140)]
        assert list(executor.map(Adding(1, str(tmp_path)), [])) == []
    ran_in = {path.name for path in tmp_path.iterdir()}
    assert 1 <= len(ran_in) <= executor.workers
    assert (str(os.getpid()) in ran_in) == (name == "inline")


def test_a_worker_does_not_run_the_main_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.py"
    page.write_text("raise SystemExit('this page ran outside of Streamlit')", "utf-8")
    main = ModuleType("__main__")
    main.__file__ = str(page)
    monkeypatch.setitem(sys.modules, "__main__", main)  # as Streamlit does for each page
    (tmp_path / "notes").mkdir()
    with open_executor("processes", workers=2) as executor:
        assert list(executor.map(Adding(1, str(tmp_path / "notes")), [[1], [2]])) == [[2], [3]]
    assert sys.modules["__main__"] is main


def test_failures_of_workers_are_told_and_workers_end(tmp_path: Path) -> None:
    with open_executor("processes", workers=1) as executor:
        results = executor.map(Adding(1, str(tmp_path)), [[1], [13], [2]])
        assert next(results) == [2]
        with pytest.raises(JobFailed, match="13 is not liked"):
            next(results)
        with pytest.raises(JobFailed, match="ZeroDivisionError: seventeen"):
            list(executor.map(Adding(1, str(tmp_path)), [[17]]))
        with pytest.raises(JobFailed, match="a worker process ended before its work was done"):
            list(executor.map(Adding(1, str(tmp_path)), [[19]]))
    until = time.monotonic() + 10
    while time.monotonic() < until and any(_runs(int(path.name)) for path in tmp_path.iterdir()):
        time.sleep(0.02)
    assert not any(_runs(int(path.name)) for path in tmp_path.iterdir())


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="ascii").split()[2] != "Z"
    except OSError:
        return False
