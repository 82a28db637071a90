"""Calibrated confidence, and the rule that decides which predictions are accepted.

`probs float (N, K)`, rows sum to 1, column k is the scheme's k-th class. The functions take and return arrays; they
need no model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InputError, NotEnoughData
from core.schemes.classes import JOIN
from core.schemes.target import Target

Floats = NDArray[np.float64]

_LEAST_PROB = 1e-12  # a probability of exactly 0 is rounding, not knowledge
_LOG_T_BOUNDS = (np.log(0.05), np.log(20.0))
_ROUNDING = 1e-6  # float32 probabilities .6 and .4 are .2 apart only within this


@dataclass(frozen=True, slots=True)
class Rule:
    """Thresholds in [0, 1]: a row is accepted if its confidence and its margin are at least these."""

    confidence: float = 0.75
    margin: float = 0.20

    def __post_init__(self) -> None:
        for name, value in (("confidence", self.confidence), ("margin", self.margin)):
            if not 0 <= value <= 1:
                raise InputError("{name} {value} is not in [0, 1]", name=name, value=value)


def confidence(probs: ArrayLike) -> Floats:
    """Return the largest probability of each row, (N,)."""
    return _table(probs).max(axis=1)


def margin(probs: ArrayLike) -> Floats:
    """Return the largest minus the second largest probability of each row, (N,)."""
    top = np.partition(_table(probs), -2, axis=1)
    return np.asarray(top[:, -1] - top[:, -2])


def accept(probs: ArrayLike, rule: Rule) -> NDArray[np.bool_]:
    """Return for each row whether it passes `rule`, bool (N,).

    >>> accept([[.8, .2, .0], [.5, .4, .1]], Rule()).tolist()
    [True, False]
    """
    return passes(confidence(probs), margin(probs), rule)


def passes(confidences: ArrayLike, margins: ArrayLike, rule: Rule) -> NDArray[np.bool_]:
    """Do the same as `accept`, from confidences (N,) and margins (N,).

    >>> passes([.8, .5], [.6, .1], Rule()).tolist()
    [True, False]
    """
    confident = np.asarray(confidences, dtype=np.float64) >= rule.confidence - _ROUNDING
    clear = np.asarray(margins, dtype=np.float64) >= rule.margin - _ROUNDING
    return np.asarray(confident & clear)


def best_class(codes: Sequence[str], probs: ArrayLike) -> tuple[str, float, float]:
    """Return the most probable class of `probs` (K,), its probability, and its lead over the second class.

    >>> best_class(("normal", "danger"), [.25, .75])
    ('danger', 0.75, 0.5)
    """
    row = np.asarray(probs, dtype=np.float64)
    second, first = np.sort(row)[-2:]
    return codes[int(row.argmax())], float(first), float(first - second)


def fit_temperature(logits: ArrayLike, gold: ArrayLike) -> float:
    """Return the temperature in [.05, 20] with which `logits` (N, K) fit the class ids `gold`, int (N,), best.

    `logits` may also be log probabilities. Use items on which the model was not trained. The targets are softened by
    1 / (N + 2) (Platt's rule), so that a few right answers do not make the model too confident. `NotEnoughData` if
    there is no example, `InputError` if `gold` does not fit the shape of `logits`.
    """
    from scipy.optimize import minimize_scalar

    scores, right = _table(logits), np.asarray(gold, dtype=np.int64)
    n, k = scores.shape
    if right.shape != (n,) or (n and not (right.min() >= 0 and right.max() < k)):
        raise InputError("gold must be {n} class ids below {k}", n=n, k=k)
    if not n:
        raise NotEnoughData("no example to calibrate on")
    logs = np.maximum(_log_softmax(scores), np.log(_LEAST_PROB))
    softening = 1 / (n + 2)

    def loss(log_t: float) -> float:
        scaled = _log_softmax(logs / np.exp(log_t))
        return float(-(1 - softening) * scaled[np.arange(n), right].mean() - softening * scaled.mean())

    minimum: Any = minimize_scalar(loss, bounds=_LOG_T_BOUNDS, method="bounded")
    return float(np.exp(minimum.x))


def apply_temperature(probs: ArrayLike, t: float) -> Floats:
    """Return `probs` softened (t > 1) or sharpened (t < 1), (N, K), rows sum to 1.

    The most probable class of a row stays the same. `InputError` if `t` is not above 0.

    >>> apply_temperature([[.8, .2]], 2.0).round(3).tolist()
    [[0.667, 0.333]]
    """
    if not (np.isfinite(t) and t > 0):
        raise InputError("temperature {t} is not above 0", t=t)
    logs = np.log(np.maximum(_table(probs), _LEAST_PROB))
    return np.asarray(np.exp(_log_softmax(logs / t)))


def fit_temperature_multi(logits: ArrayLike, gold: ArrayLike) -> float:
    """Return the temperature in [.05, 20] with which log odds (N, K) fit the answers `gold` (N, K) of 0 and 1 best.

    The answers are softened as in `fit_temperature`. `NotEnoughData` if there is no example.
    """
    from scipy.optimize import minimize_scalar

    scores, answers = np.asarray(logits, dtype=np.float64), np.asarray(gold, dtype=np.float64)
    if scores.shape != answers.shape:
        raise InputError("expected answers of shape {shape}, got {other}", shape=scores.shape, other=answers.shape)
    if not len(scores):
        raise NotEnoughData("no example to calibrate on")
    softening = 1 / (len(scores) + 2)
    soft = answers * (1 - softening) + (1 - answers) * softening

    def loss(log_t: float) -> float:
        scaled = scores / np.exp(log_t)
        return float((np.logaddexp(0, scaled) - soft * scaled).mean())

    minimum: Any = minimize_scalar(loss, bounds=_LOG_T_BOUNDS, method="bounded")
    return float(np.exp(minimum.x))


def calibrated(target: Target, logits: ArrayLike, temperature: float) -> Floats:
    """Return the calibrated probabilities (N, K) of a Target for the `logits` (N, K) of a model."""
    scores = np.asarray(logits, dtype=np.float64)
    if target.multi:
        return target.probabilities(scores, temperature)
    return apply_temperature(target.probabilities(scores), temperature) if len(scores) else scores


def best_answer(target: Target, probs: ArrayLike) -> tuple[str, float, float]:
    """Return the code that a model answers for `probs` (K,), its confidence, and its lead over the next answer.

    Of a multi-label Target that is every class above one half, joined by `|`, with the confidence of the least sure
    of all classes.

    >>> best_answer(Target("mood", ("joy", "fear"), "multi"), [.75, .75])
    ('joy|fear', 0.75, 0.5)
    """
    if not target.multi:
        return best_class(target.codes, probs)
    row = np.asarray(probs, dtype=np.float64)
    least = float(np.maximum(row, 1 - row).min())
    return JOIN.join(code for code, p in zip(target.codes, row, strict=True) if p > 0.5), least, 2 * least - 1


def _log_softmax(scores: Floats) -> Floats:
    shifted = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def _table(values: ArrayLike) -> Floats:
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] < 2:
        raise InputError("expected a table of (N, K >= 2) numbers, got shape {shape}", shape=table.shape)
    return table
