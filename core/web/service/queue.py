"""Recordings wait here for their judgement: a bounded number at once, the rest is refused with 503 at once.

A place is taken before the upload is read and given back when the answer is ready, so uploads count too. A few threads
judge. A large recording takes a lane of its own, so that the memory of the server stays bounded.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
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


class Queue:
    """The places of this process and the threads that judge."""

    def __init__(self, places: int = PLACES, spooled: int = SPOOLED, threads: int | None = None) -> None:
        self.places, self.spooled = places, spooled
        self.taken, self.bytes = 0, 0
        threads = threads or max(1, min(8, os.cpu_count() or 1))
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="predict", initializer=one_core)
        self._large = ThreadPoolExecutor(1, thread_name_prefix="predict-large", initializer=one_core)

    @contextmanager
    def place(self, size: int) -> Iterator[None]:
        """Take a place for an upload of `size` bytes; `RefusedRequest` 503 if there is none."""
        if self.taken >= self.places or self.bytes + size > self.spooled:
            metrics.REFUSED.labels("queue").inc()
            raise RefusedRequest(503, f"{self.taken} recordings are waiting already; ask again later", RETRY_S)
        self.taken += 1
        self.bytes += size
        metrics.WAITING.set(self.taken)
        try:
            yield
        finally:
            self.taken -= 1
            self.bytes -= size
            metrics.WAITING.set(self.taken)

    async def judge(self, task: Callable[[], Result], size: int) -> Result:
        """Run `task` on a thread for recordings of its size."""
        threads = self._large if size > LARGE else self._threads
        return await asyncio.get_running_loop().run_in_executor(threads, task)

    def soon(self, task: Callable[[], Result]) -> "asyncio.Future[Result]":
        """Run `task` on a thread; the caller may await the future later."""
        return asyncio.get_running_loop().run_in_executor(self._threads, task)


QUEUE = Queue()
