"""Linear heads: for each Target logistic regression on one table of features, dense or sparse.

A single-label Target has one multinomial head, a multi-label Target one binary head a class. Rows without an answer for
a Target are left out of its head. A class without an example keeps a column; its probability is below that of a class
with one example.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from core.errors import NotEnoughData
from core.models import Arrays
from core.models.linear.logistic import fit_rows
from core.schemes.target import Target


@dataclass(frozen=True, slots=True, eq=False)
class LinearHead:
    """`coef` (K, D) and `intercept` (K,); scores of the classes, or of each class by itself."""

    target: Target
    coef: NDArray[Any]
    intercept: NDArray[Any]

    def logits(self, features: Any) -> NDArray[np.float64]:
        """(N, K) of `features` (N, D): log probabilities (single), log odds of each class (multi)."""
        scores = np.asarray(features @ self.coef.T + self.intercept, dtype=np.float64)
        return scores if self.target.multi else np.asarray(log_softmax(scores, axis=1), dtype=np.float64)

    def loss(self, features: Any, answers: NDArray[Any]) -> float:
        """The mean log loss on the rows that have an answer."""
        rows = self.target.answered(answers)
        logits, given = self.logits(features)[rows], answers[rows]
        if self.target.multi:
            return float(np.logaddexp(0, np.where(given > 0, -logits, logits)).mean())
        return -float(logits[np.arange(len(given)), given].mean())


def fit_heads(
    features: Any,
    answers: Mapping[str, NDArray[Any]],
    targets: Sequence[Target],
    *,
    c: float,
    max_iter: int,
    balanced: bool,
) -> dict[str, LinearHead]:
    """Fit a head for each Target. `NotEnoughData` where a Target has fewer than two classes, or no class both ways."""
    return {target.name: _fit(features, answers[target.name], target, c, max_iter, balanced) for target in targets}


def _fit(features: Any, answers: NDArray[Any], target: Target, c: float, max_iter: int, balanced: bool) -> LinearHead:
    rows = np.flatnonzero(target.answered(answers))
    given = answers[rows]
    table = features if len(rows) == len(answers) else features[rows]
    if not target.multi:
        coef, intercept = fit_rows(table, given, len(target.codes), c=c, max_iter=max_iter, balanced=balanced)
        return LinearHead(target, coef, intercept)
    coef = np.zeros((len(target.codes), features.shape[1]))
    intercept = np.zeros(len(target.codes))
    some = 0
    for k in range(len(target.codes)):
        yes = given[:, k].astype(np.int64)
        if 0 < yes.sum() < len(yes):
            both, bias = fit_rows(table, yes, 2, c=c, max_iter=max_iter, balanced=balanced)
            coef[k], intercept[k] = both[1] - both[0], bias[1] - bias[0]
            some += 1
        else:
            intercept[k] = np.log((yes.sum() + 0.5) / (len(yes) - yes.sum() + 0.5))
    if not some:
        raise NotEnoughData("training needs at least 2 classes, found {n}", n=int((given.sum(axis=0) > 0).sum()))
    return LinearHead(target, coef, intercept)


def head_arrays(heads: Mapping[str, LinearHead]) -> Arrays:
    """The arrays of all heads by name: `coef.TARGET`, `intercept.TARGET`."""
    return {
        f"{part}.{name}": np.ascontiguousarray(getattr(head, part))
        for name, head in heads.items()
        for part in ("coef", "intercept")
    }


def restored_heads(arrays: Arrays, targets: Sequence[Target], width: int) -> dict[str, LinearHead]:
    """The inverse of `head_arrays`; ValueError if the arrays do not fit `targets` and `width` features."""
    heads = {}
    for target in targets:
        coef, intercept = arrays[f"coef.{target.name}"], arrays[f"intercept.{target.name}"]
        if (coef.shape, intercept.shape) != ((len(target.codes), width), (len(target.codes),)):
            raise ValueError(f"arrays of {coef.shape} do not fit {len(target.codes)} classes of {width} features")
        heads[target.name] = LinearHead(target, coef, intercept)
    return heads
