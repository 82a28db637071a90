"""The trainer of the n-gram model: one epoch of one step; it does not use an earlier state."""

from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from core.models import Arrays
from core.models.ngram import NgramConfig, NgramModel
from core.training.trainers import StepReport


class LinearTrainer:
    """A `Trainer`; see there for the methods."""

    Config = NgramConfig
    epochs = 1
    patience = 1

    def __init__(self, config: NgramConfig, classes: int, seed: int) -> None:
        """`seed` is not used: the solver is deterministic."""
        self.config, self.classes = config, classes

    def run_epoch(
        self, epoch: int, state: Arrays | None, values: list[str], labels: NDArray[np.int64], report: StepReport
    ) -> tuple[Arrays, float]:
        report(0, 1, None)
        model = NgramModel.fit(self.config, values, labels, self.classes)
        report(1, 1, model.loss)
        return model.arrays(), model.loss

    def model(self, state: Arrays) -> NgramModel:
        return NgramModel.restore(asdict(self.config), state, self.classes)
