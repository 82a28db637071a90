"""The training items that are nearest to a text, as the run itself sees texts.

A run of n-grams compares by its own tf-idf, one with a frozen text encoder by its vectors, any other by hashed n-grams
(`core.embedding`). Rows have the length 1, so the product is the cosine.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import normalize

from core.embedding.hashed_ngram import HashedNgram
from core.inference.predictor import Predictor
from core.models.prepare import FROZEN_VOICE, frozen_vectors

MOST = 50_000  # training items compared; of more, every n-th
DECIMALS = 4


class Embed(Protocol):
    """Gives a row of length 1 for each text, dense or sparse."""

    def __call__(self, texts: Sequence[str]) -> Any: ...


class Nearest:
    """Cleaned training texts, compared with any other text."""

    def __init__(self, predictor: Predictor, texts: Sequence[str]) -> None:
        self._embed = embedding(predictor, texts)
        self._rows = self._embed(texts)

    def search(self, text: str, top: int) -> list[tuple[int, float]]:
        """The places of the `top` nearest texts with their cosine, the nearest first; those of cosine 0 are left out.

        Of equal texts the first one stands for all, where the cosine cannot tell them apart.
        """
        scores = np.round(self._scores(self._embed([text])), DECIMALS)
        order = np.argsort(-scores, kind="stable")[:top]
        return [(int(at), float(scores[at])) for at in order if scores[at] > 0]

    def _scores(self, query: Any) -> NDArray[np.float64]:
        if hasattr(self._rows, "toarray"):
            return np.asarray((self._rows @ query.T).toarray()[:, 0], dtype=np.float64)
        return np.asarray(self._rows @ query[0], dtype=np.float64)


def embedding(predictor: Predictor, texts: Sequence[str]) -> Embed:
    """How a run compares texts."""
    return own_embedding(predictor) or HashedNgram.fit(texts).embed


def own_embedding(predictor: Predictor) -> Embed | None:
    """The vectors that a run itself makes of a text; None where it makes none that can be compared."""
    vectorizer: Any = getattr(predictor.model, "vectorizer", None)
    if vectorizer is not None:
        return lambda some: normalize(vectorizer.transform(some))
    encoder = predictor.card.encoder
    if predictor.card.architecture == "heads" and encoder not in FROZEN_VOICE:
        from core.models.values import Sample

        return lambda some: normalize(frozen_vectors([Sample(text) for text in some], encoder, predictor.card.config))
    return None
