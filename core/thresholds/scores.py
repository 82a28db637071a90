"""The predictions of one Target as arrays, with what makes a slider's answer fast; made once and kept.

N predictions, K classes, A answers. For a Target with one class an item, the answers are the classes. With several, an
answer is a combination of classes that occurs, and "" is the answer without any class, which is never kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InputError

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]
Wide = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUNDING = np.float32(1e-6)  # float32 probabilities .6 and .4 are .2 apart only within this
GRID: Wide = np.round(np.arange(101) / 100, 2)  # least confidences at which the curves are drawn


@dataclass(frozen=True, eq=False)
class Scores:
    """What a run predicted for N items.

    `classes`: the K codes of the Target. `members` bool (A, K): the classes of each answer. `answers` int64 (N,): the
    answer of each prediction. `confidence` and `margin` float32 (N,) are calibrated, `raw_confidence` float32 (N,) is
    not. `entropy` float32 (N,) is a share in [0, 1] of the largest possible one. `class_probs` float64 (K,): the mean
    probability of each class over all predictions. A row with a NaN is never kept.
    """

    classes: tuple[str, ...]
    members: Bools
    answers: Ints
    confidence: Floats
    margin: Floats
    entropy: Floats
    raw_confidence: Floats
    class_probs: Wide

    def __post_init__(self) -> None:
        n, k = len(self.answers), len(self.classes)
        columns = (self.confidence, self.margin, self.entropy, self.raw_confidence)
        if self.members.shape[1:] != (k,) or self.class_probs.shape != (k,) or any(len(c) != n for c in columns):
            raise InputError("the columns of the predictions do not fit: {n} rows, {k} classes", n=n, k=k)
        unknown = np.isnan(self.confidence) | np.isnan(self.margin) | np.isnan(self.entropy)
        if unknown.any():
            self._leave_out(unknown)

    def _leave_out(self, rows: Bools) -> None:
        """Give `rows` bool (N,), of which no number says how sure they are, an answer without a class: never kept."""
        none = np.zeros((1, len(self.classes)), dtype=np.bool_)
        object.__setattr__(self, "answers", np.where(rows, len(self.members), self.answers))
        object.__setattr__(self, "members", np.concatenate([self.members, none]))
        for name, value in (("confidence", 0), ("margin", 0), ("entropy", 1), ("raw_confidence", 0)):
            object.__setattr__(self, name, np.where(rows, value, getattr(self, name)).astype(np.float32))

    @classmethod
    def of(
        cls,
        classes: Sequence[str],
        answers: ArrayLike,
        confidence: ArrayLike,
        margin: ArrayLike,
        entropy: ArrayLike,
        raw_confidence: ArrayLike | None = None,
        members: ArrayLike | None = None,
        class_probs: ArrayLike | None = None,
    ) -> "Scores":
        """Return Scores of array-likes. Without `members` an answer is one class; without `class_probs`, the mean
        confidence of each class stands for them.
        """
        table = np.eye(len(classes), dtype=bool) if members is None else np.asarray(members, dtype=bool)
        sure, which = np.asarray(confidence, dtype=np.float32), np.asarray(answers, dtype=np.int64)
        raw = sure if raw_confidence is None else np.asarray(raw_confidence, dtype=np.float32)
        if class_probs is None:
            class_probs = (
                np.bincount(which, weights=np.nan_to_num(sure), minlength=len(table)) @ table / max(len(which), 1)
            )
        return cls(
            tuple(classes), table, which, sure, np.asarray(margin, dtype=np.float32),
            np.asarray(entropy, dtype=np.float32), raw, np.asarray(class_probs, dtype=np.float64),
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.answers)

    @cached_property
    def single(self) -> bool:
        """Whether each answer is one class, in their order."""
        k = len(self.classes)
        return self.members.shape == (k, k) and bool((self.members == np.eye(k, dtype=bool)).all())

    @cached_property
    def totals(self) -> Ints:
        """How many predictions have each answer, int64 (A,)."""
        return np.bincount(self.answers, minlength=len(self.members))

    @cached_property
    def order(self) -> Ints:
        """The rows by answer, within an answer the surest first and equal ones by row, int64 (N,)."""
        by_confidence = np.argsort(-self.confidence, kind="stable")
        small = self.answers.astype(np.uint16) if len(self.members) < 2**16 else self.answers
        return np.asarray(by_confidence[np.argsort(small[by_confidence], kind="stable")])

    @cached_property
    def starts(self) -> Ints:
        """Where the rows of each answer begin in `order`, and the end of the last, int64 (A + 1,)."""
        return np.concatenate([[0], np.cumsum(self.totals)])

    @cached_property
    def falling(self) -> Floats:
        """The confidences in `order`, with the sign changed, float32 (N,): they rise within an answer."""
        return np.asarray(-self.confidence[self.order])

    @cached_property
    def running(self) -> tuple[Wide, Wide]:
        """The sums of the confidences before each place in `order`, calibrated and not, float64 (N + 1,) each."""
        columns = (self.confidence, self.raw_confidence)
        sums = [np.cumsum(column[self.order], dtype=np.float64) for column in columns]
        return np.concatenate([[0.0], sums[0]]), np.concatenate([[0.0], sums[1]])

    @cached_property
    def entropy_tables(self) -> tuple[Ints, Wide, Wide]:
        """What each answer has at an entropy of at most `GRID[i]`: rows, sums of the confidences, calibrated and not,
        (A, 101) each; 0 for an answer without a class.
        """
        step = np.searchsorted((GRID + ROUNDING).astype(np.float32), self.entropy, side="left")
        width = len(GRID) + 1  # one more step takes what is above 1
        named: Bools = np.asarray(self.members.any(axis=1))
        cells, size = self.answers * width + step, len(self.members) * width
        columns = (None, self.confidence, self.raw_confidence)
        parts = [np.bincount(cells, values, size).reshape(-1, width) * named[:, None] for values in columns]
        n, sure, raw = (part.cumsum(axis=1)[:, : len(GRID)] for part in parts)
        return n.astype(np.int64), sure, raw

    @cached_property
    def mean_confidence(self) -> float:
        """The mean confidence of all predictions; 0 if there is none."""
        return float(self.confidence.mean(dtype=np.float64)) if len(self) else 0.0

    @cached_property
    def tables(self) -> "Tables":
        """Counts and sums for each pair of a least confidence and a least margin of `GRID`."""
        return _tables(self)

    def per_class(self, by_answer: ArrayLike) -> Ints:
        """Return counts by answer (..., A) as counts by class (..., K)."""
        return np.asarray(by_answer, dtype=np.int64) @ self.members.astype(np.int64)

    def sure(self, limits: ArrayLike) -> Ints:
        """Return how many predictions of each answer have a confidence of at least its limit (A,), int64 (A,)."""
        least = np.asarray(limits, dtype=np.float32) - ROUNDING
        counts = [
            np.searchsorted(self.falling[start:end], -limit, side="right")
            for start, end, limit in zip(self.starts[:-1], self.starts[1:], least, strict=True)
        ]
        return np.array(counts, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Tables:
    """What is kept at a least confidence `GRID[i]` and a least margin `GRID[j]`, without predictions of no class.

    `kept` int64 (K, 101, 101) by class, `total` int64 (101, 101). `confidence` and `raw` float64 (K, 101, 101) are the
    sums of the calibrated and of the uncalibrated confidences by class, `total_confidence` and `total_raw` (101, 101)
    those over all classes.
    """

    kept: Ints
    total: Ints
    confidence: Wide
    raw: Wide
    total_confidence: Wide
    total_raw: Wide


def _tables(scores: Scores) -> Tables:
    cells = steps(scores.confidence) * len(GRID) + steps(scores.margin)
    has_class: Bools = np.asarray(scores.members.any(axis=1))
    columns = (None, scores.confidence, scores.raw_confidence)
    shape = (-1, len(GRID), len(GRID))
    by_class = [_by_class(scores, cells, len(GRID) ** 2, values).reshape(shape) for values in columns]
    if scores.single:
        whole = [table.sum(axis=0) for table in by_class]
    else:
        named = has_class[scores.answers]
        parts = [np.bincount(cells[named], None if v is None else v[named], len(GRID) ** 2) for v in columns]
        whole = [part.reshape(len(GRID), len(GRID)) for part in parts]
    kept, confidence, raw = (_at_least(table) for table in by_class)
    total, total_confidence, total_raw = (_at_least(table) for table in whole)
    return Tables(kept.astype(np.int64), total.astype(np.int64), confidence, raw, total_confidence, total_raw)


def _by_class(scores: Scores, cells: Ints, width: int, values: Floats | None) -> NDArray[Any]:
    """The number of rows, or the sum of their `values` (N,), of each class in each of `width` cells: (K, width)."""
    k = len(scores.classes)
    if scores.single:
        return np.bincount(scores.answers * width + cells, values, k * width).reshape(k, width)
    rows = [column[scores.answers] for column in scores.members.T]
    return np.array([np.bincount(cells[row], None if values is None else values[row], width) for row in rows])


def _at_least(cells: NDArray[Any]) -> NDArray[Any]:
    """The sums over each cell and all cells that are above it on the last two axes."""
    return np.asarray(cells[..., ::-1, ::-1].cumsum(axis=-1).cumsum(axis=-2)[..., ::-1, ::-1])


def steps(shares: Floats) -> Ints:
    """Return for each share (N,) the last step of `GRID` that it reaches, int64 (N,), from 0 to 100."""
    reached = np.searchsorted((GRID - ROUNDING).astype(np.float32), shares, side="right") - 1
    return np.asarray(np.maximum(reached, 0), dtype=np.int64)
