"""Answers of raters as arrays.

`table int (N, R)` holds the class that rater r gave to item n, or MISSING. `anonymous int (N, K)` counts the votes
without a rater's name for each class of item n. `counts int (N, K)` is the sum of both; Fleiss and Krippendorff need no
more. A rater has one answer for each item: the latest one counts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError, UnknownName

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MISSING = -1
NOT_GIVEN, GIVEN = range(2)  # the two class ids in the binary ratings of one class of a multi scheme


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of one rater for one item. `rater` "" is an anonymous vote; `at` is UTC ISO 8601, "" if unknown."""

    item: int
    rater: str
    code: str
    at: str = ""
    spent_ms: int | None = None


@dataclass(frozen=True)
class Ratings:
    """The answers for N items by R named raters in K classes, and anonymous votes. See the module for the arrays."""

    codes: tuple[str, ...]
    items: tuple[int, ...]
    raters: tuple[str, ...]
    table: Ints
    anonymous: Ints

    def __post_init__(self) -> None:
        n, k, r = len(self.items), len(self.codes), len(self.raters)
        if self.table.shape != (n, r) or self.anonymous.shape != (n, k):
            raise InputError(
                "{n} items, {r} raters, {k} classes: {shape} and {shape_anonymous} given",
                n=n,
                r=r,
                k=k,
                shape=self.table.shape,
                shape_anonymous=self.anonymous.shape,
            )
        if self.table.size and (self.table.min() < MISSING or self.table.max() >= k):
            raise InputError("a class id lies outside 0 to {k}", k=k - 1)
        if self.anonymous.size and self.anonymous.min() < 0:
            raise InputError("a count of votes is negative")

    @cached_property
    def counts(self) -> Ints:
        """int (N, K): the number of answers of each class for each item."""
        counts = self.anonymous.copy()
        for column in self.table.T:
            given = np.flatnonzero(column != MISSING)
            counts[given, column[given]] += 1
        return counts

    @cached_property
    def per_item(self) -> Ints:
        """int (N,): the number of answers for each item."""
        totals: Ints = self.counts.sum(axis=1)
        return totals

    @property
    def n_raters(self) -> int:
        """The number of named raters who answered, plus the largest number of anonymous votes for one item."""
        nameless = int(self.anonymous.sum(axis=1).max(initial=0))
        return int((self.table != MISSING).any(axis=0).sum()) + nameless

    def subset(self, which: Any) -> "Ratings":
        """Return the ratings of some items; `which` is a mask or the positions of the items."""
        items = tuple(np.array(self.items, np.int64)[which].tolist())
        return Ratings(self.codes, items, self.raters, self.table[which], self.anonymous[which])

    @cached_property
    def shared(self) -> "Ratings":
        """The ratings of the items with two answers or more; only these say something about agreement."""
        return self.subset(self.per_item >= 2)


def latest_answers(answers: Iterable[Answer]) -> list[Answer]:
    """Return the latest answer of each rater for each item, and all anonymous votes."""
    anonymous: list[Answer] = []
    latest: dict[tuple[int, str], Answer] = {}
    for answer in answers:
        if not answer.rater:
            anonymous.append(answer)
        elif (earlier := latest.get((answer.item, answer.rater))) is None or earlier.at <= answer.at:
            latest[answer.item, answer.rater] = answer
    return [*latest.values(), *anonymous]


def build_ratings(answers: Iterable[Answer], codes: Sequence[str]) -> Ratings:
    """Return the arrays of `answers`; `UnknownName` if an answer is not in `codes`."""
    return _filled(latest_answers(answers), tuple(codes), _class_ids(codes))


def ratings_by_class(answers: Iterable[Answer], codes: Sequence[str], join: str) -> dict[str, Ratings]:
    """Return the binary ratings of each class of a multi scheme: class 1 if an answer has it, class 0 if not.

    `join` is the character between the classes of one answer. `UnknownName` if a class is not in `codes`.
    """
    answers = latest_answers(answers)
    ids = _class_ids(codes)
    for answer in answers:
        for part in answer.code.split(join):
            _class_id(ids, part)
    binary = {}
    for code in codes:
        yes_no = [Answer(x.item, x.rater, "10"[code not in x.code.split(join)], x.at, x.spent_ms) for x in answers]
        binary[code] = _filled(yes_no, ("-", code), {"0": NOT_GIVEN, "1": GIVEN})
    return binary


def _filled(answers: Sequence[Answer], codes: tuple[str, ...], ids: dict[str, int]) -> Ratings:
    items = sorted({answer.item for answer in answers})
    raters = sorted({answer.rater for answer in answers} - {""})
    row = {item: n for n, item in enumerate(items)}
    column = {rater: n for n, rater in enumerate(raters)}
    table = np.full((len(items), len(raters)), MISSING, np.int64)
    anonymous = np.zeros((len(items), len(codes)), np.int64)
    for answer in answers:
        class_id = _class_id(ids, answer.code)
        if answer.rater:
            table[row[answer.item], column[answer.rater]] = class_id
        else:
            anonymous[row[answer.item], class_id] += 1
    return Ratings(codes, tuple(items), tuple(raters), table, anonymous)


def _class_ids(codes: Sequence[str]) -> dict[str, int]:
    return {code: n for n, code in enumerate(codes)}


def _class_id(ids: dict[str, int], code: str) -> int:
    if code not in ids:
        raise UnknownName("class", code, tuple(ids))
    return ids[code]
