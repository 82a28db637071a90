"""Projections: the many numbers of each text become two, so that a corpus can be drawn as points.

`PROJECTIONS` lists them. A projection reads float16 vectors from the disk in blocks and gives float32 (n, 2). The same
vectors give the same points. It knows neither texts nor files, and does not draw.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.embedding import Vectors
from core.embedding.index import to_float32
from core.plugins import Backend, pick

DEFAULT = "pca"
BLOCK = 4_096
SEED = 20240501
DECIMALS = 4  # of a cosine
LEAST = 3  # fewer points make no map
PROJECTIONS = {
    DEFAULT: Backend("core.embedding.projection.pca:project", needs=("sklearn",)),
    "umap": Backend(
        "core.embedding.projection.umap:project", needs=("umap",), install="pip install umap-learn==0.5.12"
    ),
}
Points = NDArray[np.float32]  # (n, 2)
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False, slots=True)
class Rows:
    """Vectors on the disk: `array` float16 (n, dims), each row of length 1."""

    array: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.array)

    def blocks(self) -> Iterator[Vectors]:
        """Yield float32 blocks of up to `BLOCK` rows, in order."""
        for start in range(0, len(self), BLOCK):
            yield to_float32(np.asarray(self.array[start : start + BLOCK]))

    def sample(self, most: int) -> Vectors:
        """Return at most `most` rows, spread evenly: float32 (k, dims)."""
        step = -(-len(self) // most)
        return self.array[::step].astype(np.float32)

    def cosines(self, place: int) -> NDArray[np.float32]:
        """Return the cosine of row `place` and of each row, float32 (n,), rounded; 0 for itself. It reads all rows."""
        vector = self.array[place].astype(np.float32)
        scores = np.concatenate([np.round(rows @ vector, DECIMALS) for rows in self.blocks()])
        scores[place] = 0
        return scores


def nearest(scores: NDArray[np.float32], limit: int, among: NDArray[np.int64]) -> list[tuple[int, float]]:
    """Return (place, cosine) of the `limit` rows of `among` with the greatest of `scores`, the best first.

    Of equal ones the first stand first; rows with a cosine of 0 or less are left out.
    """
    own = scores[among]
    if limit < len(own):  # the order of all the others is not needed
        least = np.partition(own, -limit)[-limit]
        among, own = among[own >= least], own[own >= least]
    order = np.argsort(-own, kind="stable")[:limit]
    return [(int(among[at]), round(float(own[at]), DECIMALS)) for at in order if own[at] > 0]


class Projection(Protocol):
    """Makes two numbers of each row; tells how many of how many steps are done."""

    def __call__(self, rows: Rows, progress: Progress) -> Points: ...


def projection(name: str) -> Projection:
    """Return the projection called `name`; `UnknownName` lists the names, `MissingBackend` says how to install one."""
    chosen: Any = pick(PROJECTIONS, name, "projection")
    return chosen
