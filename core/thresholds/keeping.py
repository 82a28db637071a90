"""What Thresholds keep of N predictions: the limits that a mode sets for each class, the rows kept, counts by class.

FlexMatch (Zhang et al. 2021) lowers the limit of a class of which few predictions are sure: `b / (2 - b)` of the base,
where `b` is the class's number of sure predictions over that of the class with the most, or over the number of unsure
ones while that is larger. FreeMatch (Wang et al. 2023) sets the limit to the mean confidence of all predictions, and
lowers it for a class by its mean probability over the largest one. Both papers apply this at each step of a training;
here it is applied once, to all predictions of a finished run.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UnknownName
from core.thresholds.scores import ROUNDING, Bools, Floats, Ints, Scores, Wide
from core.thresholds.thresholds import Thresholds

NEVER = np.inf  # a limit that nothing reaches


@dataclass(frozen=True, eq=False)
class Limits:
    """The limits that Thresholds set: `confidence` and `margin` float64 (K,), one of each class, `entropy` at most.

    An answer of several classes must reach the limits of all; with `any_class` those of one are enough.
    """

    confidence: Wide
    margin: Wide
    entropy: float = NEVER
    any_class: bool = False

    def of_answers(self, members: Bools) -> tuple[Wide, Wide]:
        """Return the confidence and the margin that each answer needs, float64 (A,) each; `members` (A, K)."""
        if self.any_class:
            table = np.where(members, self.confidence, NEVER)
            return table.min(axis=1), np.zeros(len(members))
        named = members.any(axis=1)
        confidence, margin = (np.where(members, values, 0.0).max(axis=1) for values in (self.confidence, self.margin))
        return np.where(named, confidence, NEVER), margin


def limits(scores: Scores, thresholds: Thresholds) -> Limits:
    """Return the limits of `thresholds` for these predictions; `UnknownName` if a class with limits is not there."""
    k = len(scores.classes)
    none = Limits(np.zeros(k), np.zeros(k))
    match thresholds.mode:
        case "flexmatch":
            return replace(none, confidence=_flexmatch(scores, thresholds.confidence))
        case "freematch":
            return replace(none, confidence=_freematch(scores))
        case "top-k":
            return replace(none, confidence=_top_k(scores, thresholds.k), any_class=True)
        case "entropy":
            return replace(none, entropy=thresholds.entropy)
    return _by_class(scores, thresholds)


def keep(scores: Scores, thresholds: Thresholds) -> Bools:
    """Return which predictions `thresholds` keep, bool (N,).

    >>> table = Scores.of(("a", "b"), [0, 1, 1], [.8, .9, .6], [.6, .8, .2], [.7, .5, .97])
    >>> keep(table, Thresholds()).tolist()
    [True, True, False]
    """
    if thresholds.mode == "top-k":
        kept = np.zeros(len(scores), dtype=np.bool_)
        kept[_surest(scores, thresholds.k)] = True
        return kept
    return passing(
        limits(scores, thresholds), scores.members, scores.answers, scores.confidence, scores.margin, scores.entropy
    )


def passing(at: Limits, members: Bools, answers: Ints, confidence: Floats, margin: Floats, entropy: Floats) -> Bools:
    """Return which rows reach the limits `at`, bool (n,). The columns (n,) may be those of other rows, such as audited
    ones.
    """
    least, clear = at.of_answers(members)
    kept = confidence >= _each(least, answers)
    if clear.any():
        kept &= margin >= _each(clear, answers)
    if at.entropy < NEVER:
        kept &= entropy <= np.float32(at.entropy) + ROUNDING
    return np.asarray(kept)


def counts(scores: Scores, kept: Bools) -> Ints:
    """Return how many of the rows `kept` bool (N,) each class has, int64 (K,)."""
    return scores.per_class(_sums(scores, kept).astype(np.int64))


@dataclass(frozen=True, eq=False)
class Tally:
    """What was kept: `kept` int64 (K,) by class, `total` over all; the mean confidence of the kept predictions of each
    class, float64 (K,), calibrated and not, and over all classes. NaN where nothing was kept.
    """

    kept: Ints
    total: int
    confidence: Wide
    raw: Wide
    mean_confidence: float
    mean_raw: float


def tally(scores: Scores, kept: Bools) -> Tally:
    """Return counts and mean confidences of the rows `kept` bool (N,)."""
    n, sure, raw = (_sums(scores, values) for values in (kept, scores.confidence * kept, scores.raw_confidence * kept))
    by_class = scores.members.astype(np.float64)
    number = n @ by_class
    means = [ratio(sums @ by_class, number) for sums in (sure, raw)]
    whole = [float(ratio(np.array([sums.sum()]), np.array([n.sum()]))[0]) for sums in (sure, raw)]
    return Tally(number.astype(np.int64), int(n.sum()), means[0], means[1], whole[0], whole[1])


def _sums(scores: Scores, values: NDArray[Any]) -> Wide:
    """The sum of `values` (N,) over the rows of each answer, float64 (A,)."""
    return np.asarray(np.bincount(scores.answers, weights=values, minlength=len(scores.members)), dtype=np.float64)


def ratio(part: Wide, whole: Wide) -> Wide:
    """Return `part / whole`, NaN where `whole` is 0."""
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def _each(values: Wide, answers: Ints) -> NDArray[np.float32] | np.float32:
    """The limit of each row; one number if all answers have the same."""
    shrunk = values.astype(np.float32) - ROUNDING
    return np.float32(shrunk[0]) if len(shrunk) and (shrunk == shrunk[0]).all() else shrunk[answers]


def _by_class(scores: Scores, thresholds: Thresholds) -> Limits:
    k = len(scores.classes)
    confidence, margin = np.full(k, thresholds.confidence), np.full(k, thresholds.margin)
    for own in thresholds.per_class if thresholds.mode == "per-class" else ():
        if own.code not in scores.classes:
            raise UnknownName("class", own.code, scores.classes)
        at = scores.classes.index(own.code)
        confidence[at], margin[at] = own.confidence, own.margin
    return Limits(confidence, margin)


def _flexmatch(scores: Scores, base: float) -> Wide:
    sure_answers = scores.sure(np.full(len(scores.members), base))
    sure = scores.per_class(sure_answers)
    most = max(int(sure.max(initial=0)), len(scores) - int(sure_answers.sum()), 1)
    share = sure / most
    return np.asarray(base * share / (2 - share))


def _freematch(scores: Scores) -> Wide:
    base = scores.mean_confidence
    largest = float(scores.class_probs.max(initial=0.0))
    return np.asarray(base * scores.class_probs / largest if largest else np.full(len(scores.classes), base))


def _top_k(scores: Scores, k: int) -> Wide:
    """The least confidence among the `k` surest of each class (K,); a class without any has a limit never reached."""
    chosen = [_surest_of(scores, at, k) for at in range(len(scores.classes))]
    return np.array([scores.confidence[rows].min() if len(rows) else NEVER for rows in chosen], dtype=np.float64)


def _surest(scores: Scores, k: int) -> Ints:
    chosen = [_surest_of(scores, at, k) for at in range(len(scores.classes))]
    return np.concatenate(chosen) if chosen else np.empty(0, dtype=np.int64)


def _surest_of(scores: Scores, at: int, k: int) -> Ints:
    """The rows of the `k` surest predictions of the class `at`; of equally sure ones, those of the lower rows."""
    answers = np.flatnonzero(scores.members[:, at])
    parts = [scores.order[scores.starts[a] : min(scores.starts[a] + k, scores.starts[a + 1])] for a in answers]
    rows = np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
    if len(parts) > 1 and len(rows) > k:
        rows = rows[np.lexsort((rows, -scores.confidence[rows]))[:k]]
    return rows
