"""Compare two models on the same items: McNemar's test, and the difference of scores with a paired bootstrap.

`gold int (N,)`, `first` and `second int (N,)` are the class ids that the two models predict. The bootstrap draws
groups, and both models are scored on the same draw, so a hard group counts against both.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from core.errors import InputError, NotEnoughData
from core.scores import Floats, Ints, count_tallies, resampled_sums, tally_scores

COMPARED = ("accuracy", "macro_f1")
EXACT_BELOW = 25  # with fewer rows on which one model is right and the other wrong, the exact test is used
_TAILS = (2.5, 97.5)


def compare(
    gold: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    groups: Sequence[str],
    classes: int,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Return {n, n_groups, accuracy, macro_f1, mcnemar}; a score is {first, second, difference: {value, low, high}}.

    The difference is that of the second minus that of the first, with a 95 % interval (None with one group).
    `NotEnoughData` without a row, `InputError` if the lengths differ or a class id is not below `classes`.
    """
    truth, a, b = (_class_ids(values, len(groups), classes) for values in (gold, first, second))
    tallies = np.stack([count_tallies(truth, guess, groups, classes) for guess in (a, b)], axis=1)
    point = [tally_scores(tallies[:, model].sum(axis=0).astype(np.float64)[None]) for model in (0, 1)]
    draws = _differences(tallies, resamples, seed) if len(tallies) > 1 else {}
    scores = {
        name: _difference(float(point[0][name][0, 0]), float(point[1][name][0, 0]), draws.get(name))
        for name in COMPARED
    }
    return {"n": len(truth), "n_groups": len(tallies), **scores, "mcnemar": mcnemar(a == truth, b == truth)}


def mcnemar(first_right: ArrayLike, second_right: ArrayLike) -> dict[str, Any]:
    """Return {both_right, right_to_wrong, wrong_to_right, both_wrong, statistic, p_value, exact}.

    The test asks whether the two models are right equally often; only rows on which one is right and the other wrong
    say something about it. With fewer than `EXACT_BELOW` of them it is the exact binomial test.
    """
    from statsmodels.stats.contingency_tables import mcnemar as test

    a, b = np.asarray(first_right, dtype=bool), np.asarray(second_right, dtype=bool)
    table = [[int((a & b).sum()), int((a & ~b).sum())], [int((~a & b).sum()), int((~a & ~b).sum())]]
    changed = table[0][1] + table[1][0]
    exact = changed < EXACT_BELOW
    result: Any = test(table, exact=exact, correction=True)
    return {
        "both_right": table[0][0],
        "right_to_wrong": table[0][1],
        "wrong_to_right": table[1][0],
        "both_wrong": table[1][1],
        "statistic": float(result.statistic),
        "p_value": float(result.pvalue) if changed else 1.0,
        "exact": exact,
    }


def _class_ids(values: ArrayLike, n: int, classes: int) -> Ints:
    ids = np.asarray(values, dtype=np.int64)
    if not n:
        raise NotEnoughData("nothing to compare: the two runs share no item")
    if ids.shape != (n,) or ids.min() < 0 or ids.max() >= classes:
        raise InputError("expected {n} class ids from 0 to {k}", n=n, k=classes - 1)
    return ids


def _differences(tallies: Ints, resamples: int, seed: int) -> dict[str, Floats]:
    """Return the differences of `resamples` draws of G groups; `tallies` is (G, 2, 3, K)."""
    if not resamples:
        return {}
    sums = resampled_sums(tallies.reshape(len(tallies), -1), resamples, seed).reshape(resamples, *tallies.shape[1:])
    a, b = (tally_scores(sums[:, model]) for model in (0, 1))
    return {name: (b[name] - a[name])[:, 0] for name in COMPARED}


def _difference(first: float, second: float, draws: Floats | None) -> dict[str, Any]:
    low, high = (None, None) if draws is None else np.percentile(draws, _TAILS).tolist()
    return {"first": first, "second": second, "difference": {"value": second - first, "low": low, "high": high}}
