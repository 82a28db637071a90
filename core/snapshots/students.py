"""The items that a student of self-training learns from: those of a Snapshot as they are, and pseudo-labels beside
them.

Every item of the Snapshot keeps its side and its group, so that all rounds are scored on the same held-out items and a
new sentence moves none of them from one side to the other.
"""

from collections.abc import Collection

from core.snapshots.items import Items
from core.snapshots.lineage import repeating


def with_pseudo_labels(base: Items, fresh: Items, keys: Collection[str], reads_text: bool) -> tuple[Items, int]:
    """The items of `base` and, on the training side, those of `fresh` with one of `keys`; and how many were left out.

    `fresh` holds all labelled items of the corpus today, in groups that nothing near-equal leaves. Left out is what
    shares a group with a held-out item of `base` and, where `reads_text`, what repeats a held-out text or nearly does.
    """
    known, wanted = set(base.column("key")), set(keys)
    rows = [at for at, key in enumerate(fresh.column("key")) if key in wanted and key not in known]
    apart = _held_out_groups(base, fresh)
    groups = fresh.column("group")
    new = fresh.take([at for at in rows if groups[at] not in apart])
    if reads_text and len(new):
        held_out = [text for text, side in zip(base.column("text"), base.column("side"), strict=True)
                    if text and side != "train"]  # fmt: skip
        repeats = repeating([(at, text) for at, text in enumerate(new.column("text")) if text], held_out)
        new = new.take([at for at in range(len(new)) if at not in repeats])
    new = new.replaced(side=["train"] * len(new), gold=[False] * len(new))
    return Items.join(base, new), len(rows) - len(new)


def _held_out_groups(base: Items, fresh: Items) -> set[str]:
    """The groups of the held-out items of `base`, by their names there and in `fresh`."""
    held = [
        (key, group)
        for key, group, side in zip(base.column("key"), base.column("group"), base.column("side"), strict=True)
        if side != "train"
    ]
    today = dict(zip(fresh.column("key"), fresh.column("group"), strict=True))
    return {group for _, group in held} | {today[key] for key, _ in held if key in today}
