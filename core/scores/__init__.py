"""Scores of predicted probabilities against gold labels, each with a confidence interval.

`gold int (N,)`, `probs float (N, K)`, rows sum to 1, column k is `codes[k]`. Utterances of one call are not
independent, so the bootstrap draws groups, not rows. The result is a plain dict that JSON can hold. A score is
`{"value", "low", "high"}`; each is None if the data do not define it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InputError, NotEnoughData

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NO_EXAMPLE = "no example in the gold labels: left out of the macro average"
NEVER_PREDICTED = "never predicted: precision is undefined"
ONE_GROUP = "one group only: no interval"

_TAILS = (2.5, 97.5)
ECE_BINS = 15
_CELLS_AT_ONCE = 4_000_000  # bounds the memory of a block of resamples
_RIGHT, _GUESSED, _GOLD = range(3)


def evaluate(
    gold: ArrayLike,
    probs: ArrayLike,
    groups: Sequence[str],
    codes: Sequence[str],
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Return all scores of one set of predictions; intervals are 95 % percentiles over `resamples` draws of groups.

    Keys: n, n_groups, accuracy, macro_f1, weighted_f1, per_class [{code, n, precision, recall, f1}], confusion
    (K x K counts, rows are the gold classes), log_loss, ece (15 bins of equal width), notes [{what, classes}],
    bootstrap (its settings). macro_f1 averages over the classes that occur in `gold`; a class without an example has
    the score None, not 0. `NotEnoughData` if there is no row, `InputError` if shapes or values do not fit.
    """
    truth, table = checked(gold, probs, groups, codes)
    guess, k = table.argmax(axis=1), len(codes)
    tallies = count_tallies(truth, guess, groups, k)
    point = tally_scores(tallies.sum(axis=0).astype(np.float64)[None])
    draws = _bootstrap(tallies, resamples, seed) if len(tallies) > 1 else {}
    scored = {name: [interval(v, draws.get(name), i) for i, v in enumerate(point[name][0])] for name in point}
    n_of = np.bincount(truth, minlength=k)
    return {
        "n": len(truth),
        "n_groups": len(tallies),
        **{name: scored[name][0] for name in ("accuracy", "macro_f1", "weighted_f1")},
        "per_class": [
            {"code": code, "n": int(n_of[i]), **{name: scored[name][i] for name in ("precision", "recall", "f1")}}
            for i, code in enumerate(codes)
        ],
        "confusion": np.bincount(truth * k + guess, minlength=k * k).reshape(k, k).tolist(),
        "log_loss": _log_loss(truth, table),
        "ece": _ece(truth == guess, table.max(axis=1)),
        "notes": list(notes(n_of, np.bincount(guess, minlength=k), codes, len(tallies))),
        "bootstrap": {"unit": "group", "level": 0.95, "resamples": resamples if draws else 0, "seed": seed},
    }


def checked(gold: ArrayLike, probs: ArrayLike, groups: Sequence[str], codes: Sequence[str]) -> tuple[Ints, Floats]:
    """Return gold labels and probabilities as arrays; the errors are those of `evaluate`."""
    truth, table = np.asarray(gold), np.asarray(probs, dtype=np.float64)
    n, k = len(truth), len(codes)
    if n == 0:
        raise NotEnoughData("nothing to score: no labelled item on this side")
    if table.shape != (n, k) or len(groups) != n:
        raise InputError(
            "{n} gold labels and {k} classes, but probabilities {shape} and {groups} groups",
            n=n,
            k=k,
            shape=table.shape,
            groups=len(groups),
        )
    if not np.issubdtype(truth.dtype, np.integer) or truth.min() < 0 or truth.max() >= k:
        raise InputError("gold labels must be class ids from 0 to {k}", k=k - 1)
    if not np.isfinite(table).all() or table.min() < 0 or np.abs(table.sum(axis=1) - 1).max() > 1e-3:
        raise InputError("probabilities must be finite, not negative, and sum to 1 in every row")
    return truth.astype(np.int64), table


def count_tallies(truth: Ints, guess: Ints, groups: Sequence[str], k: int) -> Ints:
    """Return (G, 3, K): for each group and class the right predictions, all predictions, and the gold labels.

    These are the diagonal and the margins of the group's confusion matrix; the scores below need no more.
    """
    names, which = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    right = truth == guess
    columns = [(_RIGHT, which[right], truth[right]), (_GUESSED, which, guess), (_GOLD, which, truth)]
    tallies = np.zeros((len(names), 3, k), dtype=np.int64)
    for row, owner, label in columns:
        tallies[:, row] = np.bincount(owner * k + label, minlength=len(names) * k).reshape(-1, k)
    return tallies


