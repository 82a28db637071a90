"""Coefficients of agreement: Cohen's kappa by pair, Fleiss, Krippendorff, each class alone, and the unanimous share.

scikit-learn, statsmodels and krippendorff compute the values. For the intervals this module repeats their formulas on
sums over items; tests check that both agree. Fleiss' kappa needs the same number of answers for each item, so it uses
the items that have the most common number of answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from krippendorff import alpha

from core.agreement.figures import Figure, Resampling, drawn_interval, interval, quotient
from core.agreement.ratings import MISSING, Floats, Ints, Ratings
from core.errors import UnknownName
from core.messages import Message

NO_SHARED = Message("no item has two answers")
NO_SHARED_BY_PAIR = Message("these two share no item")
ONE_CLASS = Message("every answer is the same class: there is no chance agreement to correct for")
TOO_LARGE = Message("too many items and classes for the ordinal distance")
_CELLS = 20_000_000  # the largest array of items x classes x classes that is made


@dataclass(frozen=True, slots=True)
class Pair:
    """Agreement of two raters: `agreed` is the share of equal answers on the items that both answered."""

    a: str
    b: str
    agreed: float | None
    kappa: Figure


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """Agreement on one class against all other classes; `n_ratings` counts the answers that are this class."""

    code: str
    n_ratings: int
    krippendorff: Figure
    fleiss: Figure


def unanimous(rated: Ratings, draws: Resampling) -> Figure:
    """Return the share of items whose answers are all the same, of the items with two answers or more."""
    shared = rated.shared
    if not shared.items:
        return _undefined(shared, NO_SHARED)
    same = (shared.counts.max(axis=1) == shared.per_item).astype(np.float64)[:, None]
    n = len(same)
    return _figure(shared, float(same.mean()), *interval(same, lambda sums: sums[:, 0] / n, draws))


def fleiss(rated: Ratings, draws: Resampling) -> Figure:
    """Return Fleiss' kappa on the items that have the most common number of answers (at least two)."""
    from statsmodels.stats.inter_rater import fleiss_kappa

    full = rated.subset(rated.per_item == _most_common(rated.per_item))
    if not full.items:
        return _undefined(full, NO_SHARED)
    counts, each = full.counts, int(full.per_item[0])
    if (counts.sum(axis=0) > 0).sum() < 2:
        return _undefined(full, ONE_CLASS)
    agreeing = (counts * (counts - 1)).sum(axis=1)
    features = np.column_stack([agreeing, counts]).astype(np.float64)
    low, high = interval(features, lambda sums: _fleiss(sums, len(counts), each), draws)
    return _figure(full, float(fleiss_kappa(counts, method="fleiss")), low, high)


def krippendorff(rated: Ratings, draws: Resampling, *, ordinal: bool = False) -> Figure:
    """Return Krippendorff's alpha on all items with two answers or more; `ordinal` if the classes have an order."""
    shared = rated.shared
    if not shared.items:
        return _undefined(shared, NO_SHARED)
    counts = shared.counts[:, shared.counts.sum(axis=0) > 0]
    if counts.shape[1] < 2:
        return _undefined(shared, ONE_CLASS)
    small = counts.shape[0] * counts.shape[1] ** 2 <= _CELLS
    if ordinal and not small:
        return _undefined(shared, TOO_LARGE)
    features, of_sums = (_ordinal_features(counts), _ordinal) if ordinal else (_nominal_features(counts), _nominal)
    if small:
        value = float(alpha(value_counts=counts, level_of_measurement="ordinal" if ordinal else "nominal"))
    else:
        value = float(of_sums(features.sum(axis=0, keepdims=True))[0])
    return _figure(shared, value, *interval(features, of_sums, draws))


def figures_by_class(binary: Mapping[str, Ratings], draws: Resampling) -> tuple[ClassFigures, ...]:
    """Return the figures of each class, from its binary ratings: another class (0) or this class (1)."""
    return tuple(
        ClassFigures(code, int(rated.shared.counts[:, 1].sum()), krippendorff(rated, draws), fleiss(rated, draws))
        for code, rated in binary.items()
    )


def ratings_against_rest(rated: Ratings) -> dict[str, Ratings]:
    """Return class -> the same ratings with two classes: another class (0) and this class (1)."""
    binary = {}
    for k, code in enumerate(rated.codes):
        table = np.where(rated.table == MISSING, MISSING, (rated.table == k).astype(np.int64))
        votes = rated.anonymous[:, k]
        anonymous = np.column_stack([rated.anonymous.sum(axis=1) - votes, votes])
        binary[code] = Ratings(("-", code), rated.items, rated.raters, table, anonymous)
    return binary


