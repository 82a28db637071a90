"""The executor `processes`: workers of this machine, each a new process with one thread.

Workers are spawned, never forked: a fork copies locks of threads that do not run in the copy. A worker ends with the
process that started it, also when that is killed.

A worker does not run the main module of the process that started it, as spawned processes usually do. Where a page of
Streamlit has run, that module is the page, which fails or acts when it runs outside of Streamlit.
"""

import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing.connection import wait
from multiprocessing.context import SpawnContext, SpawnProcess
from threading import Lock, Thread
from types import ModuleType
from typing import Any, TypeVar

from core.errors import JobFailed
from core.executors import cores
from core.executors.remote import Remote, result

B = TypeVar("B")
R = TypeVar("R")

AHEAD = 2  # batches for each worker that run or wait

_remote: Remote[Any, Any] | None = None  # of a worker


class _Worker(SpawnProcess):
    """A spawned process that does not run the main module of its parent."""

    _one_at_a_time = Lock()

    def start(self) -> None:
        """Start the process. Meanwhile the main module is an empty one, so that there is none to run."""
        with self._one_at_a_time:
            main, empty = sys.modules["__main__"], ModuleType("__main__")
            sys.modules["__main__"] = empty
            try:
                super().start()
            finally:
                if sys.modules["__main__"] is empty:  # Streamlit may have put its next page there
                    sys.modules["__main__"] = main


class _Context(SpawnContext):
    Process = _Worker


class Processes:
    """Worker processes. Each call of `map` has workers of its own."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def map(self, make: Callable[[], Callable[[B], R]], batches: Iterable[B]) -> Iterator[R]:
        """Yield the results in the order of the batches, of which at most `AHEAD` a worker are on their way."""
        source = iter(batches)
        pool = new_pool(self.workers, make)
        waiting: deque[Future[Any]] = deque()
        try:
            waiting.extend(pool.submit(run, batch) for batch in islice(source, AHEAD * self.workers))
            while waiting:
                answer = result(waiting.popleft().result())
                waiting.extend(pool.submit(run, batch) for batch in islice(source, 1))
                yield answer
        except BrokenProcessPool as error:
            raise JobFailed(
                "a worker process ended before its work was done, perhaps for want of memory: start it again, with "
                "fewer workers"
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def new_pool(workers: int, make: Callable[[], Callable[[B], R]]) -> ProcessPoolExecutor:
    """Return a pool whose workers call `make` once and then `run` its function; they end with this process."""
    return ProcessPoolExecutor(workers, _Context(), _begin, (make,))


def kill(pool: ProcessPoolExecutor) -> None:
    """End the workers of `pool` at once; who waits for a result gets a `BrokenProcessPool`."""
    workers = list((pool._processes or {}).values())  # Python 3.14 has `kill_workers`
    pool.shutdown(wait=False)
    for worker in workers:
        worker.kill()


@contextmanager
def open_processes(workers: int = 0, address: str | None = None) -> Iterator[Processes]:
    """The executor with `workers` processes, 0: as many as cores."""
    yield Processes(workers or cores())


def _begin(make: Callable[[], Callable[[Any], Any]]) -> None:
    global _remote
    Thread(target=_end_with_parent, daemon=True).start()
    _remote = Remote(make)


def run(batch: Any) -> Any:
    assert _remote is not None
    return _remote(batch)


def _end_with_parent() -> None:
    """Wait for the end of the process that started this one, then end: nobody would read the results."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
