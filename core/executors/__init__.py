"""Executors: where the batches of a long computation run. Inline, in processes of this machine, or on a Ray cluster.

One protocol and one output: `map(make, batches)` gives the results in the order of the batches, each exactly once, and
holds a bounded number of batches at a time, so that a stream of any length needs the same memory. `make` is called once
in each worker and returns the function for one batch (it loads a model, for example). With `processes` and `ray` it is
sent to the worker, so it is a small picklable value, such as a frozen dataclass with `__call__`. What fails in a worker
is a `JobFailed` with the message of the error.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from core.errors import InputError
from core.plugins import Backend, pick

B = TypeVar("B")
R = TypeVar("R")


class Executor(Protocol):
    """Runs one function on many batches. `workers` of them run at a time."""

    workers: int

    def map(self, make: Callable[[], Callable[[B], R]], batches: Iterable[B]) -> Iterator[R]: ...


# Each opens by `(workers, address)`; workers 0: as many as there are cores.
_RAY = "pip install 'ray[data]==2.60.0'"
EXECUTORS: dict[str, Backend] = {
    "inline": Backend("core.executors.inline:open_inline"),
    "processes": Backend("core.executors.processes:open_processes"),
    "ray": Backend("core.executors.ray_data:open_ray", needs=("ray", "pandas"), install=_RAY),
}


def open_executor(
    name: str = "inline", workers: int | None = None, address: str | None = None
) -> AbstractContextManager[Executor]:
    """An executor that is closed at the end of the `with` block. `workers` None: as many as this process has cores.

    `address` names a running Ray cluster, and is for `ray` only. `UnknownName` for an unknown executor,
    `MissingBackend` for one that is not installed.
    """
    if workers is not None and workers < 1:
        raise InputError("{n} workers cannot work: at least 1", n=workers)
    if address is not None and name != "ray":
        raise InputError("an address names a Ray cluster: use it with the executor ray, not with {name}", name=name)
    opened: AbstractContextManager[Executor] = pick(EXECUTORS, name, "executor")(workers or 0, address)
    return opened


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0))
