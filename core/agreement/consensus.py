"""What stands against one person's answer: the settled class, else what most of the others said.

The person's own answer does not count towards it, and where the others are tied nothing does: with two raters each is
held against the other. Votes of nobody in particular help to find it, but cannot be held against it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from core.agreement.figures import Share, share
from core.agreement.ratings import MISSING, Answer, Ints, Ratings, latest


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer with a consensus to hold it against."""

    rater: str
    at: str
    spent_ms: int | None
    agrees: bool


@dataclass(frozen=True, slots=True)
class Against:
    """One person against the consensus: `matrix` (K, K) counts, rows the consensus, columns the person's answer."""

    rater: str
    agreed: Share
    matrix: tuple[tuple[int, ...], ...]


def coincidences(rated: Ratings) -> tuple[tuple[int, ...], ...]:
    """(K, K) pairs of answers to one item, one a row's class, one a column's; symmetric, the diagonal counts once."""
    counts = rated.shared.counts
    both = counts.T @ counts
    own = counts.sum(axis=0)
    both[np.diag_indices_from(both)] = (both.diagonal() - own) // 2
    return _nested(both)


def consensus(rated: Ratings, rater: int, settled: Ints | None = None) -> Ints:
    """Int (N,): the class to hold `rater`'s answers against, MISSING where there is none."""
    others = rated.counts.copy()
    mine = rated.table[:, rater]
    given = np.flatnonzero(mine != MISSING)
    others[given, mine[given]] -= 1
    most = others.max(axis=1, initial=0)
    clear = (most > 0) & ((others == most[:, None]).sum(axis=1) == 1)
    found = np.where(clear, others.argmax(axis=1), MISSING) if others.shape[1] else np.full(len(mine), MISSING)
    return found if settled is None else np.where(settled != MISSING, settled, found)


def against(rated: Ratings, settled: Mapping[int, str] | None = None) -> tuple[Against, ...]:
    """Every person against the consensus; `settled` maps items to codes."""
    fixed, k = _settled(rated, settled), len(rated.codes)
    found = []
    for place, rater in enumerate(rated.raters):
        truth, said = consensus(rated, place, fixed), rated.table[:, place]
        both = (truth != MISSING) & (said != MISSING)
        matrix = np.bincount(truth[both] * k + said[both], minlength=k * k).reshape(k, k)
        found.append(Against(rater, share(int(matrix.trace()), int(both.sum())), _nested(matrix)))
    return tuple(found)


def judged(rated: Ratings, answers: Iterable[Answer], settled: Mapping[int, str] | None = None) -> list[Judged]:
    """The answers of people that have a consensus to be held against, in order of time."""
    fixed = _settled(rated, settled)
    truths = {rater: consensus(rated, place, fixed) for place, rater in enumerate(rated.raters)}
    return sorted(_judged(rated, latest(answers), truths), key=lambda one: one.at)


def _judged(rated: Ratings, answers: Iterable[Answer], truths: Mapping[str, Ints]) -> Iterator[Judged]:
    row = {item: n for n, item in enumerate(rated.items)}
    for one in answers:
        if one.rater and (truth := int(truths[one.rater][row[one.item]])) != MISSING:
            yield Judged(one.rater, one.at, one.spent_ms, rated.codes[truth] == one.code)


def _settled(rated: Ratings, settled: Mapping[int, str] | None) -> Ints | None:
    if not settled:
        return None
    place = {code: n for n, code in enumerate(rated.codes)}
    codes = (settled.get(item) for item in rated.items)
    return np.array([MISSING if code is None else place.get(code, MISSING) for code in codes], np.int64)


def _nested(matrix: Ints) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(cell) for cell in row) for row in matrix)
