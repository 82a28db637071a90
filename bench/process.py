"""What a bench measures of a process: time and memory, where it matters in a process of its own."""

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

Value = TypeVar("Value")


def timed(call: Callable[[], object]) -> float:
    """How long `call` takes, in ms."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def memory_mb() -> float:
    """Resident memory now."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.partition("VmRSS:")[2].split()[0]) / 1024


def apart(call: Callable[..., Value], *values: object) -> Value:
    """`call` in a process of its own, so that memory is told for it alone."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        return alone.submit(call, *values).result()
