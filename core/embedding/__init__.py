"""Texts as points: near ones look alike. Rows of `EMBEDDINGS` do it; the default needs no download.

An embedding is fitted on a sample of texts (what is common says little) and from then on is a pure function: the same
text gives the same row, alone or among others. Knows nothing of where texts come from or where rows are kept.
"""

from collections.abc import Sequence
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from core.plugins import Backend, pick

Vectors = NDArray[np.float32]
DEFAULT = "hashed-ngram"
EMBEDDINGS = {DEFAULT: Backend("core.embedding.hashed_ngram:HashedNgram", needs=("sklearn",))}


class Embedding(Protocol):
    """`dims` numbers a text; rows of another `version` do not compare."""

    dims: int
    version: int

    @classmethod
    def fit(cls, texts: Sequence[str]) -> Self:
        """Learn from a sample of texts; it may be empty."""

    @classmethod
    def restore(cls, weights: NDArray[Any]) -> Self:
        """What was fitted before; `ValueError` for the weights of something else."""

    def weights(self) -> NDArray[Any]:
        """All that was learned, as one array."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(n, dims): rows of length 1, or all zero for a text with nothing in it."""


def embedding(name: str) -> type[Embedding]:
    """The embedding called `name`; `UnknownName` lists the known ones."""
    found: type[Embedding] = pick(EMBEDDINGS, name, "embedding")
    return found
