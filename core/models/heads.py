"""Linear heads on the vectors of a frozen encoder: standardised, then multinomial logistic regression.

Vectors float32 (N, D) in, `log_probs (N, K)` out. The encoder is not part of the model: the card names it, and the same
weights have to be there when the model serves. Fitting takes seconds; equal vectors give equal heads.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from core.errors import InputError
from core.models import Arrays
from core.models.logistic import fit_rows, present_classes


@dataclass(frozen=True, slots=True)
class HeadsConfig:
    """`c` is the inverse strength of the regularisation; `balanced` lets rare classes weigh as much as common ones."""

    c: float = 0.05
    balanced: bool = True
    max_iter: int = 2000

    def __post_init__(self) -> None:
        if self.c <= 0 or self.max_iter < 1:
            raise InputError("c must be above 0, max_iter at least 1")


class HeadsModel:
    """`mean` and `scale` (D,) of the training vectors, `coef` (K, D) and `intercept` (K,)."""

    def __init__(self, mean: NDArray[Any], scale: NDArray[Any], coef: NDArray[Any], intercept: NDArray[Any]) -> None:
        self.mean, self.scale, self.coef, self.intercept = mean, scale, coef, intercept

    @classmethod
    def fit(cls, config: HeadsConfig, values: NDArray[np.float32], labels: NDArray[np.int64], classes: int) -> Self:
        """Fit on N vectors with class ids `labels (N,)`; `NotEnoughData` below two classes.

        A class without a vector keeps a column: its probability is below that of one example, never undefined.
        """
        present_classes(labels)
        mean = values.mean(axis=0, dtype=np.float64)
        scale = np.maximum(values.std(axis=0, dtype=np.float64), 1e-6)
        coef, intercept = fit_rows(
            (values - mean) / scale, labels, classes, c=config.c, max_iter=config.max_iter, balanced=config.balanced
        )
        return cls(mean, scale, coef, intercept)

    def log_probs(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        if not len(values):
            return np.zeros((0, len(self.intercept)))
        scores = ((values - self.mean) / self.scale) @ self.coef.T + self.intercept
        return np.asarray(log_softmax(scores, axis=1), dtype=np.float64)

    def arrays(self) -> Arrays:
        return {"mean": self.mean, "scale": self.scale, "coef": self.coef, "intercept": self.intercept}

    @classmethod
    def restore(cls, config: Mapping[str, Any], arrays: Arrays, classes: int) -> Self:
        known = {f.name for f in fields(HeadsConfig)}
        HeadsConfig(**{name: value for name, value in config.items() if name in known})
        mean, scale, coef, intercept = (arrays[name] for name in ("mean", "scale", "coef", "intercept"))
        dims = coef.shape[1]
        if (mean.shape, scale.shape, coef.shape, intercept.shape) != ((dims,), (dims,), (classes, dims), (classes,)):
            raise ValueError(f"arrays of {coef.shape} do not fit {classes} classes of {dims}-wide vectors")
        return cls(mean, scale, coef, intercept)
