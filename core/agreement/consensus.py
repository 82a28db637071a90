"""The consensus of the other raters, and how each rater agrees with it.

The consensus of an item is its settled class, or else the class that most of the other raters gave. The answer of the
compared rater does not count. If the others are tied, there is no consensus. With two raters, each is compared with the
other. Anonymous votes count for the consensus, but are not compared with it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from core.agreement.figures import Share, share
from core.agreement.ratings import MISSING, Answer, Ints, Ratings, latest_answers


@dataclass(frozen=True, slots=True)
class ComparedAnswer:
    """A rater's answer to an item that has a consensus; `agrees` says whether it is equal to the consensus."""

    rater: str
    at: str
    spent_ms: int | None
    agrees: bool


@dataclass(frozen=True, slots=True)
class RaterAgreement:
    """One rater compared with the consensus. `matrix` (K, K) counts: rows are the consensus, columns the answers."""

    rater: str
    agreed: Share
    matrix: tuple[tuple[int, ...], ...]


def coincidences(rated: Ratings) -> tuple[tuple[int, ...], ...]:
    """Count the pairs of answers to the same item by their two classes: (K, K), symmetric, each pair counts once."""
    counts = rated.shared.counts
    both = counts.T @ counts
    own = counts.sum(axis=0)
    both[np.diag_indices_from(both)] = (both.diagonal() - own) // 2
    return _nested(both)


def consensus(rated: Ratings, rater: int, settled: Ints | None = None) -> Ints:
    """Return int (N,): the consensus without the answers of `rater` (a column); MISSING where there is none.

    `settled` int (N,) is the settled class of each item, or MISSING.
    """
    others = rated.counts.copy()
    own = rated.table[:, rater]
    given = np.flatnonzero(own != MISSING)
    others[given, own[given]] -= 1
    most = others.max(axis=1, initial=0)
    clear = (most > 0) & ((others == most[:, None]).sum(axis=1) == 1)
    majority = np.where(clear, others.argmax(axis=1), MISSING) if others.shape[1] else np.full(len(own), MISSING)
    return majority if settled is None else np.where(settled != MISSING, settled, majority)


def compare_raters(rated: Ratings, settled: Mapping[int, str] | None = None) -> tuple[RaterAgreement, ...]:
    """Compare each named rater with the consensus; `settled` maps items to codes."""
    fixed, k = _settled(rated, settled), len(rated.codes)
    compared = []
    for column, rater in enumerate(rated.raters):
        truth, given = consensus(rated, column, fixed), rated.table[:, column]
        both = (truth != MISSING) & (given != MISSING)
        matrix = np.bincount(truth[both] * k + given[both], minlength=k * k).reshape(k, k)
        compared.append(RaterAgreement(rater, share(int(matrix.trace()), int(both.sum())), _nested(matrix)))
    return tuple(compared)


def compare_answers(
    rated: Ratings, answers: Iterable[Answer], settled: Mapping[int, str] | None = None
) -> list[ComparedAnswer]:
    """Compare the answers of named raters with the consensus, in order of time.

    Answers to items without a consensus are left out.
    """
    fixed = _settled(rated, settled)
    truths = {rater: consensus(rated, column, fixed) for column, rater in enumerate(rated.raters)}
    return sorted(_compared(rated, latest_answers(answers), truths), key=lambda answer: answer.at)


def _compared(rated: Ratings, answers: Iterable[Answer], truths: Mapping[str, Ints]) -> Iterator[ComparedAnswer]:
    row = {item: n for n, item in enumerate(rated.items)}
    for answer in answers:
        if answer.rater and (truth := int(truths[answer.rater][row[answer.item]])) != MISSING:
            yield ComparedAnswer(answer.rater, answer.at, answer.spent_ms, rated.codes[truth] == answer.code)


def _settled(rated: Ratings, settled: Mapping[int, str] | None) -> Ints | None:
    if not settled:
        return None
    class_ids = {code: n for n, code in enumerate(rated.codes)}
    codes = (settled.get(item) for item in rated.items)
    return np.array([MISSING if code is None else class_ids.get(code, MISSING) for code in codes], np.int64)


def _nested(matrix: Ints) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(cell) for cell in row) for row in matrix)
