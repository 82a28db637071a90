"""Fits linear heads on frozen vectors: one epoch, one step, no state to start from."""

from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from core.models import Arrays
from core.models.heads import HeadsConfig, HeadsModel
from core.training.trainers import StepReport


class HeadsTrainer:
    """The trainer of every frozen encoder; which vectors it gets is the encoder's row in `core.models.FEATURES`."""

    Config = HeadsConfig
    epochs = 1
    patience = 1

    def __init__(self, config: HeadsConfig, classes: int, seed: int) -> None:
        """`seed` is not used: the solver draws nothing."""
        self.config, self.classes = config, classes

    def run_epoch(
        self,
        epoch: int,
        state: Arrays | None,
        values: NDArray[np.float32],
        labels: NDArray[np.int64],
        report: StepReport,
    ) -> tuple[Arrays, float]:
        """`values` (N, D); see `Trainer.run_epoch`."""
        report(0, 1, None)
        model = HeadsModel.fit(self.config, values, labels, self.classes)
        loss = -float(model.log_probs(values)[np.arange(len(labels)), labels].mean())
        report(1, 1, loss)
        return model.arrays(), loss

    def model(self, state: Arrays) -> HeadsModel:
        return HeadsModel.restore(asdict(self.config), state, self.classes)
