"""The protocol of trainers: one epoch is a function from state to state, so any epoch can be run again.

A state is a flat dictionary of arrays (model, optimiser); the engine saves it as safetensors after each epoch. A
trainer keeps nothing between calls and does not read or write files.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.models import Arrays, Model

StepReport = Callable[[int, int, float | None], None]  # steps done, steps in all, loss so far; may raise to stop


class Trainer(Protocol):
    """Fits one encoder. Made with its configuration, the number of classes and the seed."""

    Config: type[Any]  # a frozen dataclass whose fields `--set` reaches

    def __init__(self, config: Any, classes: int, seed: int) -> None: ...

    @property
    def epochs(self) -> int:
        """The largest number of epochs."""
        ...

    @property
    def patience(self) -> int:
        """Training stops after this many epochs without a better validation score."""
        ...

    def run_epoch(
        self, epoch: int, state: Arrays | None, values: Any, labels: NDArray[np.int64], report: StepReport
    ) -> tuple[Arrays, float]:
        """Train `epoch` (1, 2, ...) on N `values` with class ids `labels (N,)`; returns new state and mean loss.

        `state` is that of the epoch before, None for the first. Equal arguments give equal bits.
        """
        ...

    def model(self, state: Arrays) -> Model:
        """The model with the weights of `state`."""
        ...
