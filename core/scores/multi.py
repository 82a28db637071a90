"""Scores of multi-label predictions: any number of classes of an item is right.

`answers (N, K)` of 0 and 1, `probs float (N, K)`, each column a class of `codes`, each value by itself in [0, 1]. A
class is predicted where its probability reaches its threshold. As in `core.scores` the bootstrap draws groups, a score
is `{"value", "low", "high"}`, and all is a plain dict that JSON can hold.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InputError, NotEnoughData
from core.scores import ECE_BINS, bin_of, interval, notes, ratio, resampled_sums

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Truths = NDArray[np.bool_]

THRESHOLD = 0.5
OVERALL = ("accuracy", "macro_f1", "micro_f1", "weighted_f1")
_LEAST = 1e-7


def evaluate_multi(
    answers: ArrayLike,
    probs: ArrayLike,
    groups: Sequence[str],
    codes: Sequence[str],
    *,
    thresholds: ArrayLike | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Return all scores of one set of predictions; intervals are 95 % percentiles over `resamples` draws of groups.

    Keys: n, n_groups, accuracy (the whole set is right), macro_f1, micro_f1, weighted_f1, per_class [{code, n,
    threshold, precision, recall, f1}], log_loss (mean over items and classes), ece (15 bins over items and classes),
    labels {true, predicted} (classes an item on average), notes [{what, classes}], bootstrap. `thresholds` (K,) are
    chosen by the caller, on other data (`best_thresholds`); .5 without. The averages run over classes that occur in
    `answers`. `NotEnoughData` without a row, `InputError` if shapes or values do not fit.
    """
    truth, table = checked_multi(answers, probs, groups, codes)
    limits = _checked_thresholds(thresholds, len(codes))
    guess = table >= limits
    tallies, exact = multi_tallies(truth, guess, groups)
    sizes = exact[:, 1]
    point = multi_scores(tallies.sum(axis=0)[None].astype(float), exact.sum(axis=0)[None].astype(float))
    draws = _bootstrap(tallies, exact, resamples, seed) if len(tallies) > 1 else {}
    scored = {name: [interval(v, draws.get(name), i) for i, v in enumerate(point[name][0])] for name in point}
    n_of = truth.sum(axis=0)
    return {
        "n": int(sizes.sum()),
        "n_groups": len(tallies),
        **{name: scored[name][0] for name in OVERALL},
        "per_class": [
            {"code": code, "n": int(n_of[k]), "threshold": float(limits[k])}
            | {name: scored[name][k] for name in ("precision", "recall", "f1")}
            for k, code in enumerate(codes)
        ],
        "log_loss": _log_loss(truth, table),
        "ece": _ece(truth, table),
        "labels": {"true": float(truth.sum() / len(truth)), "predicted": float(guess.sum() / len(truth))},
        "notes": list(notes(n_of, guess.sum(axis=0), codes, len(tallies))),
        "bootstrap": {"unit": "group", "level": 0.95, "resamples": resamples if draws else 0, "seed": seed},
    }


def best_thresholds(answers: ArrayLike, probs: ArrayLike) -> Floats:
    """The threshold (K,) of each class that has the highest F1 on these items; .5 where a class has no example.

    Choose them on the validation side, never where they are scored. Of equal ones the one nearest to .5 is taken.

    >>> best_thresholds([[1], [1], [0]], [[0.4], [0.3], [0.1]]).round(2).tolist()
    [0.3]
    """
    truth, table = np.asarray(answers, dtype=bool), np.asarray(probs, dtype=np.float64)
    return np.array([_best_threshold(truth[:, k], table[:, k]) for k in range(table.shape[1])])


def _best_threshold(truth: Truths, probs: Floats) -> float:
    if not truth.any():
        return THRESHOLD
    order = np.argsort(-probs, kind="stable")
    ranked = probs[order]
    right = np.cumsum(truth[order])
    f1 = 2 * right / (np.arange(1, len(ranked) + 1) + truth.sum())
    ends = np.append(ranked[:-1] > ranked[1:], True)  # equal probabilities fall on one side
    f1 = np.where(ends, f1, -1.0)
    places = np.flatnonzero(f1 >= f1.max() - 1e-12)
    return float(ranked[places[np.argmin(np.abs(ranked[places] - THRESHOLD))]])


