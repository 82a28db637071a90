"""Linear heads: for each Target logistic regression on one table of features, dense or sparse.

A single-label Target has one multinomial head, a multi-label Target one binary head a class. Rows without an answer for
a Target are left out of its head. A class without an example keeps a column; its probability is below that of a class
with one example.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import NotEnoughData
from core.models import Arrays
from core.models.linear.logistic import fit_rows
from core.schemes.target import Target

Weights = Mapping[str, NDArray[np.float64]]  # Target name -> how much each of N answers counts
NO_WEIGHTS: Weights = MappingProxyType({})  # each counts 1


@dataclass(frozen=True, slots=True, eq=False)
class LinearHead:
    """`coef` (K, D) and `intercept` (K,); scores of the classes, or of each class by itself."""

    target: Target
    coef: NDArray[Any]
    intercept: NDArray[Any]

    def logits(self, features: Any) -> NDArray[np.float64]:
        """(N, K) of `features` (N, D): log probabilities (single), log odds of each class (multi)."""
        scores = np.asarray(features @ self.coef.T + self.intercept, dtype=np.float64)
        return scores if self.target.multi else _log_softmax(scores)

    def loss(self, features: Any, answers: NDArray[Any], weights: NDArray[np.float64] | None = None) -> float:
        """The mean log loss on the rows that have an answer, weighted by `weights` (N,)."""
        rows = self.target.answered(answers)
        logits, given = self.logits(features)[rows], answers[rows]
        if self.target.multi:
            losses = np.logaddexp(0, np.where(given > 0, -logits, logits))
        else:
            losses = -logits[np.arange(len(given)), given]
        return float(losses.mean() if weights is None else np.average(losses, axis=0, weights=weights[rows]).mean())


def _log_softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """As scipy's `log_softmax`, without its questions about the kind of array: they take longer for a few rows."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def fit_heads(
    features: Any,
    answers: Mapping[str, NDArray[Any]],
    targets: Sequence[Target],
    *,
    c: float,
    max_iter: int,
    balanced: bool,
    weights: Weights = NO_WEIGHTS,
) -> dict[str, LinearHead]:
    """Fit a head for each Target. `NotEnoughData` where a Target has fewer than two classes, or no class both ways.

    `weights` says, by Target name, how much each answer counts (N,); a Target that is not there counts each answer 1.
    """
    solve = partial(fit_rows, c=c, max_iter=max_iter, balanced=balanced)
    return {
        target.name: _fit(features, answers[target.name], target, weights.get(target.name), solve) for target in targets
    }


def _fit(
    features: Any, answers: NDArray[Any], target: Target, weights: NDArray[np.float64] | None, solve: Callable[..., Any]
) -> LinearHead:
    """The head of one Target; `solve` is `fit_rows` with its settings."""
    rows = np.flatnonzero(target.answered(answers))
    given = answers[rows]
    table = features if len(rows) == len(answers) else features[rows]
    counted = None if weights is None else weights[rows]
    if not target.multi:
        coef, intercept = solve(table, given, len(target.codes), weights=counted)
        return LinearHead(target, coef, intercept)
    coef = np.zeros((len(target.codes), features.shape[1]))
    intercept = np.zeros(len(target.codes))
    some = 0
    for k in range(len(target.codes)):
        yes = given[:, k].astype(np.int64)
        if 0 < yes.sum() < len(yes):
            both, bias = solve(table, yes, 2, weights=counted)
            coef[k], intercept[k] = both[1] - both[0], bias[1] - bias[0]
            some += 1
        else:
            intercept[k] = np.log((yes.sum() + 0.5) / (len(yes) - yes.sum() + 0.5))
    if not some:
        raise NotEnoughData("training needs at least 2 classes, found {n}", n=int((given.sum(axis=0) > 0).sum()))
    return LinearHead(target, coef, intercept)


def mean_loss(
    heads: Mapping[str, LinearHead], features: Any, answers: Mapping[str, NDArray[Any]], weights: Weights = NO_WEIGHTS
) -> float:
    """The mean over the Targets of the log loss on the rows that have an answer, weighted by `weights`."""
    return float(np.mean([head.loss(features, answers[name], weights.get(name)) for name, head in heads.items()]))


def no_logits(heads: Mapping[str, LinearHead]) -> dict[str, NDArray[np.float64]]:
    """The logits (0, K) of no rows."""
    return {name: np.zeros((0, len(head.target.codes))) for name, head in heads.items()}


def all_logits(heads: Mapping[str, LinearHead], features: Any) -> dict[str, NDArray[np.float64]]:
    """Target name -> logits (N, K) of `features` (N, D)."""
    return {name: head.logits(features) for name, head in heads.items()}


def scaling(vectors: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and deviation (D,) of `vectors` (N, D); a column that never changes has the deviation 1e-6."""
    mean = vectors.mean(axis=0, dtype=np.float64)
    return mean, np.maximum(vectors.std(axis=0, dtype=np.float64), 1e-6)


def check_scaling(mean: NDArray[Any], scale: NDArray[Any]) -> None:
    """ValueError unless both are (D,)."""
    if mean.shape != scale.shape or mean.ndim != 1:
        raise ValueError(f"mean {mean.shape} and scale {scale.shape} differ")


def head_arrays(heads: Mapping[str, LinearHead]) -> Arrays:
    """The arrays of all heads by name: `coef.TARGET`, `intercept.TARGET`."""
    return {
        f"{part}.{name}": np.ascontiguousarray(getattr(head, part))
        for name, head in heads.items()
        for part in ("coef", "intercept")
    }


def of_format_1(arrays: Arrays, target: Target) -> Arrays:
    """The arrays of a run of card format 1, which names them `coef` and `intercept`, under their names of today."""
    names = {"coef": f"coef.{target.name}", "intercept": f"intercept.{target.name}"}
    return {names.get(name, name): array for name, array in arrays.items()}


def restored_heads(arrays: Arrays, targets: Sequence[Target], width: int) -> dict[str, LinearHead]:
    """The inverse of `head_arrays`; ValueError if the arrays do not fit `targets` and `width` features."""
    heads = {}
    for target in targets:
        coef, intercept = arrays[f"coef.{target.name}"], arrays[f"intercept.{target.name}"]
        if (coef.shape, intercept.shape) != ((len(target.codes), width), (len(target.codes),)):
            raise ValueError(f"arrays of {coef.shape} do not fit {len(target.codes)} classes of {width} features")
        heads[target.name] = LinearHead(target, coef, intercept)
    return heads
