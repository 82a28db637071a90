"""The voice network of the seed systems: two convolutions over MFCC, a bidirectional LSTM over time, one linear layer.

Input `mfcc float32 (N, 100, 13)`: frames in time order, 13 coefficients, made by `core.audio.features`. Shapes inside:
(N, 13, 100) -conv, pool-> (N, 64, 50) -conv, pool-> (N, 128, 25) -BiLSTM-> (N, 25, 128) -mean over time-> (N, 128)
-linear-> (N, K). Mean and deviation of the training coefficients are buffers, so they are saved with the weights.
Training is in `core.training.network`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import InputError
from core.models import Arrays

COEFFICIENTS = 13
BATCH = 256  # rows at a time when judging


@dataclass(frozen=True)
class ConvBilstmConfig:
    """Channels of the two convolutions, units of the LSTM in one direction, dropout before the last layer."""

    channels: int = 64
    hidden: int = 64
    kernel: int = 5
    dropout: float = 0.3

    def __post_init__(self) -> None:
        if not (1 <= self.channels <= 512 and 1 <= self.hidden <= 512):
            raise InputError("channels and hidden must be between 1 and 512")
        if self.kernel % 2 == 0 or not 1 <= self.kernel <= 15:
            raise InputError("kernel {kernel} must be odd and at most 15", kernel=self.kernel)
        if not 0 <= self.dropout < 1:
            raise InputError("dropout {dropout} must be in [0, 1)", dropout=self.dropout)


class ConvBilstm(nn.Module):
    """The network; about 145,000 parameters with the default configuration."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, config: ConvBilstmConfig, classes: int) -> None:
        super().__init__()
        wide, pad = config.channels * 2, config.kernel // 2
        self.register_buffer("mean", torch.zeros(COEFFICIENTS))
        self.register_buffer("deviation", torch.ones(COEFFICIENTS))
        self.first = nn.Conv1d(COEFFICIENTS, config.channels, config.kernel, padding=pad)
        self.second = nn.Conv1d(config.channels, wide, config.kernel, padding=pad)
        self.lstm = nn.LSTM(wide, config.hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(config.dropout)
        self.out = nn.Linear(2 * config.hidden, classes)

    def set_scale(self, mfcc: NDArray[np.float32]) -> None:
        """Set mean and deviation of each coefficient from training inputs `mfcc float32 (N, T, 13)`."""
        self.mean.copy_(torch.from_numpy(mfcc.mean(axis=(0, 1))))
        self.deviation.copy_(torch.from_numpy(np.maximum(mfcc.std(axis=(0, 1)), 1e-3)))

    def forward(self, mfcc: Tensor) -> Tensor:
        """Logits (N, K) of `mfcc` (N, 100, 13)."""
        steps = ((mfcc - self.mean) / self.deviation).transpose(1, 2)
        steps = nn.functional.max_pool1d(torch.relu(self.first(steps)), 2)
        steps = nn.functional.max_pool1d(torch.relu(self.second(steps)), 2)
        hidden, _ = self.lstm(steps.transpose(1, 2))
        logits: Tensor = self.out(self.dropout(hidden.mean(dim=1)))
        return logits

    def log_probs(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Log probabilities (N, K) of `values` (N, 100, 13). Dropout is off; the training mode does not change."""
        was_training = self.training
        self.eval()
        with torch.inference_mode():
            parts = [
                torch.log_softmax(self(torch.from_numpy(values[at : at + BATCH])).double(), dim=1).numpy()
                for at in range(0, len(values), BATCH)
            ]
        self.train(was_training)
        return np.concatenate(parts) if parts else np.zeros((0, self.out.out_features))

    def arrays(self) -> Arrays:
        return {name: value.detach().numpy().copy() for name, value in self.state_dict().items()}

    @classmethod
    def restore(cls, config: Mapping[str, Any], arrays: Arrays, classes: int) -> Self:
        known = {f.name for f in fields(ConvBilstmConfig)}
        with torch.device("meta"):  # do not draw random weights that are replaced at once
            model = cls(ConvBilstmConfig(**{name: value for name, value in config.items() if name in known}), classes)
        tensors = {name: torch.from_numpy(value.copy()) for name, value in arrays.items()}
        try:
            model.load_state_dict(tensors, assign=True)
        except RuntimeError as error:  # torch raises it for missing, extra or misshapen tensors
            raise ValueError(str(error)) from error
        return model.eval()
