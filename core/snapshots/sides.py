"""Sides as an earlier Snapshot has them, so that a student is tested on nothing that its teacher has learnt from.

Without that a new label or a new sentence may join groups and so move items to another side.
"""

from collections.abc import Mapping

from core.records import Side
from core.snapshots.items import Items
from core.split import SIDES


def with_known_sides(items: Items, known: Mapping[str, Side]) -> Items:
    """The items where each group with an item of `known`, key to side, has the side of that item.

    A group with items of several sides goes to the first of them: what was learnt from is never held out later. The
    other groups keep the side that they have.
    """
    groups = items.column("group")
    of_group: dict[str, Side] = {}
    for key, group in zip(items.column("key"), groups, strict=True):
        if (side := known.get(key)) is not None:
            of_group[group] = min(side, of_group.get(group, side), key=SIDES.index)
    sides = items.column("side")
    return items.replaced(side=[of_group.get(group, side) for group, side in zip(groups, sides, strict=True)])