def checked_multi(
    answers: ArrayLike, probs: ArrayLike, groups: Sequence[str], codes: Sequence[str]
) -> tuple[Truths, Floats]:
    """Return answers and probabilities as arrays; the errors are those of `evaluate_multi`."""
    truth, table = np.asarray(answers), np.asarray(probs, dtype=np.float64)
    n, k = len(truth), len(codes)
    if n == 0:
        raise NotEnoughData("nothing to score: no labelled item on this side")
    if table.shape != (n, k) or truth.shape != (n, k) or len(groups) != n:
        raise InputError(
            "answers {answers} and probabilities {shape} must both be {n} rows of {k} classes, with {n} groups, found "
            "{groups}",
            answers=truth.shape,
            shape=table.shape,
            n=n,
            k=k,
            groups=len(groups),
        )
    if not np.isin(truth, (0, 1)).all():
        raise InputError("multi-label answers must be 0 or 1; leave out the items without an answer")
    if not np.isfinite(table).all() or table.min() < 0 or table.max() > 1:
        raise InputError("probabilities must be finite and from 0 to 1 in every column")
    return truth.astype(bool), table


def _checked_thresholds(thresholds: ArrayLike | None, k: int) -> Floats:
    limits = np.full(k, THRESHOLD) if thresholds is None else np.asarray(thresholds, dtype=np.float64)
    if limits.shape != (k,) or not np.isfinite(limits).all():
        raise InputError("expected {k} thresholds, one a class, found {shape}", k=k, shape=limits.shape)
    return limits


def multi_tallies(truth: Truths, guess: Truths, groups: Sequence[str]) -> tuple[Ints, Ints]:
    """Return by group (G, 3, K) right, predicted and true classes, and (G, 2) rows that are all right, and all rows."""
    names, which = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    rows = np.stack([truth & guess, guess, truth], axis=1).astype(np.int64)
    tallies = np.zeros((len(names), *rows.shape[1:]), dtype=np.int64)
    np.add.at(tallies, which, rows)
    right = np.bincount(which, weights=(truth == guess).all(axis=1), minlength=len(names))
    return tallies, np.stack([right.astype(np.int64), np.bincount(which, minlength=len(names))], axis=1)


def multi_scores(tallies: Floats, exact: Floats) -> dict[str, Floats]:
    """Scores of R tallies (R, 3, K) and (R, 2): overall scores (R, 1), class scores (R, K), nan where undefined."""
    right, guessed, true = tallies[:, 0], tallies[:, 1], tallies[:, 2]
    present = true > 0
    f1 = ratio(2 * right, guessed + true, present)
    f1_or_0 = np.where(present, f1, 0.0)
    every = tallies.sum(axis=2)
    some = true.sum(axis=1, keepdims=True)
    return {
        "accuracy": exact[:, :1] / exact[:, 1:],
        "macro_f1": ratio(f1_or_0.sum(axis=1, keepdims=True), present.sum(axis=1, keepdims=True), some > 0),
        "micro_f1": ratio(2 * every[:, :1], every[:, 1:2] + every[:, 2:], (every[:, 1:2] + every[:, 2:]) > 0),
        "weighted_f1": ratio((f1_or_0 * true).sum(axis=1, keepdims=True), some, some > 0),
        "precision": ratio(right, guessed, present & (guessed > 0)),
        "recall": ratio(right, true, present),
        "f1": f1,
    }


def _bootstrap(tallies: Ints, exact: Ints, resamples: int, seed: int) -> dict[str, Floats]:
    """Return `_scores` of `resamples` samples."""
    flat = np.concatenate([tallies.reshape(len(tallies), -1), exact], axis=1)
    sums = resampled_sums(flat, resamples, seed)
    return multi_scores(sums[:, :-2].reshape(resamples, 3, -1), sums[:, -2:]) if resamples else {}


def _log_loss(truth: Truths, table: Floats) -> float:
    right = np.clip(np.where(truth, table, 1 - table), _LEAST, 1)
    return float(-np.log(right).mean())


def _ece(truth: Truths, table: Floats) -> float:
    """Expected calibration error over all N x K single answers: |share of true - probability| of each of 15 bins."""
    which = bin_of(table.ravel())
    gap = np.bincount(which, weights=(truth - table).ravel(), minlength=ECE_BINS)
    return float(np.abs(gap).sum() / table.size)
