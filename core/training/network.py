"""The trainer of the voice network: AdamW, class weights, label smoothing, clipped gradients, warm-up, cosine decay.

Deterministic: (seed, epoch) sets the order of the rows and the dropout, the state holds weights and optimiser, and one
thread computes the sums. So an epoch that is run twice gives the same bits. One thread is also the fastest for a
network of this size.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import InputError
from core.models import Arrays
from core.models.conv_bilstm import ConvBilstm, ConvBilstmConfig
from core.training.trainers import StepReport

_MOMENTS = ("exp_avg", "exp_avg_sq", "step")


@dataclass(frozen=True)
class VoiceConfig(ConvBilstmConfig):
    """The settings of the network and of its training."""

    epochs: int = 30
    patience: int = 8
    batch_size: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    label_smoothing: float = 0.05
    clip: float = 1.0
    balanced: bool = True

    def __post_init__(self) -> None:
        ConvBilstmConfig.__post_init__(self)
        if min(self.epochs, self.patience, self.batch_size) < 1:
            raise InputError("epochs, patience and batch_size must be at least 1")
        if min(self.learning_rate, self.clip) <= 0 or self.weight_decay < 0 or not 0 <= self.label_smoothing < 1:
            raise InputError("learning_rate and clip must be above 0, weight_decay at least 0, label_smoothing below 1")


class NetworkTrainer:
    """A `Trainer`; see there for the methods."""

    Config = VoiceConfig

    def __init__(self, config: VoiceConfig, classes: int, seed: int) -> None:
        self.config, self.classes, self.seed = config, classes, seed

    @property
    def epochs(self) -> int:
        return self.config.epochs

    @property
    def patience(self) -> int:
        return self.config.patience

    def run_epoch(
        self,
        epoch: int,
        state: Arrays | None,
        values: NDArray[np.float32],
        labels: NDArray[np.int64],
        report: StepReport,
    ) -> tuple[Arrays, float]:
        """`values` float32 (N, 100, 13); see `Trainer.run_epoch`."""
        with _reproducible(_seed_of(self.seed, epoch)):
            net, optimizer = self._start(state, values)
            weight = class_weights(labels, self.classes) if self.config.balanced else None
            criterion = nn.CrossEntropyLoss(weight=weight, label_smoothing=self.config.label_smoothing)
            order = torch.randperm(len(labels))
            batches = order.split(self.config.batch_size)
            losses: list[float] = []
            for at, rows in enumerate(batches):
                report(at, len(batches), float(np.mean(losses)) if losses else None)
                self._set_rate(optimizer, epoch - 1 + at / len(batches))
                losses.append(self._step(net, optimizer, criterion, values[rows.numpy()], labels[rows.numpy()]))
            report(len(batches), len(batches), float(np.mean(losses)))
            return {**_net_state(net), **_optimizer_state(net, optimizer)}, float(np.mean(losses))

    def model(self, state: Arrays) -> ConvBilstm:
        arrays = {name.removeprefix("net."): value for name, value in state.items() if name.startswith("net.")}
        return ConvBilstm.restore(asdict(self.config), arrays, self.classes)

    def _start(self, state: Arrays | None, values: NDArray[np.float32]) -> tuple[ConvBilstm, torch.optim.AdamW]:
        if state is None:
            net = ConvBilstm(self.config, self.classes)
            net.set_scale(values)
        else:
            net = self.model(state)
        net.train()
        optimizer = torch.optim.AdamW(
            net.parameters(), lr=self.config.learning_rate, weight_decay=self.config.weight_decay
        )
        if state is not None:
            for name, parameter in net.named_parameters():
                moments = {m: torch.from_numpy(state[f"adam.{m}.{name}"].copy()) for m in _MOMENTS}
                optimizer.state[parameter] = moments
        return net, optimizer

    def _set_rate(self, optimizer: torch.optim.AdamW, passed: float) -> None:
        """Set the learning rate after `passed` epochs: one epoch of warm-up, then a cosine decay to a twentieth."""
        cosine = 0.5 * (1 + math.cos(math.pi * min(passed / self.config.epochs, 1.0)))
        for group in optimizer.param_groups:
            group["lr"] = self.config.learning_rate * min(1.0, passed + 0.1) * (0.05 + 0.95 * cosine)

    def _step(
        self,
        net: ConvBilstm,
        optimizer: torch.optim.AdamW,
        criterion: nn.CrossEntropyLoss,
        values: NDArray[np.float32],
        labels: NDArray[np.int64],
    ) -> float:
        optimizer.zero_grad()
        loss: Tensor = criterion(net(torch.from_numpy(values)), torch.from_numpy(labels))
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), self.config.clip)
        optimizer.step()
        return float(loss.detach())


def class_weights(labels: NDArray[np.int64], classes: int) -> Tensor:
    """Weights (K,): larger for rare classes, 0 for a class without rows; the mean over the rows is 1."""
    counts = np.bincount(labels, minlength=classes).astype(np.float32)
    share = len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    return torch.from_numpy(np.where(counts > 0, share, 0).astype(np.float32))


def _seed_of(seed: int, epoch: int) -> int:
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0])


@contextmanager
def _reproducible(seed: int) -> Iterator[None]:
    """Seed torch with `seed` and use one thread; the earlier random state and thread number come back at the end."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def _net_state(net: ConvBilstm) -> Arrays:
    return {f"net.{name}": value for name, value in net.arrays().items()}


def _optimizer_state(net: ConvBilstm, optimizer: torch.optim.AdamW) -> Arrays:
    return {
        f"adam.{moment}.{name}": optimizer.state[parameter][moment].numpy().copy()
        for name, parameter in net.named_parameters()
        for moment in _MOMENTS
    }
