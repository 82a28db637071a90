"""Freezing: labelled items become a Snapshot, with a side (train, validation, test) for each group.

Texts are cleaned, then groups that must not be cut are merged: where texts are read those with near-equal sentences,
where the voice is read those that share a person or a sound. Many groups get their side by a hash, few by quotas.
A published split may take the place of that (`core.training.official`).
At last training items that repeat a held-out text are dropped, and silver or derived items on a held-out side. Held-out
means validation or test.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from core.errors import InputError, NotEnoughData
from core.messages import SchemeName, Word
from core.model_text import DEFAULT_PLAN, model_text
from core.records import Side
from core.schemes import Scheme
from core.split import (
    FEW_GROUPS,
    SIDES,
    Fractions,
    assign_balanced,
    assign_sides,
    drop_repeats,
    merge_near_duplicates,
    merge_shared,
)
from core.training.conflicts import ConflictCounts, Conflicts, settle_conflicts
from core.training.official import check_official_sides, described, sift_official, take_official
from core.training.snapshot import Inputs, Item, Official, Snapshot, content_hash, repeat_key

PERSON, SOUND = "person:", "sound:"  # how a mark begins
TRIED_SEEDS = 100
RARE = 5  # `report` warns of a class with fewer items on a side: its score would say little

_NAME = re.compile(r"[\w-][\w.-]{0,63}")


def build(
    name: str,
    scheme: Scheme,
    items: Iterable[Item],
    fractions: Fractions,
    seed: int,
    at: str,
    plan: Sequence[str] = DEFAULT_PLAN,
    *,
    inputs: Inputs = "text",
    conflicts: Conflicts = "keep",
    marks: Mapping[str, Sequence[str]] | None = None,
    official: Official | None = None,
) -> Snapshot:
    """Freeze `items` at the instant `at`; label and, without `official`, side of the given items are ignored.

    `marks` names, by key of an item, the persons and sounds that a split must not cut where the voice is read.
    `official` takes the side that each item has instead of a side by group, and says what becomes of repeats.
    `InputError` for a name that cannot be a folder's or a key that occurs twice, `UnknownName` for a class that the
    scheme lacks, `NotEnoughData` if nothing is left or a side stays empty.
    """
    if not _NAME.fullmatch(name):
        raise InputError("snapshot name {name!r}: use up to 64 letters, digits, - _ or . and no . in front", name=name)
    cleaned = [replace(i, text=model_text(plan, i.text), label=scheme.index(i.code)) for i in items]
    usable = [item for item in cleaned if (item.text and inputs != "voice") or item.audio]
    _unique([item.key for item in usable])
    # The turns of a call share its label, so an equal turn of another call contradicts nothing.
    compared = inputs != "voice" and scheme.level == "utterance"
    agreed, conflict = settle_conflicts(usable, conflicts) if compared else (usable, ConflictCounts())
    merged = _merge(agreed, inputs, marks or {})
    placed = take_official(merged, fractions, seed) if official else _placed(merged, fractions, seed)
    trusted = [item for item in placed if item.gold or item.side == "train"]
    remaining, broken = _without_breaches(trusted, inputs, official)
    if not remaining:
        raise NotEnoughData(
            "snapshot {name}: no labelled item is left to freeze under scheme {scheme}",
            name=name,
            scheme=SchemeName(scheme.name),
        )
    if official:
        check_official_sides(name, remaining)
    else:
        _check_sides(name, remaining, fractions)
    report = {
        "groups": len({item.group for item in remaining}),
        "groups_by_side": {side: len({item.group for item in remaining if item.side == side}) for side in SIDES},
        "merged_groups": len({i.group for i in agreed}) - len({i.group for i in merged}),
        "dropped_empty": len(cleaned) - len(usable),
        "dropped_conflicts": len(usable) - len(agreed),
        "dropped_not_gold": len(placed) - len(trusted),
        "dropped_repeats": 0 if official else len(trusted) - len(remaining),
        "conflicts": {"texts": conflict.texts, "rows": conflict.rows, "did": conflicts},
        "persons_on_several_sides": _persons_cut(remaining, marks or {}),
        "warnings": _warnings(remaining, scheme.codes),
    }
    if official:
        report["official"] = described(official, merged, placed, broken)
    ordered = tuple(sorted(remaining, key=lambda item: item.key))
    digest = content_hash(scheme.name, scheme.codes, ordered)
    return Snapshot(
        name, scheme.name, scheme.codes, fractions, seed, tuple(plan), at, ordered, digest, report, inputs, official
    )


def _unique(keys: list[str]) -> None:
    """`InputError` for a repeated key."""
    repeated = [key for key, n in Counter(keys).items() if n > 1]
    if repeated:
        raise InputError("{n} keys occur more than once, the first is {key!r}", n=len(repeated), key=repeated[0])


def _merge(items: list[Item], inputs: Inputs, marks: Mapping[str, Sequence[str]]) -> list[Item]:
    """Join groups: by their `marks` where the voice is read, and by near-equal sentences on their own where texts are.

    The same request is made in many calls, and merging these would leave one group. Repeats within calls are dropped
    from the training side instead (`_without_repeats`).
    """
    groups = [item.group for item in items]
    if inputs != "text":
        groups = merge_shared(groups, [marks.get(item.key, ()) for item in items])
    if inputs != "voice":
        groups = merge_near_duplicates(groups, ["" if item.recording else item.text for item in items])
    return [replace(item, group=group) for item, group in zip(items, groups, strict=True)]


def _placed(items: list[Item], fractions: Fractions, seed: int) -> list[Item]:
    """Give each item its side: by hash where groups are many, else by quotas in hash order."""
    groups = [item.group for item in items]
    if len(set(groups)) < FEW_GROUPS:
        sides = assign_balanced(groups, [item.code for item in items], fractions, seed)
    else:
        sides = assign_sides(groups, fractions, seed)
    return [replace(item, side=side) for item, side in zip(items, sides, strict=True)]


def _check_sides(name: str, items: Sequence[Item], fractions: Fractions) -> None:
    """Refuse a side that got nothing though its share is above 0, with what would work."""
    here = {item.side for item in items}
    empty = [side for side, share in zip(SIDES, fractions, strict=True) if share > 0 and side not in here]
    if not empty:
        return
    groups = [item.group for item in items]
    n = len(set(groups))
    if n < len(SIDES):
        raise NotEnoughData(
            "snapshot {name}: the {side} side is empty, since there are only {n} groups; label more of them, or give "
            "the side 0 percent",
            name=name,
            side=Word(empty[0]),
            n=n,
        )
    wanted = sum(share > 0 for share in fractions)
    seeds = [seed for seed in range(TRIED_SEEDS) if len(set(assign_sides(groups, fractions, seed))) >= wanted][:3]
    raise NotEnoughData(
        "snapshot {name}: the {side} side is empty; seeds that fill every side: {seeds}",
        name=name,
        side=Word(empty[0]),
        seeds=", ".join(map(str, seeds)) or Word("none"),
    )


def _persons_cut(items: Sequence[Item], marks: Mapping[str, Sequence[str]]) -> int:
    """How many of the persons that `marks` names stand on several sides."""
    on: dict[str, set[Side]] = {}
    for item in items:
        for mark in marks.get(item.key, ()):
            if mark.startswith(PERSON):
                on.setdefault(mark, set()).add(item.side)
    return sum(len(sides) > 1 for sides in on.values())


def _without_breaches(
    items: list[Item], inputs: Inputs, official: Official | None
) -> tuple[list[Item], dict[Side, int]]:
    """The items without those that repeat a held-out one, and how many broke a published split on each side."""
    if official is None:
        return (items if inputs == "voice" else _without_repeats(items)), {}
    clean = sift_official(items)
    clean = clean if inputs == "voice" else _without_repeats(clean)
    kept = {item.key for item in clean}
    broken: Counter[Side] = Counter(item.side for item in items if item.key not in kept)
    return (clean if official == "clean" else items), dict(broken)


def _without_repeats(items: list[Item]) -> list[Item]:
    """The items without the training items whose text is equal or nearly equal to a held-out text."""
    exact = [items[i] for i in drop_repeats([repeat_key(item) for item in items], [item.side for item in items])]
    if not any(item.recording for item in exact):
        return exact  # near-equal sentences are in one group already
    alike = merge_near_duplicates([item.key for item in exact], [item.text for item in exact])
    pairs = list(zip(alike, exact, strict=True))
    held_out = {group for group, item in pairs if item.side != "train"}
    return [item for group, item in pairs if item.side != "train" or group not in held_out]


def _warnings(items: list[Item], codes: Sequence[str]) -> list[str]:
    """One line for each side and class with fewer than `RARE` items."""
    counts = Counter((item.side, item.code) for item in items)
    return [
        f"{side}: {counts[side, code]} of class {code}" for side in SIDES for code in codes if counts[side, code] < RARE
    ]
