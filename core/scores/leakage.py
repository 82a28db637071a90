"""Scores of several models on test rows that overlap, and the differences between these models.

A model is trained and tested on its own arrangement of one corpus, so that two models share some test rows and not
others. The bootstrap draws groups of the whole corpus, and every model is scored on the same draw: a hard group counts
against each model that was tested on it. A row has one class or several; both are rows of 0 and 1 here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import NotEnoughData
from core.scores import Floats, Ints, interval, resampled_sums
from core.scores.multi import multi_scores, multi_tallies

OVERALL = ("accuracy", "macro_f1")
RECALL = "recall"  # of the class that must not be missed
_EXACT = 2  # columns after those of the classes: rows that are all right, and all rows


@dataclass(frozen=True, eq=False)
class ScoredRows:
    """N test rows of one model: `truth` and `guess` bool (N, K), and the group of each row."""

    truth: NDArray[np.bool_]
    guess: NDArray[np.bool_]
    groups: Sequence[str]


def measure(
    models: Mapping[str, ScoredRows],
    differences: Mapping[str, tuple[str, str]],
    *,
    critical: int | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Return {models: {name: scores}, differences: {name: scores}}; a score is {"value", "low", "high"}.

    The scores are accuracy (of several classes the whole set), macro_f1 and, with the class id `critical`, recall; a
    model also has n and n_groups. `differences` names for each difference the two models: the first is subtracted from
    the second. Intervals are 95 % percentiles over `resamples` draws. `NotEnoughData` for a model without a row.
    """
    for name, rows in models.items():
        if not len(rows.groups):
            raise NotEnoughData("nothing to score: {name} has no test row", name=name)
    names = sorted({group for rows in models.values() for group in rows.groups})
    tallies = np.concatenate([_tallies(rows, names) for rows in models.values()], axis=1)
    points = _scores(tallies.sum(axis=0)[None].astype(np.float64), models, critical)
    enough = len(names) > 1 and resamples > 0
    draws = _scores(resampled_sums(tallies, resamples, seed), models, critical) if enough else {}
    groups = {name: len(set(rows.groups)) for name, rows in models.items()}
    return {
        "models": {
            name: {"n": len(rows.groups), "n_groups": groups[name]}
            | {score: _interval(point, draws.get(name, {}).get(score), groups[name]) for score, point in own.items()}
            for (name, rows), own in zip(models.items(), points.values(), strict=True)
        },
        "differences": {
            name: {
                score: _interval(
                    points[second][score] - points[first][score],
                    draws[second][score] - draws[first][score] if draws else None,
                    min(groups[first], groups[second]),
                )
                for score in points[first]
            }
            for name, (first, second) in differences.items()
        },
    }


def _tallies(rows: ScoredRows, names: Sequence[str]) -> Ints:
    """The tallies of a model (G, 3K + 2), a row for each of the G groups `names`; zeros where it has no test row."""
    tallies, exact = multi_tallies(rows.truth, rows.guess, rows.groups)
    own = np.unique(np.asarray(rows.groups, dtype=object).astype(str))
    flat = np.concatenate([tallies.reshape(len(own), -1), exact], axis=1)
    table = np.zeros((len(names), flat.shape[1]), dtype=np.int64)
    table[np.searchsorted(np.asarray(names, dtype=object).astype(str), own)] = flat
    return table


def _scores(sums: Floats, models: Mapping[str, ScoredRows], critical: int | None) -> dict[str, dict[str, Floats]]:
    """Model -> score -> values (R,) of R sums of tallies; nan where a draw holds no test row of the model."""
    width = sums.shape[1] // len(models)
    scored = {}
    for place, name in enumerate(models):
        own = sums[:, place * width : (place + 1) * width]
        with np.errstate(divide="ignore", invalid="ignore"):
            every = multi_scores(own[:, :-_EXACT].reshape(len(own), 3, -1), own[:, -_EXACT:])
        scored[name] = {score: every[score][:, 0] for score in OVERALL}
        if critical is not None:
            scored[name][RECALL] = every["recall"][:, critical]
    return scored


def _interval(point: Floats, draws: Floats | None, groups: int) -> dict[str, float | None]:
    """The score of one row `point` (1,); a model that was tested on one group has no interval."""
    return interval(float(point[0]), draws[:, None] if draws is not None and groups > 1 else None, 0)
