"""Published splits: each item keeps the side that the publisher of its data gave it.

Data is often published without a validation or a test side. Without validation a part of the training side becomes it,
whole groups by the hash; without test the published validation side is the test. Published sides may repeat each other:
such items are counted, and kept for a score "as published" or left out for a clean one. The test side never loses any.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import NotEnoughData
from core.messages import Word
from core.records import Side
from core.schemes.target import Target
from core.snapshots.answers import classes_of
from core.snapshots.format import Official
from core.snapshots.items import Items
from core.split import DEFAULT_FRACTIONS, FEW_GROUPS, SIDES, Fractions, assign_balanced, assign_sides


def take_official(items: Items, targets: Sequence[Target], fractions: Fractions, seed: int) -> Items:
    """The items with the sides to use: published ones, completed by a validation and a test side if there is none."""
    sides = items.column("side")
    if "test" not in sides and "validation" in sides:
        sides = ["test" if side == "validation" else side for side in sides]
    if "validation" in sides or "test" not in sides:
        return items.replaced(side=sides)
    train, share, _ = fractions if fractions[1] > 0 else DEFAULT_FRACTIONS
    parts: Fractions = (train / (train + share), share / (train + share), 0.0)
    training = [place for place, side in enumerate(sides) if side == "train"]
    part = items.take(training)
    groups = part.column("group")
    if len(set(groups)) < FEW_GROUPS:
        parted = assign_balanced(groups, classes_of(part, targets), parts, seed)
    else:
        parted = assign_sides(groups, parts, seed)
    for place, side in zip(training, parted, strict=True):
        sides[place] = side
    return items.replaced(side=sides)


def sift_official(items: Items) -> Items:
    """The items without those that share a group with a later side: training with held-out, validation with test."""
    pairs = list(zip(items.column("group"), items.column("side"), strict=True))
    tested = {group for group, side in pairs if side == "test"}
    held_out = tested | {group for group, side in pairs if side == "validation"}
    broken: dict[Side, set[str]] = {"train": held_out, "validation": tested, "test": set()}
    return items.take([place for place, (group, side) in enumerate(pairs) if group not in broken[side]])


def described(official: Official, published: Items, placed: Items, broken: Mapping[Side, int]) -> dict[str, Any]:
    """The mark of a published split for report and metrics.

    did: keep or clean. train, validation: items that share a group with a later side. validation_from, test_from: the
    published side from which that side was taken, None if nothing was taken.
    """
    before = set(published.column("side"))
    return {
        "did": official,
        "train": broken.get("train", 0),
        "validation": broken.get("validation", 0),
        "test": placed.column("side").count("test"),
        "validation_from": "train" if before != set(SIDES) else None,
        "test_from": "validation" if "test" not in before else None,
    }


def check_official_sides(name: str, items: Items) -> None:
    """`NotEnoughData` if a side is empty."""
    here = set(items.column("side"))
    order: tuple[Side, ...] = ("train", "test", "validation")  # validation may come from the other two
    for side in order:
        if side not in here:
            raise NotEnoughData(
                "snapshot {name}: the published split leaves the {side} side empty; import the column of the split "
                "(--split-column) for more items, or leave --official out",
                name=name,
                side=Word(side),
            )
