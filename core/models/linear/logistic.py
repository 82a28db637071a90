"""Multinomial logistic regression by scikit-learn, with a column for every class, those without an example too."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from core.errors import NotEnoughData


def present_classes(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the class ids that occur in `labels (N,)`; `NotEnoughData` below two."""
    present = np.unique(labels)
    if len(present) < 2:
        raise NotEnoughData("training needs at least 2 classes, found {n}", n=len(present))
    return present


def fit_rows(
    features: Any,
    labels: NDArray[np.int64],
    classes: int,
    *,
    c: float,
    max_iter: int,
    balanced: bool,
    weights: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit on `features` (N, D), dense or sparse; return `coef` (K, D), centred over the classes, and `intercept` (K,).

    A class without an example has a column too; its probability is below that of a class with one example.
    `weights` (N,) say how much each row counts; None: 1. `NotEnoughData` below two classes.
    """
    present = present_classes(labels)
    solver = LogisticRegression(C=c, max_iter=max_iter, class_weight="balanced" if balanced else None)
    solver.fit(features, labels, sample_weight=weights)
    rows, bias = solver.coef_, solver.intercept_
    if len(present) == 2:  # scikit-learn has one row for two classes
        rows, bias = np.vstack([-rows, rows]) / 2, np.concatenate([-bias, bias]) / 2
    coef = np.zeros((classes, features.shape[1]))
    intercept = np.full(classes, bias.min() - np.log(len(labels) + 1.0))
    coef[present], intercept[present] = rows - rows.mean(axis=0), bias
    return coef, intercept
