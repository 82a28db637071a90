"""How an encoder is fitted: one epoch is a function from state to state, so that any epoch can be run again.

A state is a flat dictionary of arrays (model, optimiser), saved by the engine as safetensors after each epoch. A
trainer keeps nothing between calls and touches no disk.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.models import Arrays, Model

StepReport = Callable[[int, int, float | None], None]  # steps done, steps in all, loss so far; may raise to stop


class Trainer(Protocol):
    """A row of a Recipe's encoder table; made with its configuration, the number of classes and the seed."""

    Config: type[Any]  # a frozen dataclass whose fields `--set` reaches

    def __init__(self, config: Any, classes: int, seed: int) -> None: ...

    @property
    def epochs(self) -> int:
        """At most so many."""
        ...

    @property
    def patience(self) -> int:
        """Stop after so many epochs without a better validation score."""
        ...

    def run_epoch(
        self, epoch: int, state: Arrays | None, values: Any, labels: NDArray[np.int64], report: StepReport
    ) -> tuple[Arrays, float]:
        """State after `epoch` (1, 2, ...) and its mean training loss; equal arguments give equal bits."""
        ...

    def model(self, state: Arrays) -> Model: ...
