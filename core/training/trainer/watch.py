"""What the Trainer tells while it works: progress of each step, the end of each epoch, the order to stop.

The loss is looked at on the way: a training whose loss is no number ends at once, with the checkpoints before it kept.
"""

import math
import time
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import TrainerCallback

from core.errors import JobFailed
from core.models.values import Values, count
from core.training.fits import Fitting
from core.training.trainer.averaging import Average
from core.training.trainer.losses import Loss

LOOK_EVERY = 10  # steps between two looks at the loss on a GPU, where each look waits for it


class WatchedLoss:
    """The loss function of the Trainer; it keeps the losses of the epoch. `JobFailed` once one is not finite."""

    def __init__(self, loss: Loss) -> None:
        self.loss, self.total, self.batches = loss, torch.zeros(()), 0

    def clear(self) -> None:
        """Begin a new epoch."""
        self.total, self.batches = torch.zeros(()), 0

    def __call__(self, outputs: Any, labels: Any, **more: Any) -> Tensor:
        loss: Tensor = self.loss(outputs, labels, **more)
        self.total = self.total.to(loss.device) + loss.detach().double()
        self.batches += 1
        if self.cheap or self.batches % LOOK_EVERY == 0:
            self.mean()
        return loss

    @property
    def cheap(self) -> bool:
        """Whether a look at the loss waits for no GPU."""
        return self.total.device.type == "cpu"

    def mean(self) -> float | None:
        """The mean loss of the epoch so far."""
        if not self.batches:
            return None
        mean = float(self.total) / self.batches
        if not math.isfinite(mean):
            raise JobFailed(
                "the loss is no longer a finite number: training diverged; lower learning_rate, or raise warm_up. "
                "The checkpoints of earlier epochs are kept"
            )
        return mean


class Watch(TrainerCallback):
    """Reports to the engine; `stop_after` is the epoch after which the engine wanted no more.

    With an `average` the engine judges and saves the averaged weights.
    """

    def __init__(self, job: Fitting, values: Values, loss: WatchedLoss, average: Average | None = None) -> None:
        self.job, self.rows, self.loss, self.average = job, count(values), loss, average
        self.began = time.perf_counter()
        self.stop_after: int | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        self._report(state)

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        self.began = time.perf_counter()
        self.loss.clear()

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        self._report(state)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **more: Any) -> Any:
        epoch, network = round(state.epoch), more["model"].network
        loss, rate = self.loss.mean(), self.rows / max(1e-9, time.perf_counter() - self.began)
        _check_finite(network)
        learning_rate = float(more["lr_scheduler"].get_last_lr()[0])
        judged = network if self.average is None else self.average.network
        if self.job.epoch_end(epoch, judged, loss, rate=rate, learning_rate=learning_rate):
            self.stop_after = epoch
            control.should_training_stop = True
        return control

    def _report(self, state: Any) -> None:
        steps_an_epoch = max(1, state.max_steps // max(1, state.num_train_epochs))
        epoch = min(state.num_train_epochs, 1 + max(0, state.global_step - 1) // steps_an_epoch)
        looked = self.loss.cheap or state.global_step % LOOK_EVERY == 0
        self.job.report(state.global_step, state.max_steps, epoch, self.loss.mean() if looked else None)


def _check_finite(network: torch.nn.Module) -> None:
    """`JobFailed` if a weight is no finite number: such an epoch must not become a checkpoint."""
    sums = [parameter.detach().float().sum() for parameter in network.parameters()]
    if not np.isfinite(float(torch.stack(sums).sum())):
        raise JobFailed(
            "the weights are no longer finite numbers: training diverged; lower learning_rate, or raise warm_up. The "
            "checkpoints of earlier epochs are kept"
        )
