"""How right the kept predictions are, from items of which people know the answer.

Evidence is either the run's own test side, or an audit: a sample drawn from the pool, in which each item stands for
`weight` predictions. Precision is the weighted share of right predictions; its 95 % interval is Wilson's with Kish's
effective number of items, `(sum w)^2 / sum w^2`, which is their number where all weigh the same.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from core.thresholds.keeping import Limits, passing
from core.thresholds.scores import GRID, Bools, Floats, Ints, Wide, steps

LEAST_ANSWERS = 10  # an audit with fewer answers says too little
REACH = 0.8  # an audit says nothing about predictions of which it stands for a smaller share


@dataclass(frozen=True, eq=False)
class Evidence:
    """n items with a prediction and the answer of people.

    `predicted` and `gold` bool (n, K): the classes of each. `confidence`, `margin`, `entropy` float32 (n,) as in
    Scores. `weight` float64 (n,): how many predictions of the pool an item stands for; all 1 for a test side.
    `of_pool` says whether the items were drawn from the pool.
    """

    predicted: Bools
    gold: Bools
    confidence: Floats
    margin: Floats
    entropy: Floats
    weight: Wide
    of_pool: bool = False

    def __len__(self) -> int:
        return len(self.confidence)

    def passing(self, at: Limits) -> Bools:
        """Return which items reach the limits, bool (n,)."""
        rows = np.arange(len(self))
        return passing(at, self.predicted, rows, self.confidence, self.margin, self.entropy)


@dataclass(frozen=True, eq=False)
class Estimates:
    """Precision with its 95 % interval, float64 (K,), and the number of items behind each, int64 (K,).

    NaN where there is no item. `value`, `low`, `high` and `number` are those over all classes. `represented` is the
    share of the kept predictions that the items stand for, at most 1; it is 1 for a test side.
    """

    precision: Wide
    lows: Wide
    highs: Wide
    n: Ints
    value: float
    low: float
    high: float
    number: int
    represented: float = 1.0
    of_pool: bool = False

    @property
    def suffices(self) -> bool:
        """Whether the items tell enough to rely on: an audit has ten answers among what is kept, and stands for it."""
        return self.reaches and (not self.of_pool or self.number >= LEAST_ANSWERS)

    @property
    def noise(self) -> float:
        """The estimated share of wrong labels among those kept."""
        return 1 - self.value

    @property
    def reaches(self) -> bool:
        """Whether the items tell something about what is kept."""
        return self.number > 0 and self.represented >= REACH


def estimates(evidence: Evidence, at: Limits, kept: int = 0) -> Estimates:
    """Return the precision of what the limits keep; `kept` is the number of predictions of the pool that they keep."""
    inside = evidence.passing(at)
    predicted, weight = evidence.predicted[inside], evidence.weight[inside]
    right = predicted & evidence.gold[inside]
    whole = (evidence.predicted[inside] == evidence.gold[inside]).all(axis=1)
    by_class = weighted_wilson(weight @ right, weight @ predicted, weight**2 @ predicted)
    overall = weighted_wilson(weight @ whole, weight.sum(), (weight**2).sum())
    represented = min(float(weight.sum()) / kept, 1.0) if evidence.of_pool and kept else 1.0
    value, low, high = (float(number) for number in overall)
    n = np.asarray(predicted.sum(axis=0), dtype=np.int64)
    return Estimates(
        *by_class, n=n, value=value, low=low, high=high, number=int(inside.sum()), represented=represented,
        of_pool=evidence.of_pool,
    )  # fmt: skip


def precision_curve(evidence: Evidence, margin: float) -> tuple[Wide, Wide, Wide, Ints, Wide]:
    """Return precision, low, high, the number of items and the sum of their weights, (101,) each.

    Those at place i are over the items with a confidence of at least `GRID[i]` and a margin of at least `margin`.
    """
    k = evidence.predicted.shape[1]
    at = Limits(np.zeros(k), np.full(k, margin))
    inside = evidence.passing(at)
    step, weight = steps(evidence.confidence[inside]), evidence.weight[inside]
    right = (evidence.predicted[inside] == evidence.gold[inside]).all(axis=1)
    sums = [_from_the_top(step, values) for values in (weight * right, weight, weight**2)]
    number = _from_the_top(step, np.ones(len(step))).astype(np.int64)
    return *weighted_wilson(*sums), number, sums[1]


def weighted_wilson(right: ArrayLike, total: ArrayLike, squares: ArrayLike) -> tuple[Wide, Wide, Wide]:
    """Return share and 95 % Wilson interval of sums of weights: of right items, of all, and of all weights squared.

    NaN where `total` is 0.

    >>> [round(float(x), 3) for x in weighted_wilson(8, 10, 10)]
    [0.8, 0.49, 0.943]
    """
    from statsmodels.stats.proportion import proportion_confint

    part, whole, square = (np.asarray(values, dtype=np.float64) for values in (right, total, squares))
    some = whole > 0
    share = np.clip(np.divide(part, whole, out=np.full(whole.shape, np.nan), where=some), 0.0, 1.0)
    n = np.divide(whole**2, square, out=np.zeros(whole.shape), where=some)
    low, high = proportion_confint(np.where(some, share * n, 0.0), np.where(some, n, 1.0), method="wilson")
    return share, np.where(some, low, np.nan), np.where(some, high, np.nan)


def _from_the_top(step: Ints, values: ArrayLike) -> Wide:
    """The sums of `values` over the rows at each step of GRID or above it, (101,)."""
    sums = np.bincount(step, weights=np.asarray(values, dtype=np.float64), minlength=len(GRID))
    return np.asarray(sums[::-1].cumsum()[::-1])
