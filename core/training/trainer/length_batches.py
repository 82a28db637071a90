"""The order of the training rows: rows of like length share a batch, so that little is padded.

Each epoch the rows are shuffled, cut into stretches of many batches, sorted by length inside a stretch, and the batches
of all stretches are shuffled again. Where rows have one class, they are sorted by their place among the lengths of
their class: each batch then holds the classes in proportion, also where texts of one class are longer than others. The
order depends on seed and epoch only.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from core.models.values import Values, count, take
from core.training.trainer.losses import weight_key

STRETCH = 50  # batches that are sorted together


class RowNumbers(Dataset[int]):
    """The numbers 0 ... n-1; the collator takes the rows."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, row: int) -> int:
        return row


class LengthSampler(Sampler[int]):
    """Yields row numbers so that each `batch` of them in a row has like `lengths` (N,), and all `classes` (N,)."""

    def __init__(
        self, lengths: NDArray[np.int64], batch: int, seed: int, classes: NDArray[np.int64] | None = None
    ) -> None:
        self.lengths, self.batch, self.seed, self.epoch = lengths, batch, seed, 0
        self.classes = np.zeros(len(lengths), np.int64) if classes is None else classes

    def set_epoch(self, epoch: int) -> None:
        """Called by the Trainer before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng([self.seed, self.epoch])
        order = rng.permutation(len(self.lengths))
        stretch = STRETCH * self.batch
        batches: list[NDArray[np.int64]] = []
        for at in range(0, len(order), stretch):
            part = order[at : at + stretch]
            part = part[_longest_first(self.lengths[part], self.classes[part])]
            batches += [part[i : i + self.batch] for i in range(0, len(part), self.batch)]
        full, rest = [b for b in batches if len(b) == self.batch], [b for b in batches if len(b) < self.batch]
        shuffled = [full[i] for i in rng.permutation(len(full))]
        for batch in (*shuffled, *rest):  # a short batch comes last, or it would shift the others
            yield from batch.tolist()


def _longest_first(lengths: NDArray[np.int64], classes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places of `lengths` (N,), longest of its class first; as they are if all are of one length.

    >>> _longest_first(np.array([5, 9, 2, 4]), np.array([0, 0, 1, 1])).tolist()
    [1, 3, 0, 2]
    """
    if (lengths == lengths[0]).all():
        return np.arange(len(lengths))
    rank = np.zeros(len(lengths))
    for code in np.unique(classes):
        of_class = np.flatnonzero(classes == code)
        ordered = of_class[np.argsort(-lengths[of_class], kind="stable")]
        rank[ordered] = (np.arange(len(ordered)) + 0.5) / len(ordered)
    return np.argsort(rank, kind="stable")


class Collator:
    """Makes one batch of row numbers: the network's own arguments, and `labels` by Target name.

    The `labels` of a Target with weights have them beside its answers, under the name that `weight_key` gives.
    """

    def __init__(
        self,
        network: Any,
        values: Values,
        answers: Mapping[str, NDArray[Any]],
        weights: Mapping[str, NDArray[np.float64]] = MappingProxyType({}),
    ) -> None:
        self.network, self.values = network, values
        columns = {**answers} | {weight_key(name): column.astype(np.float32) for name, column in weights.items()}
        self.answers = {name: torch.from_numpy(np.ascontiguousarray(column)) for name, column in columns.items()}
        assert all(len(column) == count(values) for column in self.answers.values())

    def __call__(self, rows: list[int]) -> dict[str, Any]:
        batch: dict[str, Any] = self.network.collate(take(self.values, rows))
        labels: dict[str, Tensor] = {name: column[rows] for name, column in self.answers.items()}
        return {**batch, "labels": labels}
