"""Curves of predicted probabilities: precision-recall and ROC of each class against the rest, and reliability.

`gold int (N,)`, `probs float (N, K)`, column k is `codes[k]`. The results are plain documents that JSON can hold. This
module draws nothing.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.scores import ECE_BINS, bin_of, checked

MOST_POINTS = 200  # of a curve; more cannot be told apart on a screen


def one_against_rest(gold: ArrayLike, probs: ArrayLike, codes: Sequence[str]) -> list[dict[str, Any]]:
    """Return for each class {code, n, share, average_precision, auc, pr: {recall, precision}, roc: {fpr, tpr}}.

    `n` is the number of examples and `share` their part of all rows, which is the precision of a blind guess. Where a
    class has no example, or no row is of another class, the two areas are None and the curves are empty.
    """
    truth, table = checked(gold, probs, [""] * len(np.asarray(gold)), codes)
    return [_curves_of(code, truth == k, table[:, k]) for k, code in enumerate(codes)]


def _curves_of(code: str, of_class: NDArray[np.bool_], scores: NDArray[np.float64]) -> dict[str, Any]:
    from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

    facts: dict[str, Any] = {"code": code, "n": int(of_class.sum()), "share": float(of_class.mean())}
    if of_class.all() or not of_class.any():
        empty: dict[str, Any] = {"pr": {"recall": [], "precision": []}, "roc": {"fpr": [], "tpr": []}}
        return facts | {"average_precision": None, "auc": None} | empty
    precision, recall, _ = precision_recall_curve(of_class, scores)
    fpr, tpr, _ = roc_curve(of_class, scores)
    return facts | {
        "average_precision": float(average_precision_score(of_class, scores)),
        "auc": float(roc_auc_score(of_class, scores)),
        "pr": {"recall": _thinned(recall), "precision": _thinned(precision)},
        "roc": {"fpr": _thinned(fpr), "tpr": _thinned(tpr)},
    }


def _thinned(values: NDArray[np.float64]) -> list[float]:
    """Return at most `MOST_POINTS` of `values`, evenly spaced, with the first and the last."""
    at = np.unique(np.linspace(0, len(values) - 1, min(len(values), MOST_POINTS)).astype(np.int64))
    return [float(value) for value in values[at]]


def reliability(gold: ArrayLike, probs: ArrayLike, codes: Sequence[str]) -> dict[str, Any]:
    """Return {n, ece, bins: [{low, high, n, confidence, accuracy}]}; empty bins are left out.

    A bin holds the rows whose confidence is in (low, high]. `ece` is the mean distance of accuracy and confidence,
    each bin weighted by its rows.
    """
    truth, table = checked(gold, probs, [""] * len(np.asarray(gold)), codes)
    confidences, right = table.max(axis=1), table.argmax(axis=1) == truth
    which = bin_of(confidences)
    bins = [
        {
            "low": k / ECE_BINS,
            "high": (k + 1) / ECE_BINS,
            "n": int((which == k).sum()),
            "confidence": float(confidences[which == k].mean()),
            "accuracy": float(right[which == k].mean()),
        }
        for k in np.unique(which).tolist()
    ]
    ece = sum(row["n"] * abs(row["accuracy"] - row["confidence"]) for row in bins) / len(truth)
    return {"n": len(truth), "ece": float(ece), "bins": bins}
