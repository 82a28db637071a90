"""How soon a call raises an alarm: recall within a number of seconds, and false alarms a call, with intervals.

An alarm is an utterance that a model judged as the critical class of its scheme, raised when that utterance ends. It is
right if the utterance is of that class, false if it is of another one; where nobody labelled the utterance it counts as
neither. Times are ms from the start of the recording. Intervals of shares are Wilson's over calls; those of a mean
resample calls.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import NotEnoughData
from core.scores import interval, resampled_sums

ALARM = 0.5  # the probability of the critical class from which an utterance is an alarm
WITHIN_MS = 30_000
CURVE_STEP_MS = 5_000
CURVE_STEPS = 24  # the curve ends at two minutes
_PERCENTILES = (50, 90)


@dataclass(frozen=True, slots=True)
class Turn:
    """One judged utterance `[start_ms, end_ms)` of a call; `critical` is what people say, None without a label."""

    start_ms: int
    end_ms: int
    alarm: bool
    critical: bool | None


def is_alarm(p: float, least: float | None) -> bool:
    """Return whether the probability `p` of the critical class is an alarm.

    It is from `least` on, the operating point of a run; a run without one raises an alarm from one half on.

    >>> is_alarm(0.5, None), is_alarm(0.5, 0.7), is_alarm(0.4, 0.3)
    (True, False, True)
    """
    return bool(p >= (ALARM if least is None else least))


def alarm_scores(
    calls: Sequence[Sequence[Turn]], within_ms: int = WITHIN_MS, *, resamples: int = 1000, seed: int = 0
) -> dict[str, Any]:
    """Return the scores of calls with at least one turn each; `NotEnoughData` if there is none.

    Keys: within_ms, calls, dangerous (calls with a critical utterance), utterances, recall_within and recall ({"value",
    "low", "high", "n"}; n counts dangerous calls), said_later (dangerous calls in which nobody says it by then),
    false_alarms (a call; n counts calls), calls_with_false_alarm, time_to_alarm_ms and delay_ms ({"median", "p90", "n"}
    from the start of the call, and from the start of its first critical utterance), curve [{"ms", "recall"}].
    """
    if not calls:
        raise NotEnoughData("no call to time: no judged utterance lies in a recording")
    dangerous = [call for call in calls if any(turn.critical for turn in call)]
    times = [_first_right_ms(call) for call in dangerous]
    starts = [min(turn.start_ms for turn in call if turn.critical) for call in dangerous]
    raised = [(time, start) for time, start in zip(times, starts, strict=True) if time is not None]
    false = np.array([[sum(map(_is_false, call)), 1] for call in calls], dtype=np.int64)
    return {
        "within_ms": within_ms,
        "calls": len(calls),
        "dangerous": len(dangerous),
        "utterances": sum(map(len, calls)),
        "recall_within": _share(_raised_by(times, within_ms), len(dangerous)),
        "recall": _share(len(raised), len(dangerous)),
        "said_later": sum(start >= within_ms for start in starts),
        "false_alarms": _mean(false, resamples, seed),
        "calls_with_false_alarm": _share(int((false[:, 0] > 0).sum()), len(calls)),
        "time_to_alarm_ms": _percentiles([time for time, _ in raised]),
        "delay_ms": _percentiles([time - start for time, start in raised]),
        "curve": [
            {"ms": ms, "recall": _raised_by(times, ms) / len(dangerous)}
            for ms in range(0, (CURVE_STEPS + 1) * CURVE_STEP_MS, CURVE_STEP_MS)
        ]
        if dangerous
        else [],
    }


def _first_right_ms(call: Sequence[Turn]) -> int | None:
    """When the first right alarm of a call is raised; None if there is none."""
    return min((turn.end_ms for turn in call if turn.alarm and turn.critical), default=None)


def _is_false(turn: Turn) -> bool:
    return turn.alarm and turn.critical is False


def _raised_by(times: Sequence[int | None], ms: int) -> int:
    return sum(time is not None and time <= ms for time in times)


def _share(k: int, n: int) -> dict[str, Any]:
    """The share `k` of `n` with its interval; all None for n = 0."""
    if n == 0:
        return {"value": None, "low": None, "high": None, "n": 0}
    from statsmodels.stats.proportion import proportion_confint  # slow to import, and judging needs `is_alarm` alone

    low, high = proportion_confint(k, n, method="wilson")
    return {"value": k / n, "low": max(0.0, float(low)), "high": min(1.0, float(high)), "n": n}


def _mean(false: np.ndarray, resamples: int, seed: int) -> dict[str, Any]:
    """The mean of the first column a call, with its interval; none for a single call."""
    draws = None
    if len(false) > 1:
        sums = resampled_sums(false, resamples, seed)
        draws = sums[:, :1] / sums[:, 1:]
    return interval(float(false[:, 0].mean()), draws, 0) | {"n": len(false)}


def _percentiles(values: Sequence[int]) -> dict[str, Any]:
    median, p90 = np.percentile(values, _PERCENTILES).round().astype(int).tolist() if values else (None, None)
    return {"median": median, "p90": p90, "n": len(values)}
