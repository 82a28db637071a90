"""Which type of number judges texts fast here, and how far its answers lie from those of float32.

`fastest` times one product of the size of the network in each type: bf16 needs AMX to be faster than float32, int8
needs VNNI. A type that is not clearly faster is not taken. `Trial` compares the logits of real sentences: `SURE` times
the usual change of the lead of a class over another is the `tolerance` below which a lead is called a tie. Ties are
judged again in float32. `unequal` counts, on other sentences, the answers that change all the same: `auto` takes no
type that changes one.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from core.confidence import margin
from core.errors import InputError, UnknownName
from core.inference.bulk.products import Number, made
from core.schemes.target import Target

PRECISIONS = ("auto", "float32", "bf16", "int8")
ORDER: tuple[Number, ...] = ("bf16", "int8")  # of two that are fast enough, the more exact comes first
CLEARLY = 1.5  # times as fast as float32
LEAST_WIDTH = 256  # a narrower network gains nothing
SURE = 2.5  # times the root of the mean square; a normal change lies above it once in eighty
MOST_TIES = 0.25  # share of the sentences; with more of them the second judgement costs what the first one gains
ROWS, REPEATS = 512, 3  # of the timed product

Logits = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Trial:
    """How far a type lies from float32 on `n` inputs.

    `agreement` is the share of equal answers before ties are judged again; `ties` the share of ties; `tolerance` the
    lead of a tie at most, in logits, by Target.
    """

    n: int
    agreement: float
    ties: float
    tolerance: Mapping[str, float]


def asked(precision: str) -> str:
    """`precision` itself; `UnknownName` if it does not exist, `InputError` if torch cannot compute in it here."""
    if precision not in PRECISIONS:
        raise UnknownName("precision", precision, PRECISIONS)
    if precision in ORDER and seconds(precision, LEAST_WIDTH) == float("inf"):
        raise InputError(
            "torch cannot multiply in {precision} on this machine: choose the precision auto or float32",
            precision=precision,
        )
    return precision


@cache
def fastest(width: int) -> Number:
    """The type to judge in for a network of `width`: float32 if no other one is clearly faster here."""
    if width < LEAST_WIDTH:
        return "float32"
    plain = seconds("float32", width)
    for number in ORDER:
        if plain and seconds(number, width) * CLEARLY < plain:
            return number
    return "float32"


def seconds(number: Number, width: int) -> float:
    """Processor seconds of one product of `ROWS` tokens in a type; infinite where the machine does not know it."""
    layer = nn.Linear(width, 4 * width)
    best = float("inf")
    try:
        product = made([layer], number)
        rows = torch.linspace(-1, 1, ROWS * width).reshape(ROWS, width)
        rows = rows.bfloat16() if number == "bf16" else rows
        with torch.inference_mode():
            for _ in range(REPEATS):
                began = time.thread_time()
                product(rows)
                best = min(best, time.thread_time() - began)
    except (RuntimeError, AttributeError, NotImplementedError):  # a build of torch without these products
        return float("inf")
    return best


def trial(targets: Sequence[Target], exact: Logits, quick: Logits) -> Trial:
    """Compare the logits of the same inputs."""
    tolerance = {t.name: SURE * change(t, exact[t.name], quick[t.name]) for t in targets}
    same = [answers(target, exact[target.name]) == answers(target, quick[target.name]) for target in targets]
    equal = np.logical_and.reduce([rows if rows.ndim == 1 else rows.all(axis=1) for rows in same])
    return Trial(len(equal), float(equal.mean()), float(ties(targets, quick, tolerance).mean()), tolerance)


def unequal(targets: Sequence[Target], exact: Logits, quick: Logits, tolerance: Mapping[str, float]) -> int:
    """How many inputs get another answer than that of float32, and are no tie that would be judged again."""
    same = [answers(target, exact[target.name]) == answers(target, quick[target.name]) for target in targets]
    equal = np.logical_and.reduce([rows if rows.ndim == 1 else rows.all(axis=1) for rows in same])
    return int((~equal & ~ties(targets, quick, tolerance)).sum())


def change(target: Target, exact: NDArray[np.float64], quick: NDArray[np.float64]) -> float:
    """The usual change (root of the mean square) of the lead of the first class over another one, or of a class over
    one half (multi-label).
    """
    moved = quick - exact
    if target.multi:
        return float(np.sqrt(np.mean(moved**2)))
    first = exact.argmax(axis=1)[:, None]
    leads = np.take_along_axis(moved, first, axis=1) - moved  # of the first class over itself: 0
    return float(np.sqrt((leads**2).sum() / max(1, leads.size - len(leads))))


def answers(target: Target, logits: NDArray[np.float64]) -> NDArray[np.int64]:
    """The class of each row (N,), or which classes are right (N, K)."""
    return np.asarray(logits > 0 if target.multi else logits.argmax(axis=1), np.int64)


def ties(targets: Sequence[Target], logits: Logits, tolerance: Mapping[str, float]) -> NDArray[np.bool_]:
    """Which rows have a lead below the tolerance under any Target, bool (N,)."""
    close = [lead(target, logits[target.name]) <= tolerance[target.name] for target in targets]
    return np.asarray(np.logical_or.reduce(close), np.bool_)


def lead(target: Target, logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """The lead of the first class over the second (N,); multi-label: of the closest class over one half."""
    if target.multi:
        return np.asarray(np.abs(logits).min(axis=1))
    return margin(logits)
