"""Heavy work of a page in a process beside the server, so that the server stays small and goes on answering.

The analyser of Korean takes 500 MB, and while it loads no other thread of its process runs: curators would wait for
seconds. A server allows the process (`allow`); without it, as in a job or on the command line, work runs where it is
called. The process starts with the first call, is given back after `IDLE_S` without one, and ends with its parent.
"""

from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from threading import Lock, Timer
from typing import Any, ParamSpec, TypeVar

from core.errors import InputError

IDLE_S = 600.0
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class _Call:
    """A function that a module has by its name, and what it is called with."""

    work: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def _perform(call: _Call) -> Any:
    return call.work(*call.args, **call.kwargs)


def _performer() -> Callable[[_Call], Any]:
    return _perform


class Beside:
    """A process for one piece of work at a time."""

    def __init__(self, idle_s: float = IDLE_S) -> None:
        self.allowed = False
        self._idle_s = idle_s
        self._lock = Lock()
        self._pool: ProcessPoolExecutor | None = None
        self._timer: Timer | None = None

    def prepare(self, work: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Start `work` there and do not wait for it, so that what it loads is there when it is needed."""
        if self.allowed and self._pool is None:
            self._submit(_Call(work, args, kwargs))

    def call(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return the result of `work`, a function of a module. `InputError` with the message of a `CoreError`."""
        from core.executors.remote import Failure

        if not self.allowed:
            return work(*args, **kwargs)
        try:
            answer = self._submit(_Call(work, args, kwargs)).result()
        except BrokenProcessPool:
            self.end()
            return work(*args, **kwargs)
        if isinstance(answer, Failure):
            if answer.trace:
                raise RuntimeError(answer.trace)
            raise InputError(answer.message)
        result: R = answer
        return result

    def end(self) -> None:
        """Give the process back."""
        with self._lock:
            pool, self._pool = self._pool, None
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, call: _Call) -> "Future[Any]":
        from core.executors.processes import new_pool, run

        with self._lock:
            if self._pool is None:
                self._pool = new_pool(1, _performer)
            if self._timer is not None:
                self._timer.cancel()
            future = self._pool.submit(run, call)
            self._timer = Timer(self._idle_s, self.end)
            self._timer.daemon = True
            self._timer.start()
            return future


BESIDE = Beside()


def allow() -> None:
    """Let this process start another one for heavy work."""
    BESIDE.allowed = True
