"""A number with its confidence interval and the counts it is based on.

A coefficient is a function of sums over items. So a bootstrap sample of items is a weighted sum of their features, and
1,000 samples are one matrix product. Items with equal features are interchangeable: one multinomial draw says how often
each distinct pattern occurs in a sample.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.agreement.ratings import Floats

_TAILS = (2.5, 97.5)
_CELLS_AT_ONCE = 4_000_000  # bounds the memory of a block of resamples
OfSums = Callable[[Floats], Floats]  # sums (R, S) -> values (R,), nan where undefined


@dataclass(frozen=True, slots=True)
class Figure:
    """A coefficient: `low` to `high` is the 95 % percentile interval of the bootstrap over items.

    `n` counts items. `reason` says why `value` is None, "" if it is not.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_ratings: int
    n_raters: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """The share `k` of `n`, with the 95 % Wilson interval; `value`, `low` and `high` are None if n = 0."""

    k: int
    n: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Resampling:
    """The settings of the bootstrap; with `resamples` 0 there are no intervals."""

    resamples: int = 1000
    seed: int = 0


def share(k: int, n: int) -> Share:
    """Return `k` of `n` with its interval.

    >>> share(1, 2).value, share(0, 0).value
    (0.5, None)
    """
    from statsmodels.stats.proportion import proportion_confint  # takes a second to load

    if n == 0:
        return Share(0, 0, None, None, None)
    low, high = proportion_confint(k, n, method="wilson")
    return Share(k, n, k / n, max(0.0, float(low)), min(1.0, float(high)))


def interval(features: NDArray[np.float64], of_sums: OfSums, draws: Resampling) -> tuple[float | None, float | None]:
    """Return the interval of `of_sums` over samples of N items; `features` is (N, S).

    Both ends are None if there are fewer than two items, no resamples, or no sample with a defined value.
    """
    if len(features) < 2 or not draws.resamples:
        return None, None
    patterns, times = np.unique(features, axis=0, return_counts=True)
    return drawn_interval(patterns, times, of_sums, draws)


def drawn_interval(
    patterns: Floats, times: NDArray[np.int64], of_sums: OfSums, draws: Resampling
) -> tuple[float | None, float | None]:
    """Do the same as `interval`, from the distinct `patterns` (P, S); pattern p occurs at `times[p]` items."""
    rng = np.random.default_rng(draws.seed)
    n = int(times.sum())
    values = np.empty(draws.resamples)
    block = max(1, _CELLS_AT_ONCE // max(patterns.shape))
    for start in range(0, draws.resamples, block):
        rows = min(block, draws.resamples - start)
        weights = rng.multinomial(n, times / n, size=rows).astype(np.float64)
        values[start : start + rows] = of_sums(weights @ patterns)
    values = values[np.isfinite(values)]
    if not len(values):
        return None, None
    low, high = np.percentile(values, _TAILS).tolist()
    return low, high


def quotient(part: Floats, whole: Floats) -> Floats:
    """Return `part / whole`, nan where `whole` is 0."""
    return np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=np.asarray(whole) > 0)
