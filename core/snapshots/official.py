"""Published splits: each item keeps the side that the publisher of its data gave it.

Data is often published without a validation or a test side. Without validation a part of the training side becomes it,
whole groups by the hash; without test the published validation side is the test. Published sides may repeat each other:
such items are counted, and kept for a score "as published" or left out for a clean one. The test side never loses any.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.errors import NotEnoughData
from core.messages import Word
from core.records import Side
from core.snapshots.format import Item, Official
from core.split import DEFAULT_FRACTIONS, FEW_GROUPS, SIDES, Fractions, assign_balanced, assign_sides


def take_official(items: Sequence[Item], fractions: Fractions, seed: int) -> list[Item]:
    """The items with the sides to use: published ones, completed by a validation and a test side if there is none."""
    here = {item.side for item in items}
    if "test" not in here and "validation" in here:
        items = [replace(item, side="test") if item.side == "validation" else item for item in items]
        here = {item.side for item in items}
    if "validation" in here or "test" not in here:
        return list(items)
    train, share, _ = fractions if fractions[1] > 0 else DEFAULT_FRACTIONS
    parts: Fractions = (train / (train + share), share / (train + share), 0.0)
    training = [item for item in items if item.side == "train"]
    groups = [item.group for item in training]
    if len(set(groups)) < FEW_GROUPS:
        sides = assign_balanced(groups, [item.code for item in training], parts, seed)
    else:
        sides = assign_sides(groups, parts, seed)
    parted = [replace(item, side=side) for item, side in zip(training, sides, strict=True)]
    return [item for item in items if item.side != "train"] + parted


def sift_official(items: Sequence[Item]) -> list[Item]:
    """The items without those that share a group with a later side: training with held-out, validation with test."""
    tested = {item.group for item in items if item.side == "test"}
    held_out = tested | {item.group for item in items if item.side == "validation"}
    broken: dict[Side, set[str]] = {"train": held_out, "validation": tested, "test": set()}
    return [item for item in items if item.group not in broken[item.side]]


def described(
    official: Official, published: Sequence[Item], placed: Sequence[Item], broken: Mapping[Side, int]
) -> dict[str, Any]:
    """The mark of a published split for report and metrics.

    did: keep or clean. train, validation: items that share a group with a later side. validation_from, test_from: the
    published side from which that side was taken, None if nothing was taken.
    """
    before = {item.side for item in published}
    return {
        "did": official,
        "train": broken.get("train", 0),
        "validation": broken.get("validation", 0),
        "test": sum(item.side == "test" for item in placed),
        "validation_from": "train" if before != set(SIDES) else None,
        "test_from": "validation" if "test" not in before else None,
    }


def check_official_sides(name: str, items: Sequence[Item]) -> None:
    """`NotEnoughData` if a side is empty."""
    order: tuple[Side, ...] = ("train", "test", "validation")  # validation may come from the other two
    for side in order:
        if not any(item.side == side for item in items):
            raise NotEnoughData(
                "snapshot {name}: the published split leaves the {side} side empty; import the column of the split "
                "(--split-column) for more items, or leave --official out",
                name=name,
                side=Word(side),
            )
