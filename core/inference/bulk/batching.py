"""Equal inputs judged once, and clips in groups of like length."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from core.models.values import Sample

TOGETHER = 32  # clips that are prepared and judged at once
KEPT = 256  # decoded clips in memory, of which those of like length come together

T = TypeVar("T")


def distinct(texts: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """The distinct texts in the order in which they first come, and for each text its place among them, int64 (N,).

    >>> distinct(["네", "아니요", "네"])
    (['네', '아니요'], array([0, 1, 0]))
    """
    places: dict[str, int] = {}
    rows = [places.setdefault(text, len(places)) for text in texts]
    return list(places), np.array(rows, dtype=np.int64)


def by_length(samples: Sequence[tuple[int, Sample]]) -> Iterator[list[tuple[int, Sample]]]:
    """Row numbers with their Samples, the shortest sound first, some at a time."""
    ordered = sorted(samples, key=lambda row: 0 if row[1].wave is None else len(row[1].wave))
    for at in range(0, len(ordered), TOGETHER):
        yield ordered[at : at + TOGETHER]
