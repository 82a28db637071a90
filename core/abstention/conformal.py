"""Sets of classes that fit: split conformal prediction, and whether the best classes are told apart.

The threshold of a run is fitted on its validation side so that the set of every class at or above it holds the right
class of a new item at least as often as `level` says. Classes that are nearly as probable as the best one join the
set, so a guess never looks like an answer.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.schemes.target import Target

LEVEL = 0.9
NEARLY = 0.8  # of the best probability: such a class is not told apart from the best one
HALF = 0.5  # the same where no class reaches the threshold


def fitted_threshold(right: ArrayLike, level: float = LEVEL) -> float | None:
    """The least probability that fits, from the probabilities (N,) of the right classes of N items.

    None if there are too few items for the level.

    >>> fitted_threshold([.9] * 8), fitted_threshold([.2, .9, .9, .9, .9, .9, .9, .9, .9, .9])
    (None, 0.2)
    """
    table = np.sort(np.asarray(right, dtype=np.float64))
    place = len(table) - math.ceil((len(table) + 1) * level)
    return float(table[place]) if len(table) and place >= 0 else None


def right_probabilities(target: Target, probs: ArrayLike, codes: list[str]) -> NDArray[np.float64]:
    """The probability (N,) of the right code of each row; of several classes the lowest of all answers."""
    table, answers = np.asarray(probs, dtype=np.float64).reshape(len(codes), -1), target.answers(codes)
    if target.multi:
        return np.asarray(np.where(answers > 0, table, 1 - table).min(axis=1))
    return np.asarray(table[np.arange(len(table)), answers])


def prediction_set(target: Target, probs: ArrayLike, threshold: float | None) -> tuple[str, ...]:
    """The codes that fit `probs` (K,), the most probable first; at least the best one of a single-label Target.

    >>> mood = Target("mood", ("low", "mid", "high"))
    >>> prediction_set(mood, [.33, .33, .34], .6), prediction_set(mood, [.1, .1, .8], .3)
    (('high', 'low', 'mid'), ('high',))
    """
    row = np.asarray(probs, dtype=np.float64)
    if target.multi:
        fits = row > 0.5 - _doubt()
    else:
        best = float(row.max())
        least = NEARLY if threshold is None or best >= threshold else HALF
        fits = row >= least * best
        if threshold is not None:
            fits |= row >= threshold
    order = np.argsort(-row, kind="stable")
    return tuple(target.codes[k] for k in order if fits[k])


def undecided(target: Target, probs: ArrayLike, fitting: tuple[str, ...]) -> bool:
    """Whether the best classes are not told apart; of a multi-label Target, whether a class is neither yes nor no."""
    if target.multi:
        return bool((np.abs(np.asarray(probs, dtype=np.float64) - 0.5) < _doubt()).any())
    return len(fitting) > 1


def _doubt() -> float:
    """How far from one half a class is neither yes nor no: no is `NEARLY` as probable as yes."""
    return 1 / (1 + NEARLY) - 0.5
