"""Strata of a blind audit: predictions by answer and by how near they are to the threshold, and how many are drawn.

Near the threshold a prediction is most often wrong, and there the threshold is decided; so more is drawn there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.thresholds.scores import Bools, Ints, Scores

Band = Literal["near", "sure", "below"]
WISHES: dict[Band, float] = {"near": 2.0, "sure": 1.0, "below": 1.0}  # how much of the sample each band wishes for


@dataclass(frozen=True, eq=False)
class Stratum:
    """Predictions with one answer: `near`, the least sure third of what is kept; `sure`, the rest of it; `below`, as
    many of the surest that are dropped. `rows` int64 (n,) are places in the Scores.
    """

    answer: int
    band: Band
    rows: Ints


def strata(scores: Scores, kept: Bools) -> list[Stratum]:
    """Return the strata that have predictions; `kept` bool (N,). Answers without a class are left out.

    >>> table = Scores.of(("a", "b"), [0, 0, 0, 0], [.99, .9, .8, .6], [.9, .8, .6, .2], [.1] * 4)
    >>> [(s.band, s.rows.tolist()) for s in strata(table, table.confidence >= .75)]
    [('near', [2]), ('sure', [0, 1]), ('below', [3])]
    """
    made: list[Stratum] = []
    for answer in np.flatnonzero(scores.members.any(axis=1)).tolist():
        rows = scores.order[scores.starts[answer] : scores.starts[answer + 1]]  # the surest first
        inside, outside = rows[kept[rows]], rows[~kept[rows]]
        near = -(-len(inside) // 3)
        bands: dict[Band, Ints] = {
            "near": inside[len(inside) - near :], "sure": inside[: len(inside) - near], "below": outside[:near],
        }  # fmt: skip
        made += [Stratum(answer, band, chosen) for band, chosen in bands.items() if len(chosen)]
    return made


def allocate(sizes: Sequence[int], wishes: Sequence[float], n: int) -> list[int]:
    """Return how many of `n` are drawn from each stratum: by `wishes`, at most its size, at least 1 if `n` allows it.

    What a small stratum cannot give goes to the others. The sum is `n`, or the sum of the sizes if that is smaller.

    >>> allocate([100, 2, 50], [2, 1, 1], 20)
    [12, 2, 6]
    """
    drawn = [0] * len(sizes)
    for _ in range(min(n, sum(sizes))):
        # The next item goes where the share of the wish that is fulfilled is the smallest.
        open_ = [at for at, size in enumerate(sizes) if drawn[at] < size]
        drawn[min(open_, key=lambda at: (drawn[at] > 0, drawn[at] / wishes[at], at))] += 1
    return drawn