def kappa_by_pair(
    rated: Ratings, draws: Resampling, *, ordinal: bool = False, only: Sequence[tuple[str, str]] = ()
) -> tuple[Pair, ...]:
    """Return Cohen's kappa of each two named raters who share an item; with quadratic weights if `ordinal`.

    `only` limits the result to these pairs, and then includes pairs that share no item. `UnknownName` if a rater in
    `only` has no answer.
    """
    places = {name: n for n, name in enumerate(rated.raters)}
    for name in (name for pair in only for name in pair):
        if name not in places:
            raise UnknownName("rater", name, rated.raters)
    pairs = []
    for a, b in only or combinations(rated.raters, 2):
        left, right = rated.table[:, places[a]], rated.table[:, places[b]]
        both = (left != MISSING) & (right != MISSING)
        if both.any():
            pairs.append(_pair(a, b, left[both], right[both], draws, ordinal))
        elif only:
            pairs.append(Pair(a, b, None, Figure(None, None, None, 0, 0, 2, NO_SHARED_BY_PAIR)))
    return tuple(pairs)


def _pair(a: str, b: str, left: Ints, right: Ints, draws: Resampling, ordinal: bool) -> Pair:
    from sklearn.metrics import cohen_kappa_score  # takes a second to load, as statsmodels does

    n = len(left)
    agreed = float((left == right).mean())
    used = np.unique([left, right])
    if len(used) < 2:
        return Pair(a, b, agreed, Figure(None, None, None, n, 2 * n, 2, ONE_CLASS))
    weights = "quadratic" if ordinal else None
    value = float(cohen_kappa_score(left, right, labels=np.arange(used[-1] + 1), weights=weights))
    distance = _distances(used, ordinal)
    rows, columns = np.searchsorted(used, left), np.searchsorted(used, right)
    k = len(used)
    cells, times = np.unique(rows * k + columns, return_counts=True)
    patterns = np.column_stack([distance.ravel()[cells], np.eye(k)[cells // k], np.eye(k)[cells % k]])
    low, high = (None, None)
    if n > 1 and draws.resamples:
        low, high = drawn_interval(patterns, times, lambda sums: _cohen(sums, distance), draws)
    return Pair(a, b, agreed, Figure(value, low, high, n, 2 * n, 2))


def _distances(used: Ints, ordinal: bool) -> Floats:
    apart = np.abs(used[:, None] - used[None, :]).astype(np.float64)
    distances: Floats = apart**2 if ordinal else (apart > 0).astype(np.float64)
    return distances


def _most_common(per_item: Ints) -> int:
    """Return the most common number of answers that is at least two; the larger one if tied; 0 if there is none."""
    times = np.bincount(per_item, minlength=2)
    times[:2] = 0
    return int(len(times) - 1 - times[::-1].argmax()) if times.any() else 0


def _cohen(sums: Floats, distance: Floats) -> Floats:
    """Return kappa (R,) from sums (R, 1 + 2K): distance, classes of the first rater, classes of the second."""
    k = len(distance)
    first, second = sums[:, 1 : k + 1], sums[:, k + 1 :]
    n = first.sum(axis=1)
    return 1 - quotient(sums[:, 0] * n, ((first @ distance) * second).sum(axis=1))


def _fleiss(sums: Floats, n: int, each: int) -> Floats:
    """Return kappa (R,) from sums (R, 1 + K): ordered pairs of equal answers, answers of each class."""
    observed = sums[:, 0] / (n * each * (each - 1))
    chance = ((sums[:, 1:] / (n * each)) ** 2).sum(axis=1)
    return quotient(observed - chance, 1 - chance)


def _nominal_features(counts: Ints) -> Floats:
    """Return float (N, 1 + K): the item's part of the diagonal of the coincidences, and its answers of each class."""
    agreeing = (counts * (counts - 1)).sum(axis=1) / (counts.sum(axis=1) - 1)
    return np.column_stack([agreeing, counts]).astype(np.float64)


def _nominal(sums: Floats) -> Floats:
    of_class = sums[:, 1:]
    n = of_class.sum(axis=1)
    return 1 - quotient((n - sums[:, 0]) * (n - 1), n**2 - (of_class**2).sum(axis=1))


def _ordinal_features(counts: Ints) -> Floats:
    """Return float (N, K * K): the item's part of each cell of the coincidences."""
    k = counts.shape[1]
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(k, dtype=np.int64)
    return (pairs / (counts.sum(axis=1) - 1)[:, None, None]).reshape(len(counts), k * k)


def _ordinal(sums: Floats) -> Floats:
    """Return alpha (R,). The ordinal distance of two classes is the number of answers between their middles."""
    k = int(np.sqrt(sums.shape[1]))
    cells = sums.reshape(-1, k, k)
    of_class = cells.sum(axis=1)
    middle = of_class.cumsum(axis=1) - of_class / 2
    apart = (middle[:, :, None] - middle[:, None, :]) ** 2
    expected = (of_class[:, :, None] * of_class[:, None, :] * apart).sum(axis=(1, 2))
    return 1 - quotient((cells * apart).sum(axis=(1, 2)) * (of_class.sum(axis=1) - 1), expected)


def _figure(rated: Ratings, value: float, low: float | None, high: float | None) -> Figure:
    return Figure(value, low, high, len(rated.items), int(rated.per_item.sum()), rated.n_raters)


def _undefined(rated: Ratings, reason: str) -> Figure:
    return Figure(None, None, None, len(rated.items), int(rated.per_item.sum()), rated.n_raters, reason)
