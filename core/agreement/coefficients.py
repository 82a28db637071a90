"""Chance-corrected agreement: Cohen a pair, Fleiss, Krippendorff, each class against the rest, and the unanimous share.

The values are scikit-learn's, statsmodels' and krippendorff's; the intervals repeat their formulas on sums over items
(tests hold both equal). Fleiss wants as many answers of every item, so it takes the items with the commonest number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from krippendorff import alpha
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import fleiss_kappa

from core.agreement.figures import Draws, Figure, drawn_interval, interval, quotient
from core.agreement.ratings import MISSING, Floats, Ints, Ratings
from core.errors import UnknownName
from core.messages import Message

NO_SHARED = Message("no item has two answers")
NO_SHARED_BY_PAIR = Message("these two share no item")
ONE_CLASS = Message("every answer is the same class: there is no chance agreement to correct for")
TOO_LARGE = Message("too many items and classes for the ordinal distance")
_CELLS = 20_000_000  # what is built of items x classes x classes


@dataclass(frozen=True, slots=True)
class Pair:
    """Two raters: `agreed` is the plain share of the items both answered."""

    a: str
    b: str
    agreed: float | None
    kappa: Figure


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class against all others; `n_ratings` answers gave it."""

    code: str
    n_ratings: int
    krippendorff: Figure
    fleiss: Figure


def unanimous(rated: Ratings, draws: Draws) -> Figure:
    """The share of the items with two answers or more on which all are the same."""
    shared = rated.shared
    if not shared.items:
        return _nothing(shared, NO_SHARED)
    same = (shared.counts.max(axis=1) == shared.per_item).astype(np.float64)[:, None]
    n = len(same)
    return _figure(shared, float(same.mean()), *interval(same, lambda sums: sums[:, 0] / n, draws))


def fleiss(rated: Ratings, draws: Draws) -> Figure:
    """Fleiss' kappa over the items with the commonest number of answers (at least two)."""
    full = rated.kept(rated.per_item == _commonest(rated.per_item))
    if not full.items:
        return _nothing(full, NO_SHARED)
    counts, each = full.counts, int(full.per_item[0])
    if (counts.sum(axis=0) > 0).sum() < 2:
        return _nothing(full, ONE_CLASS)
    agreeing = (counts * (counts - 1)).sum(axis=1)
    features = np.column_stack([agreeing, counts]).astype(np.float64)
    low, high = interval(features, lambda sums: _fleiss(sums, len(counts), each), draws)
    return _figure(full, float(fleiss_kappa(counts, method="fleiss")), low, high)


def krippendorff(rated: Ratings, draws: Draws, *, ordinal: bool = False) -> Figure:
    """Krippendorff's alpha over all items with two answers or more, however many; `ordinal`: classes have an order."""
    shared = rated.shared
    if not shared.items:
        return _nothing(shared, NO_SHARED)
    counts = shared.counts[:, shared.counts.sum(axis=0) > 0]
    if counts.shape[1] < 2:
        return _nothing(shared, ONE_CLASS)
    small = counts.shape[0] * counts.shape[1] ** 2 <= _CELLS
    if ordinal and not small:
        return _nothing(shared, TOO_LARGE)
    features, of_sums = (_ordinal_features(counts), _ordinal) if ordinal else (_nominal_features(counts), _nominal)
    if small:
        value = float(alpha(value_counts=counts, level_of_measurement="ordinal" if ordinal else "nominal"))
    else:
        value = float(of_sums(features.sum(axis=0, keepdims=True))[0])
    return _figure(shared, value, *interval(features, of_sums, draws))


def by_class(binary: Mapping[str, Ratings], draws: Draws) -> tuple[ClassFigures, ...]:
    """For every class the figures of its own ratings: not this class (0), this class (1)."""
    return tuple(
        ClassFigures(code, int(one.shared.counts[:, 1].sum()), krippendorff(one, draws), fleiss(one, draws))
        for code, one in binary.items()
    )


def against_rest(rated: Ratings) -> dict[str, Ratings]:
    """Class -> the same answers as "another class" (0) and "this class" (1)."""
    found = {}
    for k, code in enumerate(rated.codes):
        table = np.where(rated.table == MISSING, MISSING, (rated.table == k).astype(np.int64))
        mine = rated.anonymous[:, k]
        anonymous = np.column_stack([rated.anonymous.sum(axis=1) - mine, mine])
        found[code] = Ratings(("-", code), rated.items, rated.raters, table, anonymous)
    return found


