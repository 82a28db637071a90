"""Text embeddings: similar texts get similar vectors. `EMBEDDINGS` lists them; the default needs no download.

An embedding is first fitted on a sample of texts, to learn which n-grams are common and so say little. After that it is
a pure function: a text always gives the same vector, alone or in a batch. It does not know where texts come from or
where vectors are stored.
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
    """`dims` float32 numbers for each text. Vectors of different `version`s must not be compared."""

    dims: int
    version: int

    @classmethod
    def fit(cls, texts: Sequence[str]) -> Self:
        """Learn from a sample of texts, which may be empty."""

    @classmethod
    def restore(cls, weights: NDArray[Any]) -> Self:
        """The embedding with these saved `weights`; `ValueError` if they are not weights of this embedding."""

    def weights(self) -> NDArray[Any]:
        """All that was learned, as one array."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """float32 (n, dims), one row a text: of length 1, or all zero if the text is blank."""


def embedding(name: str) -> type[Embedding]:
    """The class of the embedding called `name`; `UnknownName` lists the known names."""
    kind: type[Embedding] = pick(EMBEDDINGS, name, "embedding")
    return kind
