"""N-grams and vectors of a frozen encoder together: one logistic regression for each Target on both, side by side.

Values are `{"text": [N texts], "vector": float32 (N, D)}`. The tf-idf of character n-grams (V columns) and the vectors,
standardised and weighed by `share`, are the V + D columns. The encoder is not part of the model: the card names it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from core.errors import InputError
from core.files import write_bytes
from core.models import Arrays
from core.models.linear.linear_heads import (
    NO_WEIGHTS,
    LinearHead,
    Weights,
    all_logits,
    check_scaling,
    fit_heads,
    head_arrays,
    mean_loss,
    no_logits,
    restored_heads,
    scaling,
)
from core.models.linear.ngram import NgramConfig, fitted, restored_vectorizer, vectorizer_arrays
from core.models.values import Values, count, known_settings
from core.schemes.target import Target

WEIGHTS = "weights.safetensors"


@dataclass(frozen=True, slots=True)
class NgramHeadsConfig(NgramConfig):
    """The settings of the n-grams, and `share`: the length of a standardised vector beside a tf-idf row of length 1."""

    share: float = 1.0

    def __post_init__(self) -> None:
        NgramConfig.__post_init__(self)
        if self.share <= 0:
            raise InputError("share must be above 0")


class NgramHeadsModel:
    """`vectorizer` with V n-grams, `mean` and `scale` (D,) of the training vectors, a head on V + D columns."""

    def __init__(
        self,
        config: NgramHeadsConfig,
        vectorizer: TfidfVectorizer,
        mean: NDArray[Any],
        scale: NDArray[Any],
        heads: Mapping[str, LinearHead],
    ) -> None:
        self.config, self.vectorizer, self.mean, self.scale, self.heads = config, vectorizer, mean, scale, heads
        self.loss = float("nan")  # of the training rows, known to `fit` alone

    @classmethod
    def fit(
        cls,
        config: NgramHeadsConfig,
        values: Values,
        answers: Mapping[str, NDArray[Any]],
        targets: Sequence[Target],
        weights: Weights = NO_WEIGHTS,
    ) -> Self:
        """Fit on N values with the `answers` of each Target; `NotEnoughData` below two classes.

        `weights` say how much each answer counts.
        """
        vectorizer, grams = fitted(config, values["text"])
        mean, scale = scaling(values["vector"])
        model = cls(config, vectorizer, mean, scale, {})
        rows = model._beside(grams, values["vector"])
        model.heads = fit_heads(
            rows, answers, targets, c=config.c, max_iter=config.max_iter, balanced=config.balanced, weights=weights
        )
        model.loss = mean_loss(model.heads, rows, answers, weights)
        return model

    def logits(self, values: Values) -> dict[str, NDArray[np.float64]]:
        if not count(values):
            return no_logits(self.heads)
        rows = self._beside(self.vectorizer.transform(values["text"]), values["vector"])
        return all_logits(self.heads, rows)

    def _beside(self, grams: Any, vectors: NDArray[np.float32]) -> Any:
        """The columns of both, (N, V + D)."""
        if vectors.shape[1] != len(self.mean):
            raise ValueError(f"vectors of width {vectors.shape[1]} do not fit a model of width {len(self.mean)}")
        standard = (vectors - self.mean) / self.scale / np.sqrt(len(self.mean)) * self.config.share
        return hstack([grams, csr_matrix(standard)], format="csr")

    def save(self, folder: Path) -> None:
        scales: Arrays = {"mean": self.mean, "scale": self.scale}
        write_bytes(folder / WEIGHTS, save(vectorizer_arrays(self.vectorizer) | scales | head_arrays(self.heads)))

    @classmethod
    def load(cls, folder: Path, targets: Sequence[Target], config: Mapping[str, Any]) -> Self:
        settings, arrays = known_settings(NgramHeadsConfig, config), load_file(folder / WEIGHTS)
        vectorizer = restored_vectorizer(settings, arrays)
        mean, scale = arrays["mean"], arrays["scale"]
        check_scaling(mean, scale)
        width = len(vectorizer.vocabulary_) + len(mean)
        return cls(settings, vectorizer, mean, scale, restored_heads(arrays, targets, width))
