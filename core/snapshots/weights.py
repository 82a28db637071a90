"""The weights of silver answers: how much an item counts when a model is trained, as a number above 0.

A weight belongs to the answer under one Target: column `weight` for the first, `weight:NAME` for a further one. Gold
answers and all items on a held-out side count 1. A Target without any other weight has no column, so that a Snapshot
without weights is the same, byte for byte, as before there were weights.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.errors import CheckpointMismatch, InputError
from core.schemes.target import Target
from core.snapshots.answers import answer_columns, answered, weight_column
from core.snapshots.items import WEIGHT, WEIGHT_OF, Items

Weights = Mapping[str, Mapping[str, float]]  # Target name -> key of an item -> weight of its silver answer


def weight_columns(items: Items) -> list[str]:
    """The columns of weights that the items have, in the order of their names."""
    return sorted(name for name in items.table.schema.names if name == WEIGHT or name.startswith(WEIGHT_OF))


def weights_of(items: Items, target: str) -> NDArray[np.float64] | None:
    """The weights (N,) of the answers under a Target; None where each counts 1."""
    name = weight_column(target, items)
    if name not in items.table.schema.names:
        return None
    return np.asarray(items.table[name].to_numpy(), np.float64)


def with_weights(items: Items, targets: Sequence[Target], weights: Weights) -> Items:
    """The items with the weights of silver answers on the training side; all others count 1.

    `InputError` for a weight that is not a finite number above 0.
    """
    for target in targets:
        given = weights.get(target.name, {})
        check_numbers(given.values())
        column = _column(items, target.name, given) if given else []
        if any(weight != 1 for weight in column):
            items = items.replaced(**{weight_column(target.name, items): column})
    return items


def without_weights(items: Items) -> Items:
    """The items where every answer counts 1."""
    names = weight_columns(items)
    return Items(items.table.drop_columns(names)) if names else items


def _column(items: Items, target: str, given: Mapping[str, float]) -> list[float]:
    gold = pc.fill_null(items.table[answer_columns(target, items)[1]], False)
    training = pc.equal(items.table["side"], "train")
    silver = pc.and_(pc.and_(answered(items, target), pc.invert(gold)), training).to_pylist()
    return [given.get(key, 1.0) if yes else 1.0 for key, yes in zip(items.column("key"), silver, strict=True)]


def summary(items: Items, targets: Sequence[Target]) -> dict[str, dict[str, float]]:
    """By Target how many answers have a weight other than 1, the smallest and the largest; empty without any."""
    columns = {target.name: weights_of(items, target.name) for target in targets}
    return {
        name: {"n": int((column != 1).sum()), "least": float(column.min()), "most": float(column.max())}
        for name, column in columns.items()
        if column is not None
    }


def check_numbers(weights: Iterable[float]) -> None:
    """`InputError` for a weight that is not a finite number above 0."""
    for weight in weights:
        if not (isfinite(weight) and weight > 0):
            raise InputError("weight {weight} is not a finite number above 0", weight=weight)


def check_weights(where: str, items: Items) -> None:
    """`CheckpointMismatch` for a weight that cannot be, or one other than 1 on a held-out side."""
    held_out = pc.not_equal(items.table["side"], "train").to_numpy()
    for name in weight_columns(items):
        values = np.asarray(items.table[name].to_numpy(), np.float64)
        if not (np.isfinite(values) & (values > 0)).all():
            raise CheckpointMismatch("snapshot {where}: a weight is not a finite number above 0", where=where)
        if (values[held_out] != 1).any():
            raise CheckpointMismatch("snapshot {where}: an item of validation or test has a weight", where=where)
