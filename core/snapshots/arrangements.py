"""Other arrangements of a frozen Snapshot, for measuring what its split is worth: sides by lineage, or by random rows.

The lineage arrangement keeps the sides of the Snapshot and adds variants of training items. The random one is what a
careless person does: all rows, variants among them, are shuffled and cut. Its items have no group any more. Both are
for measurements only; nobody may train a model for use on the second.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from core.errors import NotEnoughData
from core.snapshots.format import Official, Snapshot, content_hash
from core.snapshots.items import Items
from core.snapshots.lineage import repeating
from core.split import SIDES

Split = Literal["lineage", "rows"]


def by_lineage(items: Items, variants: Items, reads_text: bool) -> tuple[Items, int]:
    """The items and the variants of training items, and how many of these variants are left out.

    A variant has its parent's group, and so its parent's side. Left out are variants whose text equals, or nearly
    equals, a held-out text (validation or test), where `reads_text`.
    """
    side_of = dict(zip(items.column("group"), items.column("side"), strict=True))
    training = variants.take([i for i, group in enumerate(variants.column("group")) if side_of.get(group) == "train"])
    training = training.replaced(side=["train"] * len(training), gold=[False] * len(training))
    if not reads_text or not len(training):
        return Items.join(items, training), 0
    clean = _without_held_out(items, training)
    return Items.join(items, clean), len(training) - len(clean)


def _without_held_out(items: Items, training: Items) -> Items:
    """The variants whose text is neither equal nor nearly equal to a text of validation or test."""
    sides = zip(items.column("text"), items.column("side"), strict=True)
    held_out = [text for text, side in sides if text and side != "train"]
    repeats = repeating([(i, text) for i, text in enumerate(training.column("text")) if text], held_out)
    return training.take([i for i in range(len(training)) if i not in repeats])


def by_rows(items: Items, variants: Items, seed: int) -> Items:
    """The rows in random order, cut into sides as large as those of `items`; each row is a group of its own.

    A variant is gold here if its parent is. Rows that are not gold (a machine's labels) and their variants stay on the
    training side, as they do everywhere.
    """
    (trusted, silver), (shuffled_in, kept) = _by_gold(items), _by_gold(variants)
    rows = Items.join(trusted, shuffled_in)
    places = list(range(len(rows)))
    random.Random(seed).shuffle(places)
    sides = np.empty(len(rows), dtype=object)
    sides[places] = _cut(trusted.column("side"), len(rows))
    shuffled = rows.replaced(side=sides.tolist(), gold=[True] * len(rows))
    every = Items.join(shuffled, silver, kept.replaced(side=["train"] * len(kept)))
    return every.replaced(group=every.column("key"))


def _by_gold(items: Items) -> tuple[Items, Items]:
    """The gold items, and the others."""
    gold = items.column("gold")
    first, second = ([i for i, is_gold in enumerate(gold) if is_gold == wanted] for wanted in (True, False))
    return items.take(first), items.take(second)


def _cut(sides: Sequence[str], n: int) -> list[str]:
    """`n` sides in blocks, with the shares that `sides` have; each side that occurs there gets a row."""
    shares = [sides.count(side) / max(len(sides), 1) for side in SIDES]
    counts = [max(1, round(share * n)) if share else 0 for share in shares]
    counts[0] = n - sum(counts[1:])
    if counts[0] < 1:
        raise NotEnoughData("{n} rows are too few for random sides", n=n)
    return [side for side, count in zip(SIDES, counts, strict=True) for _ in range(count)]


def arranged(base: Snapshot, name: str, items: Items, split: Split) -> Snapshot:
    """The items as a Snapshot that an engine trains on; repeats across sides are allowed where rows were shuffled."""
    keys = items.column("key")
    ordered = items.take(sorted(range(len(keys)), key=keys.__getitem__))
    digest = content_hash(base.scheme, base.codes, ordered, base.targets)
    official: Official | None = "keep" if split == "rows" else None
    return replace(base, name=name, items=ordered, sha256=digest, report={}, official=official)
