"""core.workflows.beside: work in a process beside the server, which is given back, and its errors."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.cleaning import default_plan, suggest_many
from core.errors import InputError, JobFailed
from core.workflows.beside import Beside


def where() -> int:
    return os.getpid()


def fail(what: str) -> None:
    if what == "ours":
        raise InputError("{n} rows are too many", n=9)
    os._exit(3) if what == "end" and os.environ.get("BESIDE_PARENT") != str(os.getpid()) else int(what)


def hang(n: int) -> int:
    if os.environ.get("BESIDE_PARENT") == str(os.getpid()):
        return n
    while True:
        time.sleep(0.01)


def end_once(flag: str) -> int:
    """End the process of the first call."""
    if not Path(flag).exists():
        Path(flag).touch()
        os._exit(3)
    return os.getpid()


def begin(flag: str) -> int:
    """Say by a file that the work has begun; another file lets it end."""
    Path(flag).touch()
    while not Path(f"{flag}-go").exists():
        time.sleep(0.01)
    return os.getpid()


def wait_for(path: Path) -> None:
    give_up = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < give_up
        time.sleep(0.01)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Beside]:
    """A process beside this one, which is no server but may have one."""
    monkeypatch.setenv("BESIDE_PARENT", str(os.getpid()))
    beside = Beside(idle_s=60)
    beside.allowed = True
    yield beside
    beside.end()


@pytest.mark.integration
def test_work_whose_process_ended_is_done_by_a_new_one(served: Beside, tmp_path: Path) -> None:
    assert served.call(end_once, str(tmp_path / "flag")) != os.getpid()


@pytest.mark.integration
def test_work_that_takes_too_long_ends_with_its_process_and_the_next_caller_is_served(served: Beside) -> None:
    served.call(where)
    served._patience_s = 0.2
    with pytest.raises(JobFailed, match="ended before its work was done") as raised:
        served.call(hang, 1)
    assert "minutes" in raised.value.message.fields
    served._patience_s = 60
    assert served.call(where) != os.getpid()


@pytest.mark.integration
def test_a_process_at_work_is_not_idle_and_one_that_ended_ends_no_other(served: Beside, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    with ThreadPoolExecutor(2) as callers:
        long = callers.submit(served.call, begin, str(flag))
        wait_for(flag)
        pool = served._pool
        served._end(pool, only_idle=True)  # as the timer of an earlier call does
        assert served._pool is pool
        waiting = callers.submit(served.call, where)
        give_up = time.monotonic() + 60
        while served._waiting < 2:
            assert time.monotonic() < give_up
        Path(f"{flag}-go").touch()
        assert long.result(60) == waiting.result(60) != os.getpid()
    served.end()
    served.allowed = True
    served.call(where)
    served._end(pool)  # the pool of before: what a late caller gives back is not the present one
    assert served._pool is not None


@pytest.mark.integration
def test_the_end_of_a_server_waits_for_no_work(served: Beside, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    with ThreadPoolExecutor(1) as callers:
        long = callers.submit(served.call, begin, str(flag))
        wait_for(flag)
        served.end()
        with pytest.raises(JobFailed):
            long.result(60)
    assert served._pool is None, "no second process is started for it"


def test_without_a_server_work_runs_where_it_is_called() -> None:
    beside = Beside()
    beside.prepare(where)
    assert beside.call(where) == os.getpid()
    assert beside._pool is None


@pytest.mark.integration
def test_a_server_has_one_process_for_it_until_nobody_asks_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BESIDE_PARENT", str(os.getpid()))
    beside = Beside(idle_s=60)
    beside.allowed = True
    try:
        beside.prepare(where)
        first = beside.call(where)
        assert first == beside.call(where) != os.getpid()
        plan = default_plan().only("tags")
        assert beside.call(suggest_many, plan, ["FP:불이야"]) == suggest_many(plan, ["FP:불이야"])
        with pytest.raises(InputError, match="9 rows are too many") as raised:
            beside.call(fail, "ours")
        assert raised.value.message.fields == {"n": 9}
        with pytest.raises(RuntimeError, match="invalid literal for int"):
            beside.call(fail, "bug")
        with pytest.raises(JobFailed, match="a process beside the server ended before its work was done"):
            beside.call(fail, "end")  # never here: what ends a process would end the server
        beside._idle_s = 0.0
        assert beside.call(where) != first
        give_up = time.monotonic() + 20
        while beside._pool is not None:
            assert time.monotonic() < give_up
            time.sleep(0.01)
    finally:
        beside.end()
