"""What a running job gets: durable steps, progress on the board, and the request to stop.

A job ends by `Cancelled` if a person cancelled it. It ends by `Stopped` if the worker shuts down: the job stays
unfinished and the next worker continues it. `Stopped` is not an `Exception`, so that no job handles it as a failure.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from threading import Event
from typing import Any

from core.errors import Cancelled
from core.store import Board

Steps = Callable[[str, Callable[[], Any]], Any]  # runs fn once and stores its result under that name

EVERY_S = 0.25  # least time between two writes of progress


class Stopped(BaseException):
    """The worker shuts down; the next worker continues the job after its last finished step."""


class _StepFailed(BaseException):
    """Carries the exception of a step past DBOS, which would otherwise store it as the result of the step."""


def now() -> str:
    """The present instant, UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


class JobContext:
    """The `job` of `run_job(params, job)`; only the thread of the job may use it."""

    def __init__(
        self, board: Board, job_id: str, steps: Steps, stop: Event, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.id = job_id
        self._board, self._steps, self._stop, self._clock = board, steps, stop, clock
        self._progress: dict[str, Any] = dict(board.get(job_id).progress)
        self._written_at: float | None = None
        self._waiting = False

    def step(self, name: str, fn: Callable[[], Any]) -> Any:
        """The result of `fn()`; if an earlier worker finished this step, its stored result, and `fn` is not called.

        The result must be JSON-able. A job must run its steps in the same order with the same names every time. A
        result is stored, an exception is not. Raises `Cancelled` before the step if the job was cancelled.
        """
        self._stop_if_asked(self._board.update(self.id, now()))
        try:
            return self._steps(name, lambda: _shielded(fn))
        except _StepFailed as carrier:
            cause = carrier.__cause__
            assert cause is not None
            raise cause from cause.__cause__
        finally:
            self.flush()

    def report(self, progress: Mapping[str, Any]) -> None:
        """Show progress on the board: the given keys replace old ones, other keys (such as `history`) stay.

        It writes at most four times a second; the first and the last report are always written. Raises `Cancelled` if
        the job was cancelled before a write.
        """
        self._progress |= progress
        self._waiting = True
        if self._stop.is_set():
            raise Stopped
        if self._written_at is None or self._clock() - self._written_at >= EVERY_S:
            self._stop_if_asked(self.flush())

    def flush(self) -> bool:
        """Write progress that is not written yet; True if the job was cancelled meanwhile."""
        if not self._waiting:
            return False
        self._waiting = False
        self._written_at = self._clock()
        return self._board.update(self.id, now(), progress=self._progress)

    def _stop_if_asked(self, cancel_requested: bool) -> None:
        if self._stop.is_set():
            raise Stopped
        if cancel_requested:
            raise Cancelled(f"job {self.id} was cancelled")


def _shielded(fn: Callable[[], Any]) -> Any:
    try:
        return fn()
    except Exception as error:
        raise _StepFailed from error
