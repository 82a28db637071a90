"""Strata of a blind audit: predictions by answer and by how near they are to the threshold, and how many are drawn.

Near the threshold a prediction is most often wrong, and there the threshold is decided; so more is drawn there. Where
there are many answers, as of combinations of classes, the rare ones of a band share a stratum, so that each stratum has
items in the sample and each prediction could have been drawn.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from core.thresholds.scores import Bools, Ints, Scores

Band = Literal["near", "sure", "below"]
WISHES: dict[Band, float] = {"near": 2.0, "sure": 1.0, "below": 1.0}  # how much of the sample each band wishes for
RARE = -1  # the answer of a stratum that several rare answers share


@dataclass(frozen=True, eq=False)
class Stratum:
    """Predictions with one answer: `near`, the least sure third of what is kept; `sure`, the rest of it; `below`, as
    many of the surest that are dropped. `rows` int64 (n,) are places in the Scores. `answer` is
    `RARE` for the rare answers of a band together.
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


def merged(made: Sequence[Stratum], n: int) -> list[Stratum]:
    """Return at most about `n / 2` strata for a sample of `n`: the largest of each band, and its rest as one.

    >>> few = merged([Stratum(answer, "sure", np.arange(9 - answer)) for answer in range(5)], 4)
    >>> [(stratum.answer, len(stratum.rows)) for stratum in few]
    [(0, 9), (-1, 26)]
    """
    if len(made) <= max(n // 2, 1):
        return list(made)
    bands = [[stratum for stratum in made if stratum.band == band] for band in WISHES]
    share = max(n // 2 // sum(map(bool, bands)), 1)
    return [stratum for band in bands if band for stratum in _largest(band, share)]


def _largest(band: Sequence[Stratum], most: int) -> list[Stratum]:
    """The `most` strata of a band, of which the last has all that the others leave."""
    if len(band) <= most:
        return list(band)
    ordered = sorted(band, key=lambda stratum: -len(stratum.rows))
    rest = np.sort(np.concatenate([stratum.rows for stratum in ordered[most - 1 :]]))
    return [*ordered[: most - 1], replace(ordered[-1], answer=RARE, rows=rest)]


def allocate(sizes: Sequence[int], wishes: Sequence[float], n: int, seed: int = 0) -> list[int]:
    """Return how many of `n` are drawn from each stratum: by `wishes`, at most its size, at least 1 if `n` allows it.

    What a small stratum cannot give goes to the others. The sum is `n`, or the sum of the sizes if that is smaller. Of
    strata that wish as much, `seed` decides which comes first.

    >>> allocate([100, 2, 50], [2, 1, 1], 20)
    [12, 2, 6]
    """
    drawn = [0] * len(sizes)
    order = np.random.default_rng(seed).permutation(len(sizes)).tolist()
    # The next item goes where the share of the wish that is fulfilled is the smallest; those without come first.
    waiting = [(False, 0.0, order[at], at) for at, size in enumerate(sizes) if size]
    heapq.heapify(waiting)
    for _ in range(min(n, sum(sizes))):
        at = waiting[0][3]
        drawn[at] += 1
        if drawn[at] < sizes[at]:
            heapq.heapreplace(waiting, (True, drawn[at] / wishes[at], order[at], at))
        else:
            heapq.heappop(waiting)
    return drawn
