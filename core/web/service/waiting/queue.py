"""Recordings wait here for their judgement: a bounded number at once, the rest is refused with 503 at once.

A place is taken before the upload is read and given back when the answer is ready, so uploads count too. A few threads
judge. A large recording takes a lane of its own, so that the memory of the server stays bounded. Sentences and batches
have gates of their own while they arrive.
"""

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from core.web.service import metrics
from core.web.service.answers import RefusedRequest
from core.workflows.service.cores import one_core

PLACES = 128  # recordings that are sent, wait or are judged
SPOOLED = 2_000_000_000  # bytes that they may have declared together
LARGE = 10_000_000  # bytes; one such recording is judged at a time
RETRY_S = 2

Result = TypeVar("Result")


class Gate:
    """A bounded number of places for what is being sent, with a bounded number of bytes."""

    def __init__(self, places: int, spooled: int, what: str = "recordings", retry_s: int = RETRY_S) -> None:
        self.places, self.spooled, self.what, self.retry_s = places, spooled, what, retry_s
        self.taken, self.bytes = 0, 0

    @contextmanager
    def place(self, size: int) -> Iterator[None]:
        """Take a place for an upload of `size` bytes; `RefusedRequest` 503 if there is none."""
        if self.taken >= self.places or self.bytes + size > self.spooled:
            metrics.REFUSED.labels("queue").inc()
            raise RefusedRequest(503, f"{self.taken} {self.what} are waiting already; ask again later", self.retry_s)
        self._change(1, size)
        try:
            yield
        finally:
            self._change(-1, -size)

    def _change(self, places: int, size: int) -> None:
        self.taken += places
        self.bytes += size


class Queue(Gate):
    """The places of the recordings of this process and the threads that judge."""

    def __init__(self, places: int = PLACES, spooled: int = SPOOLED, threads: int | None = None) -> None:
        super().__init__(places, spooled)
        self.cores = os.cpu_count() or 1  # that the process has to itself
        self.threads = threads or max(1, min(8, self.cores))
        self._threads = ThreadPoolExecutor(self.threads, thread_name_prefix="predict", initializer=one_core)
        self._large = ThreadPoolExecutor(1, thread_name_prefix="predict-large", initializer=one_core)

    def _change(self, places: int, size: int) -> None:
        super()._change(places, size)
        metrics.WAITING.set(self.taken)

    async def judge(self, task: Callable[[], Result], size: int) -> Result:
        """Run `task` on a thread for recordings of its size."""
        threads = self._large if size > LARGE else self._threads
        return await asyncio.get_running_loop().run_in_executor(threads, task)

    def soon(self, task: Callable[[], Result]) -> "asyncio.Future[Result]":
        """Run `task` on a thread; the caller may await the future later."""
        return asyncio.get_running_loop().run_in_executor(self._threads, task)


def settle(answers: "Iterable[asyncio.Future[Result]]", results: Sequence[Result | Exception]) -> None:
    """Give each waiting caller its result; one that has left, or has its answer, gets none."""
    for answer, result in zip(answers, results, strict=True):
        if answer.done():
            continue
        if isinstance(result, Exception):
            answer.set_exception(result)
        else:
            answer.set_result(result)


def results_of(done: "asyncio.Future[list[Result | Exception]]", n: int) -> Sequence[Result | Exception]:
    """The results of a thread that judged `n` inputs; if it failed, its error for each of them."""
    error = RuntimeError("the thread was stopped") if done.cancelled() else done.exception()
    if error is None:
        return done.result()
    return [error if isinstance(error, Exception) else RuntimeError("the thread has ended")] * n


QUEUE = Queue()
