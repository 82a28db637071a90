"""Hashed character 1- to 3-grams, weighted by TF-IDF, under a seeded random projection to 256 numbers.

The cosine of two rows is close to that of their TF-IDF vectors (the error is about .06, because only 256 numbers are
used). It measures shared syllables, stems and endings; it does not know synonyms. An n-gram never crosses a space.
Nothing is downloaded, and the result does not depend on chance.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.preprocessing import normalize
from sklearn.random_projection import SparseRandomProjection

from core.embedding import Vectors
from core.text import nfc

BUCKETS = 2**16
DIMS = 256
DENSITY = 1 / 16  # an n-gram changes 16 of the 256 numbers
SEED = 20240501
MAX_CHARS = 10_000  # of a text; of a longer text only the beginning is used


class HashedNgram:
    """Its weights are the IDF of each bucket, float32 (BUCKETS,)."""

    dims = DIMS
    version = 1

    def __init__(self, idf: NDArray[np.float32]) -> None:
        self._idf = idf
        self._hash = HashingVectorizer(
            analyzer="char_wb", ngram_range=(1, 3), n_features=BUCKETS, alternate_sign=False, norm=None,
            lowercase=False, dtype=np.float32,
        )  # fmt: skip

    @classmethod
    def fit(cls, texts: Sequence[str]) -> Self:
        model = cls(np.ones(BUCKETS, np.float32))
        if texts:
            model._idf = TfidfTransformer().fit(model._counts(texts)).idf_.astype(np.float32)
        return model

    @classmethod
    def restore(cls, weights: NDArray[Any]) -> Self:
        if weights.shape != (BUCKETS,) or weights.dtype != np.float32 or not np.isfinite(weights).all():
            raise ValueError(f"not the {BUCKETS:,} finite weights of hashed n-grams")
        return cls(weights)

    def weights(self) -> NDArray[np.float32]:
        return self._idf

    def embed(self, texts: Sequence[str]) -> Vectors:
        if not len(texts):
            return np.zeros((0, self.dims), np.float32)
        counts = self._counts(texts)
        counts.data = (1 + np.log(counts.data)) * self._idf[counts.indices]
        rows = (counts @ _projection()).toarray()
        return np.asarray(normalize(rows, copy=False), dtype=np.float32)

    def _counts(self, texts: Sequence[str]) -> Any:
        """Sparse float32 (n, BUCKETS): how often each n-gram occurs. A lone surrogate counts as "?"."""
        clean = (nfc(t[:MAX_CHARS]).casefold().encode("utf-8", "replace").decode("utf-8") for t in texts)
        return self._hash.transform(clean)


@cache
def _projection() -> csr_matrix:
    """Sparse float32 (BUCKETS, DIMS), always the same; making it takes half a second and 8 MB."""
    projection = SparseRandomProjection(DIMS, density=DENSITY, random_state=SEED)
    return projection.fit(csr_matrix((1, BUCKETS), dtype=np.float32)).components_.T.tocsr().astype(np.float32)