def tally_scores(tallies: Floats) -> dict[str, Floats]:
    """Scores of each of R tallies (R, 3, K): overall scores (R, 1), class scores (R, K), nan where undefined."""
    right, guessed, gold = tallies[:, _RIGHT], tallies[:, _GUESSED], tallies[:, _GOLD]
    present = gold > 0
    n = gold.sum(axis=1, keepdims=True)
    f1 = ratio(2 * right, guessed + gold, present)
    f1_or_0 = np.where(present, f1, 0.0)
    return {
        "accuracy": right.sum(axis=1, keepdims=True) / n,
        "macro_f1": f1_or_0.sum(axis=1, keepdims=True) / present.sum(axis=1, keepdims=True),
        "weighted_f1": (f1_or_0 * gold).sum(axis=1, keepdims=True) / n,
        "precision": ratio(right, guessed, present & (guessed > 0)),
        "recall": ratio(right, gold, present),
        "f1": f1,
    }


def ratio(part: Floats, whole: Floats, where: NDArray[np.bool_]) -> Floats:
    """Return `part / whole` where that is defined, nan elsewhere."""
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=where)


def _bootstrap(tallies: Ints, resamples: int, seed: int) -> dict[str, Floats]:
    """Return `tally_scores` of `resamples` samples."""
    sums = resampled_sums(tallies.reshape(len(tallies), -1), resamples, seed)
    return tally_scores(sums.reshape(resamples, 3, -1)) if resamples else {}


def resampled_sums(tallies: Ints, resamples: int, seed: int) -> Floats:
    """Return the sums (R, C) of `tallies` (G, C) over samples that each draw G of the G groups with replacement.

    Groups with equal tallies are interchangeable. So one multinomial draw says how often each distinct pattern occurs
    in a sample. This has the same distribution as drawing single groups, and costs less. Where few patterns are equal
    the draws are many, so they are made a block at a time.
    """
    patterns, counts = np.unique(tallies, axis=0, return_counts=True)
    rng = np.random.default_rng(seed)
    sums = np.empty((resamples, patterns.shape[1]))
    block = max(1, _CELLS_AT_ONCE // len(patterns))
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        drawn = rng.multinomial(len(tallies), counts / len(tallies), size=rows)
        sums[start : start + rows] = drawn.astype(np.float64) @ patterns
    return sums


def interval(value: float, draws: Floats | None, column: int) -> dict[str, float | None]:
    """The score `value`, with percentiles of `draws[:, column]` where these are defined; `draws` is (R, C)."""
    if not np.isfinite(value):
        return {"value": None, "low": None, "high": None}
    finite = draws[:, column] if draws is not None else np.empty(0)
    finite = finite[np.isfinite(finite)]
    low, high = np.percentile(finite, _TAILS).tolist() if len(finite) else (None, None)
    return {"value": float(value), "low": low, "high": high}


def _log_loss(truth: Ints, table: Floats) -> float:
    gold_probs = table[np.arange(len(truth)), truth] / table.sum(axis=1)
    return float(-np.log(np.maximum(gold_probs, np.finfo(np.float64).eps)).mean())


def _ece(right: NDArray[np.bool_], confidences: Floats) -> float:
    """Expected calibration error: |accuracy - confidence| of each of 15 bins (low, high], weighted by its share."""
    which = bin_of(confidences)
    gap = np.bincount(which, weights=right - confidences, minlength=ECE_BINS)
    return float(np.abs(gap).sum() / len(confidences))


def bin_of(confidences: Floats) -> Ints:
    """Return the bin (low, high] of each confidence, from 0 to 14."""
    return np.asarray(np.clip(np.ceil(confidences * ECE_BINS).astype(np.int64) - 1, 0, ECE_BINS - 1))


def notes(n_of: Ints, guessed: Ints, codes: Sequence[str], n_groups: int) -> Iterator[dict[str, Any]]:
    """Yield what a reader must know: classes without an example, or never predicted, and a single group."""
    for what, of in ((NO_EXAMPLE, n_of == 0), (NEVER_PREDICTED, (n_of > 0) & (guessed == 0))):
        if of.any():
            yield {"what": what, "classes": [codes[int(i)] for i in np.flatnonzero(of)]}
    if n_groups < 2:
        yield {"what": ONE_GROUP, "classes": []}
