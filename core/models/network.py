"""The protocol of torch architectures: what the trainer and the scoring of batches need of a network.

A network is an `nn.Module` and a `Model`. Its `collate` pads the rows of one batch to the longest of them, its
`lengths` let rows of like length share a batch. `batched_logits` scores any number of rows that way.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.models.values import Values, count, take
from core.schemes.target import Target

TOKENS = 4096  # of padded length in one batch when scoring


class Network(Protocol):
    """An `nn.Module` with these methods; `targets` are those it was made for."""

    targets: tuple[Target, ...]

    @classmethod
    def create(cls, targets: Sequence[Target], encoder: str, config: Mapping[str, Any], values: Values) -> Self:
        """A network to train: pretrained weights of `encoder`, new heads. `values` are those of the training side."""
        ...

    def lengths(self, values: Values) -> NDArray[np.int64]:
        """How long each row is, int64 (N,), in any unit."""
        ...

    def collate(self, values: Values) -> dict[str, Tensor]:
        """The arguments of `forward` for the given rows, padded to the longest of them, on the CPU."""
        ...

    def forward(self, **batch: Tensor) -> dict[str, Tensor]:
        """Target name -> logits (n, K)."""
        ...


def batched_logits(network: Any, values: Values, tokens: int = TOKENS) -> dict[str, NDArray[np.float64]]:
    """Target name -> float64 (N, K) of N rows: batches of like length, no gradients, dropout off.

    A batch has at most `tokens` of padded length. The training mode of the network does not change.
    """
    rows = count(values)
    made = {target.name: np.zeros((rows, len(target.codes))) for target in network.targets}
    if not rows:
        return made
    device = next(network.parameters()).device
    lengths = np.asarray(network.lengths(values))
    was_training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            for batch in _batches(lengths, tokens):
                inputs = {name: tensor.to(device) for name, tensor in network.collate(take(values, batch)).items()}
                for name, logits in network(**inputs).items():
                    made[name][batch] = logits.double().cpu().numpy()
    finally:
        network.train(was_training)
    return made


def _batches(lengths: NDArray[np.int64], tokens: int) -> list[NDArray[np.int64]]:
    """Row numbers, longest first, in batches of at most `tokens` of padded length."""
    order = np.argsort(-lengths, kind="stable")
    batches, at = [], 0
    while at < len(order):
        n = max(1, tokens // max(1, int(lengths[order[at]])))
        batches.append(order[at : at + n])
        at += n
    return batches
