"""What each least confidence would keep, and how right that would be: the curves beside the sliders."""

from dataclasses import dataclass

import numpy as np

from core.thresholds.evidence import REACH, Evidence, precision_curve
from core.thresholds.scores import GRID, Ints, Scores, Wide


@dataclass(frozen=True, eq=False)
class Curves:
    """For each of 101 least confidences, from 0 to 1, with one least margin.

    `kept` int64 (101, K): predictions of each class. `coverage` float64 (101,): the share of all predictions that is
    kept. `expected` and `raw` float64 (101,): the mean confidence of what is kept, calibrated and not, NaN where
    nothing is. `precision`, `low`, `high` float64 (101,): the estimate from evidence, NaN where there is none; `n`
    int64 (101,): the items behind it.
    """

    margin: float
    kept: Ints
    coverage: Wide
    expected: Wide
    raw: Wide
    precision: Wide
    low: Wide
    high: Wide
    n: Ints


def curves(scores: Scores, margin: float, evidence: Evidence | None = None) -> Curves:
    """Return the curves for a least margin, which is rounded to hundredths. No prediction without a class is kept."""
    at = round(margin * (len(GRID) - 1))
    tables, none = scores.tables, np.full(len(GRID), np.nan)
    total = tables.total[:, at]
    sums = (tables.total_confidence, tables.total_raw)
    expected, raw = (np.divide(part[:, at], total, out=none.copy(), where=total > 0) for part in sums)
    known = (none, none, none, np.zeros(len(GRID), dtype=np.int64))
    if evidence is not None and len(evidence):
        known = _estimated(evidence, float(GRID[at]), total)
    return Curves(float(GRID[at]), tables.kept[:, :, at].T, total / max(len(scores), 1), expected, raw, *known)


def _estimated(evidence: Evidence, margin: float, total: Ints) -> tuple[Wide, Wide, Wide, Ints]:
    """Precision, low, high and n along the curve; NaN where an audit stands for too little of what is kept."""
    value, low, high, n, weight = precision_curve(evidence, margin)
    reached = (weight >= REACH * total) if evidence.of_pool else np.ones(len(total), dtype=bool)
    return np.where(reached, value, np.nan), np.where(reached, low, np.nan), np.where(reached, high, np.nan), n
