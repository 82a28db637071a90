"""The loss of several Targets: cross entropy with class weights and label smoothing together, answers masked.

One class an item: weighted cross entropy. Several classes: binary cross entropy for each class. A Target without an
answer in a batch adds nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from core.errors import NotEnoughData
from core.messages import SchemeName
from core.schemes.target import Target
from core.training.trainer.config import TrainingConfig

MOST_POSITIVE = 10.0  # of the weight of a rare class among several


def class_weights(labels: NDArray[np.int64], classes: int) -> Tensor:
    """Weights (K,): larger for rare classes, 0 for a class without rows; the mean over the rows is 1."""
    counts = np.bincount(labels, minlength=classes).astype(np.float32)
    share = len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    return torch.from_numpy(np.where(counts > 0, share, 0).astype(np.float32))


def positive_weights(table: NDArray[np.float32]) -> Tensor:
    """Weights (K,) of the positive answers of `table` (N, K): negatives for each positive, between 1 and 10."""
    positives = table.sum(axis=0)
    return torch.from_numpy(np.clip((len(table) - positives) / np.maximum(positives, 1), 1, MOST_POSITIVE))


class Loss:
    """The weighted sum of the Targets' losses. Made from the answers of the whole training side."""

    def __init__(self, targets: Sequence[Target], answers: Mapping[str, NDArray[Any]], config: TrainingConfig) -> None:
        self.targets, self.smoothing = tuple(targets), config.label_smoothing
        self.shares = config.shares(targets)
        self.weights: dict[str, Tensor | None] = {}
        for target in targets:
            answered = answers[target.name][target.answered(answers[target.name])]
            check_classes(target, answered)
            made = positive_weights(answered) if target.multi else class_weights(answered, len(target.codes))
            self.weights[target.name] = made.float() if config.class_weights else None

    def __call__(self, outputs: Mapping[str, Tensor], labels: Mapping[str, Tensor], **_: Any) -> Tensor:
        """The loss, a scalar, of logits (n, K) and answers (n,) or (n, K) by Target name."""
        losses = [self.shares[t.name] * self._of(t, outputs[t.name].float(), labels[t.name]) for t in self.targets]
        return torch.stack(losses).sum()

    def _of(self, target: Target, logits: Tensor, answers: Tensor) -> Tensor:
        here = ~answers[:, 0].isnan() if target.multi else answers >= 0
        if not bool(here.any()):
            return logits.sum() * 0  # keeps the gradient defined
        logits, answers = logits[here], answers[here]
        weight = self.weights[target.name]
        weight = None if weight is None else weight.to(logits.device)
        if target.multi:
            smooth = answers * (1 - self.smoothing) + 0.5 * self.smoothing
            return F.binary_cross_entropy_with_logits(logits, smooth, pos_weight=weight)
        return F.cross_entropy(logits, answers, weight=weight, label_smoothing=self.smoothing)


def check_classes(target: Target, answered: NDArray[Any]) -> None:
    """`NotEnoughData` if the answers of the training side have fewer than two classes (several: no positive answer)."""
    n = int((answered.sum(axis=0) > 0).sum()) + 1 if target.multi else len(np.unique(answered))
    if n < 2:
        raise NotEnoughData(
            "target {target}: training needs items of at least 2 classes, found {n}",
            target=SchemeName(target.name),
            n=n if not target.multi else 0,
        )
