"""Lineage: a derived item (an augmentation) follows its source, so that no split can separate the two.

Three rules. The texts of the sources take part in the search for near duplicates, also where a source itself is not
frozen. A training item whose source repeats a held-out text is dropped, as the source would be, and so is one whose
maker was shown a held-out item. A snapshot that holds a
derived item outside training, or in training while its source is held out, is refused, and the error names the items.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import InputError
from core.messages import Message, Names, Word
from core.snapshots.items import Items
from core.split import merge_near_duplicates, repeat_key

SHOWN = 5  # items that an error names


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a derived item was made from: `keys` of its source, of the source of that and so on, and their texts.

    `shown` are the keys of other items that a language model saw while it wrote the text.
    """

    keys: tuple[str, ...]
    texts: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()


Lineages = Mapping[str, Lineage]  # key of a derived item -> its lineage


def merge_with_sources(
    groups: Sequence[str], texts: Sequence[str], keys: Sequence[str], lineages: Lineages
) -> list[str]:
    """As `merge_near_duplicates`, where the text of a source counts as one more text of the derived item's group.

    An item whose text is "" is not compared, and neither are the texts of its sources.
    """
    more = [
        (group, text)
        for group, own, key in zip(groups, texts, keys, strict=True)
        if own and key in lineages
        for text in lineages[key].texts
    ]
    merged = merge_near_duplicates([*groups, *(group for group, _ in more)], [*texts, *(text for _, text in more)])
    return merged[: len(groups)]


def leaks_by_source(items: Items, lineages: Lineages) -> set[int]:
    """The places of training items whose source repeats a held-out text, or whose maker was shown a held-out item."""
    columns = zip(items.column("key"), items.column("text"), items.column("side"), strict=True)
    rows = list(enumerate(columns))
    derived = [(place, lineages[key]) for place, (key, _, side) in rows if side == "train" and key in lineages]
    if not derived:
        return set()
    held_out = {key: text for _, (key, text, side) in rows if side != "train"}
    shown = {place for place, lineage in derived if not held_out.keys().isdisjoint(lineage.shown)}
    sources = [(place, text) for place, lineage in derived for text in lineage.texts]
    return shown | repeating(sources, [text for text in held_out.values() if text])


def repeating(sources: Sequence[tuple[int, str]], held_out: Sequence[str]) -> set[int]:
    """The places whose text is equal or nearly equal to a held-out one."""
    exact = {repeat_key(text) for text in held_out}
    names = [f"held-out {n}" for n in range(len(held_out))] + [f"source {n}" for n in range(len(sources))]
    alike = merge_near_duplicates(names, [*held_out, *(text for _, text in sources)])
    near = set(alike[: len(held_out)])
    judged = zip(sources, alike[len(held_out) :], strict=True)
    return {place for (place, text), group in judged if group in near or repeat_key(text) in exact}


def check_lineage(name: str, items: Items, lineages: Lineages) -> None:
    """Refuse a derived item outside training, and one in training whose source is held out."""
    sides = dict(zip(items.column("key"), items.column("side"), strict=True))
    wrong = [breach for key in sides if key in lineages and (breach := _breach(key, lineages[key], sides)) is not None]
    if wrong:
        raise InputError(
            "snapshot {name}: {n:,} derived items would leak: {items}. A derived item belongs to training, with its "
            "source: give both the same split tag, or reject it on the Augment page",
            name=name, n=len(wrong), items=Names(wrong[:SHOWN]),
        )  # fmt: skip


def _breach(key: str, lineage: Lineage, sides: Mapping[str, str]) -> Message | None:
    """How an item breaks the rule; None if it does not."""
    if sides[key] != "train":
        return Message("{key} is on the {side} side", key=key, side=Word(sides[key]))
    for source in lineage.keys:
        if (side := sides.get(source, "train")) != "train":
            return Message(
                "{key} is in training and its source {source} is on the {side} side",
                key=key, source=source, side=Word(side),
            )  # fmt: skip
    return None
