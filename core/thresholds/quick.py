"""What thresholds keep, counted without looking at a row: from tables and sums that Scores prepares once.

A slider asks for numbers, not for rows. Limits in hundredths, as sliders have them, are looked up in a table; limits of
a whole class are found in its sorted confidences. Everything else is counted from the rows that `keep` gives.
"""

import numpy as np
from numpy.typing import NDArray

from core.thresholds.keeping import Limits, Tally, keep, limits, ratio, tally
from core.thresholds.scores import GRID, Ints, Scores, Wide
from core.thresholds.thresholds import Thresholds

LAST = len(GRID) - 1


def counted(scores: Scores, thresholds: Thresholds) -> Tally:
    """Return what `tally` returns of the rows that `thresholds` keep."""
    at = limits(scores, thresholds)
    if thresholds.mode in ("flexmatch", "freematch"):
        return _of_answers(scores, scores.sure(at.of_answers(scores.members)[0]))
    if thresholds.mode == "top-k" and scores.single:
        return _of_answers(scores, np.minimum(scores.totals, thresholds.k))
    if thresholds.mode == "entropy" and _in_steps(np.array([thresholds.entropy])):
        n, sure, raw = scores.entropy_tables
        step = round(thresholds.entropy * LAST)
        return _tally(scores, n[:, step], sure[:, step], raw[:, step])
    if thresholds.mode in ("fixed", "per-class") and _tabled(scores, at):
        return _of_cells(scores, at)
    return tally(scores, keep(scores, thresholds))


def _tabled(scores: Scores, at: Limits) -> bool:
    """Whether the tables of classes hold the limits: in hundredths, of a Target with one class an item."""
    return scores.single and _in_steps(at.confidence) and _in_steps(at.margin)


def _of_cells(scores: Scores, at: Limits) -> Tally:
    i, j = (np.round(values * LAST).astype(np.int64) for values in (at.confidence, at.margin))
    tables, cells = scores.tables, (np.arange(len(scores.classes)), i, j)
    return _tally(scores, tables.kept[cells], tables.confidence[cells], tables.raw[cells])


def _of_answers(scores: Scores, n: Ints) -> Tally:
    """The tally of the `n` (A,) surest predictions of each answer."""
    starts = scores.starts[:-1]
    sure, raw = (part[starts + n] - part[starts] for part in scores.running)
    return _tally(scores, n, sure, raw)


def _tally(scores: Scores, n: NDArray[np.int64], confidence: Wide, raw: Wide) -> Tally:
    """The tally of counts and sums of each answer, (A,)."""
    members = scores.members.astype(np.float64)
    number = n @ members
    means = [ratio(sums @ members, number) for sums in (confidence, raw)]
    total = int(n.sum())
    whole = [float(sums.sum()) / total if total else float("nan") for sums in (confidence, raw)]
    return Tally(np.round(number).astype(np.int64), total, means[0], means[1], whole[0], whole[1])


def _in_steps(values: Wide) -> bool:
    return bool(np.isin(values, GRID).all())
