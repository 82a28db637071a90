"""Heavy work of a page in a process beside the server, so that the server stays small and goes on answering.

The analyser of Korean takes 500 MB, and while it loads no other thread of its process runs: curators would wait for
seconds. A server allows the process (`allow`); without it, as in a job or on the command line, work runs where it is
called. The process starts with the first call, is given back after `IDLE_S` without one, and ends with its parent.
Work that takes longer than `PATIENCE_S` ends with its process, so that it does not keep the next caller waiting.
"""

import faulthandler
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from threading import Lock, Timer
from typing import Any, ParamSpec, TypeVar

from core.errors import InputError, JobFailed

IDLE_S = 600.0
PATIENCE_S = 300.0
TRIES = 2  # a process that the system ended for want of memory may fit in the next time
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class _Call:
    """A function that a module has by its name, and what it is called with."""

    work: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    patience_s: float


def _perform(call: _Call) -> Any:
    faulthandler.dump_traceback_later(call.patience_s, exit=True)  # works also if the work never lets Python run
    try:
        return call.work(*call.args, **call.kwargs)
    finally:
        faulthandler.cancel_dump_traceback_later()


def _performer() -> Callable[[_Call], Any]:
    return _perform


class Beside:
    """A process for one piece of work at a time."""

    def __init__(self, idle_s: float = IDLE_S, patience_s: float = PATIENCE_S) -> None:
        self.allowed = False
        self._idle_s = idle_s
        self._patience_s = patience_s
        self._lock = Lock()  # of the pool
        self._pool: ProcessPoolExecutor | None = None
        self._counting = Lock()  # of what follows; never held while a pool works with locks of its own
        self._waiting = 0  # calls that are not answered yet
        self._timer: Timer | None = None

    def prepare(self, work: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Start `work` there and do not wait for it, so that what it loads is there when it is needed."""
        if self.allowed and self._pool is None:
            self._submit(_Call(work, args, kwargs, self._patience_s))

    def call(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return the result of `work`, a function of a module. `InputError` with the message of a `CoreError`.

        `JobFailed` if the process ends before the work is done, in the new process of a second try too. The work never
        moves into the server: what was too large or too slow for a process of its own would take the server with it.
        """
        from core.executors.remote import Failure

        if not self.allowed:
            return work(*args, **kwargs)
        answer = self._answer(_Call(work, args, kwargs, self._patience_s))
        if isinstance(answer, Failure):
            if answer.trace:
                raise RuntimeError(answer.trace)
            raise InputError(answer.message)
        result: R = answer
        return result

    def end(self) -> None:
        """Give the process back, also one that is at work; no other one is started."""
        self.allowed = False
        self._end(self._pool)

    def _answer(self, call: _Call) -> Any:
        began = time.monotonic()
        for _ in range(TRIES):
            pool, future = self._submit(call)
            try:
                return future.result()
            except BrokenProcessPool:
                self._end(pool)
            if not self.allowed or time.monotonic() - began >= self._patience_s:
                break
        raise JobFailed(
            "a process beside the server ended before its work was done: it wanted too much memory, or took longer "
            "than {minutes:.0f} minutes. Choose less at once.",
            minutes=self._patience_s / 60,
        )

    def _submit(self, call: _Call) -> "tuple[ProcessPoolExecutor, Future[Any]]":
        from core.executors.processes import new_pool, run

        with self._lock:
            self._count(1)
            try:
                pool = self._pool or new_pool(1, _performer)
                future = pool.submit(run, call)
            except BrokenProcessPool:  # it ended while nobody waited
                pool = new_pool(1, _performer)
                future = pool.submit(run, call)
            self._pool = pool
        future.add_done_callback(lambda _: self._count(-1))
        return pool, future

    def _count(self, change: int) -> None:
        """Count a call or an answer. Once nobody waits, the process has `idle_s` until it is given back."""
        with self._counting:
            self._waiting += change
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if not self._waiting:
                self._timer = Timer(self._idle_s, self._end, (self._pool, True))
                self._timer.daemon = True
                self._timer.start()

    def _end(self, pool: ProcessPoolExecutor | None, only_idle: bool = False) -> None:
        """Give `pool` back. Another one that a caller has started meanwhile stays."""
        from core.executors.processes import kill

        with self._lock:
            if pool is None or pool is not self._pool or (only_idle and self._waiting):
                return
            self._pool = None
        kill(pool)


BESIDE = Beside()


def allow() -> None:
    """Let this process start another one for heavy work."""
    BESIDE.allowed = True


def end() -> None:
    """Give the process back, so that the end of this process need not wait for it."""
    BESIDE.end()
