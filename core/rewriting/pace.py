"""When a request may be sent: a rate limit, and how long to wait after a failure."""

import time
from collections.abc import Callable
from random import Random
from threading import Lock

BURST = 10
_FAST = 60.0  # requests a minute from which some may go at once
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 120.0


class Pace:
    """Lets `per_minute` requests go in a minute, after `burst` that may go at once (GCRA). 0 a minute sets no limit.

    Without a `burst`, ten may go at once, and only one where the limit is below 60 a minute. Several threads may use
    it.
    """

    def __init__(
        self, per_minute: float = 0, burst: int | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        burst = burst or (BURST if per_minute >= _FAST else 1)
        self._interval_s = 60 / per_minute if per_minute > 0 else 0.0
        self._ahead_s = (burst - 1) * self._interval_s
        self._clock, self._lock, self._next_at = clock, Lock(), 0.0

    def delay(self) -> float:
        """Take the next place; returns how many seconds to wait until it.

        >>> pace = Pace(30, burst=2, clock=lambda: 100.0)
        >>> pace.delay(), pace.delay(), pace.delay(), pace.delay()
        (0.0, 0.0, 2.0, 4.0)
        """
        with self._lock:
            now = self._clock()
            due = max(now, self._next_at)
            self._next_at = due + self._interval_s
            return max(0.0, due - self._ahead_s - now)

    def hold(self, seconds: float) -> None:
        """Let nobody send for so long, because the service asked for it."""
        with self._lock:
            self._next_at = max(self._next_at, self._clock() + seconds + self._ahead_s)


def back_off(attempt: int, wanted_s: float | None, rng: Random) -> float:
    """The seconds to wait after failure number `attempt`, counted from 0: what the service asks for, else 1, 2, 4, 8.

    Up to a quarter is added by chance, so that several programs do not come back at the same moment.
    """
    base = wanted_s if wanted_s is not None else min(FIRST_WAIT_S * 2**attempt, LONGEST_WAIT_S)
    return base * (1 + rng.random() / 4)
