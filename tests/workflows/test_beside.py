"""core.workflows.beside: work in a process beside the server, which is given back, and its errors."""

import os
import time

import pytest

from core.cleaning import default_plan, suggest_many
from core.errors import InputError
from core.workflows.beside import Beside


def where() -> int:
    return os.getpid()


def fail(what: str) -> None:
    if what == "ours":
        raise InputError("{n} rows are too many", n=9)
    os._exit(3) if what == "end" and os.environ.get("BESIDE_PARENT") != str(os.getpid()) else int(what)


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
        with pytest.raises(ValueError, match="end"):  # its process ends, so the work is done here
            beside.call(fail, "end")
        beside._idle_s = 0.0
        assert beside.call(where) != first
        give_up = time.monotonic() + 20
        while beside._pool is not None:
            assert time.monotonic() < give_up
            time.sleep(0.01)
    finally:
        beside.end()
