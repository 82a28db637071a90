"""Linear heads on vectors of a frozen encoder: standardised columns, logistic regression for each Target.

The encoder is not part of the model: the card names it, and `prepare` gives the same vectors in training and in
serving. Vectors float32 (N, D) in, logits (N, K) out; mean and deviation of the training vectors are kept with the
heads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save

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
    of_format_1,
    restored_heads,
    scaling,
)
from core.models.values import known_settings
from core.schemes.target import Target

WEIGHTS = "weights.safetensors"


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
    """`mean` and `scale` (D,) of the training vectors, and a head for each Target."""

    def __init__(self, mean: NDArray[Any], scale: NDArray[Any], heads: Mapping[str, LinearHead]) -> None:
        self.mean, self.scale, self.heads = mean, scale, heads
        self.loss = float("nan")  # of the training rows, known to `fit` alone

    @classmethod
    def fit(
        cls,
        config: HeadsConfig,
        values: NDArray[np.float32],
        answers: Mapping[str, NDArray[Any]],
        targets: Sequence[Target],
        weights: Weights = NO_WEIGHTS,
    ) -> Self:
        """Fit on N vectors with the `answers` of each Target; `NotEnoughData` below two classes.

        `weights` say how much each answer counts.
        """
        mean, scale = scaling(values)
        rows = (values - mean) / scale
        heads = fit_heads(
            rows, answers, targets, c=config.c, max_iter=config.max_iter, balanced=config.balanced, weights=weights
        )
        model = cls(mean, scale, heads)
        model.loss = mean_loss(heads, rows, answers, weights)
        return model

    def logits(self, values: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
        if not len(values):
            return no_logits(self.heads)
        return all_logits(self.heads, (values - self.mean) / self.scale)

    def distance(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """How far each vector lies from those of the training, (N,): about 1 for a usual one."""
        standard = (np.asarray(values, np.float64) - self.mean) / self.scale
        return np.asarray(np.sqrt(np.mean(standard**2, axis=1)))

    def save(self, folder: Path) -> None:
        arrays = {"mean": self.mean, "scale": self.scale} | head_arrays(self.heads)
        write_bytes(folder / WEIGHTS, save(arrays))

    @classmethod
    def load(cls, folder: Path, targets: Sequence[Target], config: Mapping[str, Any]) -> Self:
        return cls._of(config, load_file(folder / WEIGHTS), targets)

    @classmethod
    def restore(cls, config: Mapping[str, Any], arrays: Arrays, target: Target) -> Self:
        """The model of a run of card format 1, whose arrays are named `coef` and `intercept`."""
        return cls._of(config, of_format_1(arrays, target), [target])

    @classmethod
    def _of(cls, config: Mapping[str, Any], arrays: Arrays, targets: Sequence[Target]) -> Self:
        known_settings(HeadsConfig, config)  # refuses a card whose settings cannot be
        mean, scale = arrays["mean"], arrays["scale"]
        check_scaling(mean, scale)
        return cls(mean, scale, restored_heads(arrays, targets, len(mean)))
