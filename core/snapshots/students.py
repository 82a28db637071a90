"""The items that a student of self-training learns from: those of a Snapshot as they are, and pseudo-labels beside
them.

Every item of the Snapshot keeps its side and its group, so that all rounds are scored on the same held-out items and a
new sentence moves none of them from one side to the other.
"""

from collections.abc import Collection, Sequence
from typing import Any

from core.snapshots.items import Item, Items
from core.snapshots.lineage import repeating


def with_pseudo_labels(
    base: Items, fresh: Items, keys: Collection[str], reads_text: bool, gold: Items | None = None
) -> tuple[Items, int]:
    """The items of `base` and, on the training side, those of `fresh` with one of `keys`; and how many were left out.

    `fresh` holds all labelled items of the corpus today, in groups that nothing near-equal leaves. Left out is what
    shares a group with a held-out item of `base` and, where `reads_text`, what repeats a held-out text or nearly does.
    All items of a `gold` set count as held out too, and their sounds.
    """
    known, wanted = set(base.column("key")), set(keys)
    rows = [at for at, key in enumerate(fresh.column("key")) if key in wanted and key not in known]
    held = [base.take([at for at, side in enumerate(base.column("side")) if side != "train"])]
    held += [] if gold is None else [gold]
    apart, keys_apart, sounds = _held_out_groups(held, fresh), set(_all(held, "key")), set(_all(held[1:], "audio"))
    new = fresh.take([at for at in rows if not _is_apart(fresh[at], apart, keys_apart, sounds)])
    if reads_text and len(new):
        held_out = [text for text in _all(held, "text") if text]
        repeats = repeating([(at, text) for at, text in enumerate(new.column("text")) if text], held_out)
        new = new.take([at for at in range(len(new)) if at not in repeats])
    new = new.replaced(side=["train"] * len(new), gold=[False] * len(new))
    return Items.join(base, new), len(rows) - len(new)


def _all(parts: Sequence[Items], column: str) -> list[Any]:
    return [value for items in parts for value in items.column(column)]


def _is_apart(item: Item, groups: Collection[str], keys: Collection[str], sounds: Collection[str]) -> bool:
    """Whether an item belongs to a held-out one."""
    return item.group in groups or item.key in keys or (item.audio is not None and item.audio in sounds)


def _held_out_groups(held: Sequence[Items], fresh: Items) -> set[str]:
    """The groups of the held-out items, by their names there and in `fresh`."""
    today = dict(zip(fresh.column("key"), fresh.column("group"), strict=True))
    return {*_all(held, "group"), *(today[key] for key in _all(held, "key") if key in today)}
