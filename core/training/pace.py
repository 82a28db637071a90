"""How fast work goes on, and when it will be done: steps a second and milliseconds left, from the steps seen so far."""

import time
from collections.abc import Callable


class Pace:
    """Measures one kind of step in one process; work that was done before it began does not count."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began: tuple[float, int] | None = None

    def at(self, done: int, total: int) -> dict[str, float | int]:
        """Return `rate` (steps a second) and `left_ms` once `done` of `total` steps show them, else nothing.

        >>> now = iter([0.0, 2.0])
        >>> pace = Pace(lambda: next(now))
        >>> pace.at(10, 30), pace.at(20, 30)
        ({}, {'rate': 5.0, 'left_ms': 2000})
        """
        at = self._clock()
        if self._began is None or done < self._began[1]:
            self._began = at, done
        began, before = self._began
        if done == before or at <= began:
            return {}
        rate = (done - before) / (at - began)
        return {"rate": round(rate, 3), "left_ms": round((total - done) / rate * 1000)}
