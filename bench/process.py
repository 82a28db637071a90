"""Time and memory of a call, and a way to run a call in its own process."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

Value = TypeVar("Value")


def timed(call: Callable[[], object]) -> float:
    """The time that `call` takes, in ms."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def memory_mb() -> float:
    """The current resident memory of this process, in MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.partition("VmRSS:")[2].split()[0]) / 1024


def tree_cpu_s(pid: int) -> float:
    """The seconds of processor time that a process and its living descendants have used."""
    ticks: dict[int, float] = {}
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = status.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        own = int(status.parent.name)
        ticks[own] = float(words[11]) + float(words[12])
        children.setdefault(int(words[1]), []).append(own)
    tree, total = [pid], 0.0
    while tree:
        one = tree.pop()
        total += ticks.get(one, 0.0)
        tree += children.get(one, [])
    return total / os.sysconf("SC_CLK_TCK")


def in_own_process(call: Callable[..., Value], *values: object) -> Value:
    """Run `call` in its own process, so that its memory is measured alone; return its result."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(call, *values).result()
