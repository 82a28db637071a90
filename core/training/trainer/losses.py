"""The loss of several Targets: cross entropy with class weights and label smoothing together, answers masked.

One class an item: weighted cross entropy. Several classes: binary cross entropy for each class. A Target without an
answer in a batch adds nothing. Where answers have weights, the gradient of an item is that of an item of weight 1 times
its weight, whatever else is in its batch.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
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

Counted = NDArray[np.float64] | None  # how much each row counts; None: 1
MOST_POSITIVE = 10.0  # of the weight of a rare class among several


def weight_key(target: str) -> str:
    """The name under which the weights of a Target's answers stand among the labels of a batch."""
    return f"weight:{target}"


def class_weights(labels: NDArray[np.int64], classes: int, weights: Counted = None) -> Tensor:
    """Weights (K,): larger for rare classes, 0 for a class without rows; the mean over the rows is 1.

    A row counts as much as `weights` (N,) say.
    """
    counts: NDArray[Any]
    if weights is None:
        counts = np.bincount(labels, minlength=classes).astype(np.float32)
        share = len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    else:
        counts = np.bincount(labels, weights, minlength=classes)
        share = weights.sum() / (np.count_nonzero(counts) * np.where(counts > 0, counts, 1))
    return torch.from_numpy(np.where(counts > 0, share, 0).astype(np.float32))


def positive_weights(table: NDArray[np.float32], weights: Counted = None) -> Tensor:
    """Weights (K,) of the positive answers of `table` (N, K): negatives for each positive, between 1 and 10.

    A row counts as much as `weights` (N,) say.
    """
    if weights is None:
        positives, rows, least = table.sum(axis=0), float(len(table)), 1.0
    else:
        positives, rows, least = weights @ table, float(weights.sum()), float(weights.min())
    return torch.from_numpy(np.clip((rows - positives) / np.maximum(positives, least), 1, MOST_POSITIVE))


class Loss:
    """The weighted sum of the Targets' losses. Made from the answers, and their weights, of the whole training side."""

    def __init__(
        self,
        targets: Sequence[Target],
        answers: Mapping[str, NDArray[Any]],
        config: TrainingConfig,
        weights: Mapping[str, NDArray[np.float64]] = MappingProxyType({}),
    ) -> None:
        self.targets, self.smoothing = tuple(targets), config.label_smoothing
        self.shares = config.shares(targets)
        self.weights: dict[str, Tensor | None] = {}
        for target in targets:
            rows = target.answered(answers[target.name])
            answered = answers[target.name][rows]
            check_classes(target, answered)
            counted = weights[target.name][rows] if target.name in weights else None
            made = (
                positive_weights(answered, counted)
                if target.multi
                else class_weights(answered, len(target.codes), counted)
            )
            self.weights[target.name] = made.float() if config.class_weights else None

    def __call__(self, outputs: Mapping[str, Tensor], labels: Mapping[str, Tensor], **_: Any) -> Tensor:
        """The loss, a scalar, of logits (n, K) and answers (n,) or (n, K) by Target name."""
        losses = [
            self.shares[t.name] * self._of(t, outputs[t.name].float(), labels[t.name], labels.get(weight_key(t.name)))
            for t in self.targets
        ]
        return torch.stack(losses).sum()

    def _of(self, target: Target, logits: Tensor, answers: Tensor, counted: Tensor | None) -> Tensor:
        here = ~answers[:, 0].isnan() if target.multi else answers >= 0
        if not bool(here.any()):
            return logits.sum() * 0  # keeps the gradient defined
        logits, answers = logits[here], answers[here]
        weight = self.weights[target.name]
        weight = None if weight is None else weight.to(logits.device)
        if counted is not None:
            counted = counted[here].to(logits.device)
        if target.multi:
            smooth = answers * (1 - self.smoothing) + 0.5 * self.smoothing
            each = None if counted is None else counted[:, None]
            return F.binary_cross_entropy_with_logits(logits, smooth, weight=each, pos_weight=weight)
        if counted is None:
            return F.cross_entropy(logits, answers, weight=weight, label_smoothing=self.smoothing)
        losses = F.cross_entropy(logits, answers, weight=weight, label_smoothing=self.smoothing, reduction="none")
        return (losses * counted).sum() / (len(losses) if weight is None else weight[answers].sum())


def check_classes(target: Target, answered: NDArray[Any]) -> None:
    """`NotEnoughData` if the answers of the training side have fewer than two classes (several: no positive answer)."""
    n = int((answered.sum(axis=0) > 0).sum()) + 1 if target.multi else len(np.unique(answered))
    if n < 2:
        raise NotEnoughData(
            "target {target}: training needs items of at least 2 classes, found {n}",
            target=SchemeName(target.name),
            n=n if not target.multi else 0,
        )
