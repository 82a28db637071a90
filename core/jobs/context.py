"""What a running job holds: durable steps, its progress on the board, and the request to stop.

`Cancelled` (a person's wish) leaves a job through here as an ordinary exception. `Stopped` (the worker is going down)
is no `Exception`, so that no job can mistake it for a failure: the job stays unfinished and is taken up again.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from threading import Event
from typing import Any

from core.errors import Cancelled
from core.store import Board

Steps = Callable[[str, Callable[[], Any]], Any]  # runs fn once and remembers what it returned under that name

EVERY_S = 0.25  # progress is written at most so often


class Stopped(BaseException):
    """The worker is going down; the job goes on from its last finished step when one starts again."""


class _Abandoned(BaseException):
    """Carries a step's exception past the queue, which would otherwise record it as the step's result."""


def now() -> str:
    """The present instant, UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


class JobContext:
    """Handed to `run_job(params, job)`; used from the job's own thread only."""

    def __init__(
        self, board: Board, job_id: str, steps: Steps, stop: Event, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.id = job_id
        self._board, self._steps, self._stop, self._clock = board, steps, stop, clock
        self._progress: dict[str, Any] = dict(board.get(job_id).progress)
        self._written_at: float | None = None
        self._waiting = False

    def step(self, name: str, fn: Callable[[], Any]) -> Any:
        """`fn()`, or what it returned before if this step was finished in an earlier life of the job.

        The result must be JSON-able. Steps must come in the same order with the same names in every life. Only a
        result is remembered, never an exception. Raises `Cancelled` before the step if a stop was asked for.
        """
        self._heed(self._board.update(self.id, now()))
        try:
            return self._steps(name, lambda: _shielded(fn))
        except _Abandoned as carrier:
            cause = carrier.__cause__
            assert cause is not None
            raise cause from cause.__cause__
        finally:
            self.flush()

    def report(self, progress: Mapping[str, Any]) -> None:
        """Show progress on the board: given keys replace, the others (such as `history`) stay.

        Written at most four times a second; the first and the latest always get there. Raises `Cancelled` if a stop
        was asked for by the time of a write.
        """
        self._progress |= progress
        self._waiting = True
        if self._stop.is_set():
            raise Stopped
        if self._written_at is None or self._clock() - self._written_at >= EVERY_S:
            self._heed(self.flush())

    def flush(self) -> bool:
        """Write progress that still waits; whether a stop was asked for."""
        if not self._waiting:
            return False
        self._waiting = False
        self._written_at = self._clock()
        return self._board.update(self.id, now(), progress=self._progress)

    def _heed(self, cancel_requested: bool) -> None:
        if self._stop.is_set():
            raise Stopped
        if cancel_requested:
            raise Cancelled(f"job {self.id} was cancelled")


def _shielded(fn: Callable[[], Any]) -> Any:
    try:
        return fn()
    except Exception as error:
        raise _Abandoned from error
