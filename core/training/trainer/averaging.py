"""Averaged weights: the exponential mean of the weights over the last updates, judged and saved in their place.

The mean scatters less than the weights of one update, and it is often right more often. torch does the averaging.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from transformers import TrainerCallback

FILE = "average.safetensors"  # in a checkpoint
Tensors = tuple[Tensor, ...] | list[Tensor]


class Average(TrainerCallback):
    """Keeps the mean of the network's weights over about the share `share` of all updates.

    `resumed` is the checkpoint that training continues from.
    """

    def __init__(self, share: float, resumed: Path | None = None) -> None:
        self.share, self.resumed = share, resumed
        self.model: AveragedModel | None = None

    @property
    def network(self) -> nn.Module:
        """The network with the averaged weights."""
        assert self.model is not None, "training has not begun"
        return self.model.module

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        mix = mean_over(self.share * state.max_steps)
        self.model = AveragedModel(more["model"].network, multi_avg_fn=mix, use_buffers=True)
        if self.resumed is not None:
            self.model.load_state_dict(load_file(self.resumed / FILE))

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        assert self.model is not None
        self.model.update_parameters(more["model"].network)

    def save(self, folder: Path) -> None:
        """Write the mean into a checkpoint."""
        assert self.model is not None
        tensors = self.model.state_dict()
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / FILE)


def mean_over(updates: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """What mixes new weights into the mean of about the last `updates`; numbers that are no fractions are copied.

    The mean begins with the weights of the first update. So that these do not weigh too much, it reaches over less at
    first: after n updates over about a ninth of them.
    """
    last = 1 - 1 / max(1.0, updates)

    def mix(averaged: Tensors, now: Tensors, n: Tensor | int) -> None:
        if torch.is_floating_point(averaged[0]):
            get_ema_multi_avg_fn(min(last, (1 + int(n)) / (10 + int(n))))(averaged, now, n)
        else:
            torch._foreach_copy_(averaged, now)

    return mix
