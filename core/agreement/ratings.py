"""Answers of people as arrays.

`table int (N, R)`: the class that rater r gave item n, MISSING where none. `anonymous int (N, K)`: how many votes of
nobody in particular each class of item n got. `counts int (N, K)` is both together: all that Fleiss and Krippendorff
need. A person has one answer an item: of several the last by time counts.
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
NOT_GIVEN, GIVEN = range(2)  # the two classes of one class of a multi scheme


@dataclass(frozen=True, slots=True)
class Answer:
    """What one person said of one item; `rater` "" is a vote of nobody in particular. `at`: UTC ISO 8601."""

    item: int
    rater: str
    code: str
    at: str = ""
    spent_ms: int | None = None


@dataclass(frozen=True)
class Ratings:
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
        """int (N, K): answers a class of each item."""
        found = self.anonymous.copy()
        for column in self.table.T:
            given = np.flatnonzero(column != MISSING)
            found[given, column[given]] += 1
        return found

    @cached_property
    def per_item(self) -> Ints:
        """int (N,): answers of each item."""
        found: Ints = self.counts.sum(axis=1)
        return found

    @property
    def n_raters(self) -> int:
        """Those with a name, and of the others as many as one item has at most."""
        nameless = int(self.anonymous.sum(axis=1).max(initial=0))
        return int((self.table != MISSING).any(axis=0).sum()) + nameless

    def kept(self, which: Any) -> "Ratings":
        """Only the items that the mask or the positions `which` name."""
        items = tuple(np.array(self.items, np.int64)[which].tolist())
        return Ratings(self.codes, items, self.raters, self.table[which], self.anonymous[which])

    @cached_property
    def shared(self) -> "Ratings":
        """Only the items with two answers or more: the only ones that tell of agreement."""
        return self.kept(self.per_item >= 2)


def latest(answers: Iterable[Answer]) -> list[Answer]:
    """One answer of a person an item, the last by time; votes of nobody in particular all stay."""
    nameless: list[Answer] = []
    last: dict[tuple[int, str], Answer] = {}
    for one in answers:
        if not one.rater:
            nameless.append(one)
        elif (known := last.get((one.item, one.rater))) is None or known.at <= one.at:
            last[one.item, one.rater] = one
    return [*last.values(), *nameless]


def ratings(answers: Iterable[Answer], codes: Sequence[str]) -> Ratings:
    """The arrays of `answers`; `UnknownName` for a code that is none of `codes`."""
    return _filled(latest(answers), tuple(codes), _places(codes))


def every_class(answers: Iterable[Answer], codes: Sequence[str], join: str) -> dict[str, Ratings]:
    """Of a multi scheme: for each class, who gave it (class 1) and who did not (class 0)."""
    kept = latest(answers)
    known = _places(codes)
    for one in kept:
        for part in one.code.split(join):
            _place(known, part)
    found = {}
    for code in codes:
        yes_no = [Answer(x.item, x.rater, "10"[code not in x.code.split(join)], x.at, x.spent_ms) for x in kept]
        found[code] = _filled(yes_no, ("-", code), {"0": NOT_GIVEN, "1": GIVEN})
    return found


def _filled(answers: Sequence[Answer], codes: tuple[str, ...], known: dict[str, int]) -> Ratings:
    items = sorted({one.item for one in answers})
    raters = sorted({one.rater for one in answers} - {""})
    row = {item: n for n, item in enumerate(items)}
    column = {rater: n for n, rater in enumerate(raters)}
    table = np.full((len(items), len(raters)), MISSING, np.int64)
    anonymous = np.zeros((len(items), len(codes)), np.int64)
    for one in answers:
        place = _place(known, one.code)
        if one.rater:
            table[row[one.item], column[one.rater]] = place
        else:
            anonymous[row[one.item], place] += 1
    return Ratings(codes, tuple(items), tuple(raters), table, anonymous)


def _places(codes: Sequence[str]) -> dict[str, int]:
    return {code: n for n, code in enumerate(codes)}


def _place(known: dict[str, int], code: str) -> int:
    if code not in known:
        raise UnknownName("class", code, tuple(known))
    return known[code]