def by_pair(
    rated: Ratings, draws: Draws, *, ordinal: bool = False, only: Sequence[tuple[str, str]] = ()
) -> tuple[Pair, ...]:
    """Cohen's kappa of every two raters with a name who share an item, weighted by the square where `ordinal`.

    `only` these pairs, also those that share nothing; `UnknownName` for a rater who answered nothing.
    """
    places = {name: n for n, name in enumerate(rated.raters)}
    for name in (name for pair in only for name in pair):
        if name not in places:
            raise UnknownName("rater", name, rated.raters)
    found = []
    for a, b in only or combinations(rated.raters, 2):
        left, right = rated.table[:, places[a]], rated.table[:, places[b]]
        both = (left != MISSING) & (right != MISSING)
        if both.any():
            found.append(_pair(a, b, left[both], right[both], draws, ordinal))
        elif only:
            found.append(Pair(a, b, None, Figure(None, None, None, 0, 0, 2, NO_SHARED_BY_PAIR)))
    return tuple(found)


def _pair(a: str, b: str, left: Ints, right: Ints, draws: Draws, ordinal: bool) -> Pair:
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
    found: Floats = apart**2 if ordinal else (apart > 0).astype(np.float64)
    return found


def _commonest(per_item: Ints) -> int:
    """The number of answers that most items have, of those with two or more; the larger of equals; 0 for none."""
    times = np.bincount(per_item, minlength=2)
    times[:2] = 0
    return int(len(times) - 1 - times[::-1].argmax()) if times.any() else 0


def _cohen(sums: Floats, distance: Floats) -> Floats:
    """Sums (R, 1 + 2K): distance, what the first said, what the second said."""
    k = len(distance)
    first, second = sums[:, 1 : k + 1], sums[:, k + 1 :]
    n = first.sum(axis=1)
    return 1 - quotient(sums[:, 0] * n, ((first @ distance) * second).sum(axis=1))


def _fleiss(sums: Floats, n: int, each: int) -> Floats:
    """Sums (R, 1 + K): ordered pairs of equal answers, answers a class."""
    observed = sums[:, 0] / (n * each * (each - 1))
    chance = ((sums[:, 1:] / (n * each)) ** 2).sum(axis=1)
    return quotient(observed - chance, 1 - chance)


def _nominal_features(counts: Ints) -> Floats:
    """Float (N, 1 + K): what the item adds to the diagonal of the coincidences, and its answers a class."""
    agreeing = (counts * (counts - 1)).sum(axis=1) / (counts.sum(axis=1) - 1)
    return np.column_stack([agreeing, counts]).astype(np.float64)


def _nominal(sums: Floats) -> Floats:
    of_class = sums[:, 1:]
    n = of_class.sum(axis=1)
    return 1 - quotient((n - sums[:, 0]) * (n - 1), n**2 - (of_class**2).sum(axis=1))


def _ordinal_features(counts: Ints) -> Floats:
    """Float (N, K * K): what the item adds to each cell of the coincidences."""
    k = counts.shape[1]
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(k, dtype=np.int64)
    return (pairs / (counts.sum(axis=1) - 1)[:, None, None]).reshape(len(counts), k * k)


def _ordinal(sums: Floats) -> Floats:
    """The ordinal distance of two classes is the number of answers between their middles."""
    k = int(np.sqrt(sums.shape[1]))
    cells = sums.reshape(-1, k, k)
    of_class = cells.sum(axis=1)
    middle = of_class.cumsum(axis=1) - of_class / 2
    apart = (middle[:, :, None] - middle[:, None, :]) ** 2
    expected = (of_class[:, :, None] * of_class[:, None, :] * apart).sum(axis=(1, 2))
    return 1 - quotient((cells * apart).sum(axis=(1, 2)) * (of_class.sum(axis=1) - 1), expected)


def _figure(rated: Ratings, value: float, low: float | None, high: float | None) -> Figure:
    return Figure(value, low, high, len(rated.items), int(rated.per_item.sum()), rated.n_raters)


def _nothing(rated: Ratings, reason: str) -> Figure:
    return Figure(None, None, None, len(rated.items), int(rated.per_item.sum()), rated.n_raters, reason)
