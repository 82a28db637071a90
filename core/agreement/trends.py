"""Agreement with the consensus over time and against speed, from `Judged` answers in order of time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise
from typing import Literal

import numpy as np

from core.agreement.consensus import Judged
from core.agreement.figures import Share, share
from core.errors import InputError

Every = int | Literal["day", "week"]  # so many answers, or a calendar's days or weeks (UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """Consecutive answers of one person, from the instant of the first to that of the last."""

    first_at: str
    last_at: str
    agreed: Share


@dataclass(frozen=True, slots=True)
class Drift:
    """`change`: the share of the last window less that of the first; None of fewer than two windows."""

    rater: str
    windows: tuple[Window, ...]
    change: float | None


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers that took from `from_ms` to `to_ms`, both included."""

    from_ms: int
    to_ms: int
    agreed: Share


def drift(answers: Sequence[Judged], every: Every = 50) -> tuple[Drift, ...]:
    """For each person the windows in order; answers without an instant (imported votes) are in none."""
    if isinstance(every, int) and every < 1:
        raise InputError("a window of {every} answers holds nothing", every=every)
    timed = [one for one in answers if one.at]
    found = []
    for rater in sorted({one.rater for one in timed}):
        mine = [one for one in timed if one.rater == rater]
        windows = tuple(map(_window, _cut(mine, every)))
        ends = [one.agreed.value for one in (windows[0], windows[-1])] if len(windows) > 1 else []
        found.append(Drift(rater, windows, (ends[1] or 0.0) - (ends[0] or 0.0) if ends else None))
    return tuple(found)


def speed(answers: Sequence[Judged], bins: int = 5) -> tuple[Bin, ...]:
    """Answers by the time they took, in `bins` bins of about as many each; those without a time are left out."""
    spent = np.array([one.spent_ms for one in answers if one.spent_ms is not None], np.int64)
    agrees = np.array([one.agrees for one in answers if one.spent_ms is not None], np.bool_)
    if not len(spent):
        return ()
    edges = np.unique(np.quantile(spent, np.linspace(0, 1, bins + 1), method="lower"))
    edges[0] -= 1  # each bin is (low, high]: the first takes the quickest too
    found = []
    for low, high in pairwise(edges.tolist() if len(edges) > 1 else [int(edges[0]), int(spent[0])]):
        mine = (spent > low) & (spent <= high)
        found.append(
            Bin(int(spent[mine].min()), int(spent[mine].max()), share(int(agrees[mine].sum()), int(mine.sum())))
        )
    return tuple(found)


def _cut(mine: Sequence[Judged], every: Every) -> list[list[Judged]]:
    if isinstance(every, int):
        return [list(mine[start : start + every]) for start in range(0, len(mine), every)]
    key: Callable[[Judged], str] = _day if every == "day" else _week
    return [list(part) for _, part in groupby(mine, key=key)]


def _day(one: Judged) -> str:
    return one.at[:10]


def _week(one: Judged) -> str:
    year, week, _ = date.fromisoformat(one.at[:10]).isocalendar()
    return f"{year}-{week:02d}"


def _window(part: Sequence[Judged]) -> Window:
    return Window(part[0].at, part[-1].at, share(sum(one.agrees for one in part), len(part)))
