"""How agreement with the consensus depends on time and on speed, from `ComparedAnswer`s in order of time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise
from typing import Literal

import numpy as np

from core.agreement.consensus import ComparedAnswer
from core.agreement.figures import Share, share
from core.errors import InputError

WindowSize = int | Literal["day", "week"]  # a number of answers, or calendar days or weeks (UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """Consecutive answers of one rater; `first_at` and `last_at` are the times of the first and the last."""

    first_at: str
    last_at: str
    agreed: Share


@dataclass(frozen=True, slots=True)
class Drift:
    """The windows of one rater. `change` is the share of the last window minus that of the first.

    `change` is None if there are fewer than two windows.
    """

    rater: str
    windows: tuple[Window, ...]
    change: float | None


@dataclass(frozen=True, slots=True)
class SpeedBin:
    """Answers that took from `from_ms` to `to_ms`, both included."""

    from_ms: int
    to_ms: int
    agreed: Share


def drift(answers: Sequence[ComparedAnswer], every: WindowSize = 50) -> tuple[Drift, ...]:
    """Return the windows of each rater, in order; answers without a time (imported votes) are left out.

    `InputError` if `every` is a number below 1.
    """
    if isinstance(every, int) and every < 1:
        raise InputError("a window of {every} answers holds nothing", every=every)
    timed = [answer for answer in answers if answer.at]
    drifts = []
    for rater in sorted({answer.rater for answer in timed}):
        own = [answer for answer in timed if answer.rater == rater]
        windows = tuple(map(_window, _cut(own, every)))
        ends = [window.agreed.value for window in (windows[0], windows[-1])] if len(windows) > 1 else []
        drifts.append(Drift(rater, windows, (ends[1] or 0.0) - (ends[0] or 0.0) if ends else None))
    return tuple(drifts)


def speed(answers: Sequence[ComparedAnswer], bins: int = 5) -> tuple[SpeedBin, ...]:
    """Group the answers by the time they took, in `bins` bins of about equal size; answers without it are left out."""
    spent = np.array([answer.spent_ms for answer in answers if answer.spent_ms is not None], np.int64)
    agrees = np.array([answer.agrees for answer in answers if answer.spent_ms is not None], np.bool_)
    if not len(spent):
        return ()
    edges = np.unique(np.quantile(spent, np.linspace(0, 1, bins + 1), method="lower"))
    edges[0] -= 1  # each bin is (low, high]; the first must include the quickest answer
    filled = []
    for low, high in pairwise(edges.tolist() if len(edges) > 1 else [int(edges[0]), int(spent[0])]):
        inside = (spent > low) & (spent <= high)
        agreed = share(int(agrees[inside].sum()), int(inside.sum()))
        filled.append(SpeedBin(int(spent[inside].min()), int(spent[inside].max()), agreed))
    return tuple(filled)


def _cut(answers: Sequence[ComparedAnswer], every: WindowSize) -> list[list[ComparedAnswer]]:
    if isinstance(every, int):
        return [list(answers[start : start + every]) for start in range(0, len(answers), every)]
    key: Callable[[ComparedAnswer], str] = _day if every == "day" else _week
    return [list(part) for _, part in groupby(answers, key=key)]


def _day(answer: ComparedAnswer) -> str:
    return answer.at[:10]


def _week(answer: ComparedAnswer) -> str:
    year, week, _ = date.fromisoformat(answer.at[:10]).isocalendar()
    return f"{year}-{week:02d}"


def _window(part: Sequence[ComparedAnswer]) -> Window:
    return Window(part[0].at, part[-1].at, share(sum(answer.agrees for answer in part), len(part)))
