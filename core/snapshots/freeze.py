"""Freezing: labelled items become a Snapshot, with a side (train, validation, test) for each group.

Texts are cleaned, then groups that must not be cut are merged: where texts are read those with near-equal sentences,
where the voice is read those that share a person or a sound. Many groups get their side by a hash, few by quotas.
A published split may take the place of that (`core.snapshots.official`).
At last training items that repeat a held-out text are dropped, and silver or derived answers on a held-out side are
masked, with the items that have no other answer. Held-out means validation or test.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import pyarrow as pa

from core.errors import InputError, NotEnoughData
from core.messages import SchemeName, Word
from core.records import Side
from core.schemes import Scheme
from core.schemes.target import Target
from core.snapshots.answers import (
    Further,
    answered,
    answered_only,
    answers_of,
    checked_code,
    class_counts,
    classes_of,
    count,
    hide,
    silver,
    under,
    with_further,
)
from core.snapshots.conflicts import ConflictCounts, Conflicts, settle_conflicts
from core.snapshots.format import Inputs, Official, Snapshot, Unit, content_hash, repeat_keys
from core.snapshots.items import Item, Items
from core.snapshots.lineage import Lineages, check_lineage, leaks_by_source, merge_with_sources
from core.snapshots.official import check_official_sides, described, sift_official, take_official
from core.snapshots.sides import with_known_sides
from core.snapshots.weights import Weights, summary, with_weights
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
from core.text.model_text import DEFAULT_PLAN, model_text

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
    further: Sequence[Further] = (),
    unit: Unit = "utterance",
    lineages: Lineages | None = None,
    weights: Weights | None = None,
    sides: Mapping[str, Side] | None = None,
) -> Snapshot:
    """Freeze `items` at the instant `at`; label and, without `official`, side of the given items are ignored.

    `marks` names, by key of an item, the persons and sounds that a split must not cut where the voice is read.
    `official` takes the side that each item has instead of a side by group, and says what becomes of repeats.
    `further` holds the answers under more schemes than the first; an item whose code is "" has none under the first.
    `lineages` says, by key of a derived item, what it was made from. `weights` says, by scheme and key of an item, how
    much its silver answer counts on the training side. `sides` holds, by key, the sides that items must keep.
    `InputError` for a name that cannot be a folder's, a key or a scheme that occurs twice, or a derived item that would
    leak, `UnknownName` for a class that a scheme lacks, `NotEnoughData` if nothing is left or a side stays empty.
    """
    if not _NAME.fullmatch(name):
        raise InputError("snapshot name {name!r}: use up to 64 letters, digits, - _ or . and no . in front", name=name)
    lineages = {} if lineages is None else lineages  # an empty one is filled while `items` are read
    targets = _targets(name, [scheme, *(target.scheme for target in further)])
    read = _Reading(scheme, plan, inputs, alone=not further)
    usable = with_further(Items.of(read.usable(items)), further)
    _unique(usable.column("key"))
    agreed, conflict = _agreed(usable, _compared(targets, inputs, unit), targets, conflicts)
    merged = _merge(agreed, inputs, marks or {}, unit, lineages)
    placed = (
        take_official(merged, targets, fractions, seed)
        if official
        else _placed(merged, targets, fractions, seed, lineages)
    )
    placed = with_known_sides(placed, sides) if sides else placed
    trusted, not_gold = _trusted(placed, targets)
    if official == "keep":
        check_lineage(name, trusted, lineages)  # tags that contradict each other are refused, not mended
    remaining, broken = _without_breaches(trusted, inputs, official, lineages)
    check_lineage(name, remaining, lineages)
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
    total = ConflictCounts(
        sum(counts.texts for counts in conflict.values()), sum(counts.rows for counts in conflict.values())
    )
    report = {
        **group_counts(remaining),
        "merged_groups": len(set(agreed.column("group"))) - len(set(merged.column("group"))),
        "dropped_empty": read.dropped,
        "dropped_conflicts": len(usable) - len(agreed),
        "dropped_not_gold": len(placed) - len(trusted),
        "dropped_repeats": 0 if official == "clean" else len(trusted) - len(remaining),
        "conflicts": {"texts": total.texts, "rows": total.rows, "did": conflicts},
        "persons_on_several_sides": _persons_cut(remaining, marks or {}),
        "warnings": _warnings(remaining, targets),
    }
    if official:
        report["official"] = described(official, merged, placed, broken)
    if further:
        report["targets"] = {
            target.name: group_counts(under(remaining, target))
            | {
                "masked_conflicts": _answers(usable, target) - _answers(agreed, target),
                "masked_not_gold": not_gold[target.name],
                "conflicts": asdict(conflict.get(target.name, ConflictCounts())) | {"did": conflicts},
            }
            for target in targets
        }
    remaining = with_weights(remaining, targets, weights or {})
    if weighted := summary(remaining, targets):
        report["weights"] = weighted
    keys = remaining.column("key")
    ordered = remaining.take(sorted(range(len(keys)), key=keys.__getitem__))
    digest = content_hash(scheme.name, scheme.codes, ordered, targets)
    return Snapshot(
        name, scheme.name, scheme.codes, fractions, seed, tuple(plan), at, ordered, digest, report, inputs, official,
        targets, unit,
    )  # fmt: skip


def _targets(name: str, schemes: Sequence[Scheme]) -> tuple[Target, ...]:
    """The Targets of the schemes; `InputError` for a scheme that was given twice."""
    names = [scheme.name for scheme in schemes]
    if repeated := [scheme for scheme in names if names.count(scheme) > 1]:
        raise InputError(
            "snapshot {name}: scheme {scheme} was given twice; name each once",
            name=name,
            scheme=SchemeName(repeated[0]),
        )
    return tuple(map(Target.of, schemes))


def group_counts(items: Items) -> dict[str, Any]:
    """How many groups there are, in all and on each side."""
    side_of = set(zip(items.column("group"), items.column("side"), strict=True))
    return {
        "groups": len({group for group, _ in side_of}),
        "groups_by_side": {side: sum(on == side for _, on in side_of) for side in SIDES},
    }


def _answers(items: Items, target: Target) -> int:
    return count(answered(items, target.name))


class _Reading:
    """Cleans a stream of items; `dropped` counts those with nothing to read.

    `alone`: the scheme is the only one, so that each item must have an answer under it.
    """

    def __init__(self, scheme: Scheme, plan: Sequence[str], inputs: Inputs, alone: bool) -> None:
        self.scheme, self.plan, self.inputs, self.alone, self.dropped = scheme, plan, inputs, alone, 0

    def usable(self, items: Iterable[Item]) -> Iterator[Item]:
        for item in items:
            text, (code, label) = model_text(self.plan, item.text), self._answer(item.code)
            if (text and self.inputs != "voice") or item.audio:
                same = (text, code, label) == (item.text, item.code, item.label)
                yield item if same else replace(item, text=text, code=code, label=label)
            else:
                self.dropped += 1

    def _answer(self, code: str) -> tuple[str, int]:
        """The stored code and its class id, -1 where there is no single class."""
        if not code and not self.alone:
            return "", -1
        if self.scheme.kind == "multi":
            return checked_code(self.scheme, code), -1
        return code, self.scheme.index(code)


@dataclass(frozen=True, slots=True)
class _LabelledText:
    """What the search for conflicts reads of an item, and its place."""

    text: str
    code: str
    place: int


def _compared(targets: Sequence[Target], inputs: Inputs, unit: Unit) -> list[Target]:
    """The Targets under which equal texts may contradict each other.

    The turns of a call share its label, so an equal turn of another call contradicts nothing. An equal call does.
    """
    if inputs == "voice":
        return []
    return [target for target in targets if target.level == "utterance" or unit == "call"]


def _agreed(
    items: Items, compared: Sequence[Target], targets: Sequence[Target], how: Conflicts
) -> tuple[Items, dict[str, ConflictCounts]]:
    """The items without answers that contradict each other, as `how` says; one without any answer left is dropped."""
    counts = {}
    for target in compared:
        answers = answers_of(items, target.name)
        rows = [
            _LabelledText(text, code, place)
            for place, (text, code) in enumerate(zip(items.column("text"), answers, strict=True))
            if code
        ]
        remaining, counts[target.name] = settle_conflicts(rows, how)
        if len(remaining) < len(rows):
            agreed = {row.place for row in remaining}
            hidden = [code is not None and at not in agreed for at, code in enumerate(answers)]
            items = hide(items, target.name, pa.array(hidden))
    return answered_only(items, targets), counts


def _trusted(items: Items, targets: Sequence[Target]) -> tuple[Items, dict[str, int]]:
    """The items with answers that are gold wherever they are held out, and how many answers were masked, by Target."""
    masked = {}
    for target in targets:
        hidden = silver(items, target.name)
        masked[target.name] = count(hidden)
        items = hide(items, target.name, hidden)
    return answered_only(items, targets), masked


def _those(items: Items, mask: Sequence[bool]) -> Items:
    """The items whose place in `mask` is true."""
    return items if all(mask) else items.take([place for place, yes in enumerate(mask) if yes])


def _unique(keys: list[str]) -> None:
    """`InputError` for a repeated key."""
    if len(set(keys)) == len(keys):
        return
    repeated = [key for key, n in Counter(keys).items() if n > 1]
    raise InputError("{n} keys occur more than once, the first is {key!r}", n=len(repeated), key=repeated[0])


def _merge(items: Items, inputs: Inputs, marks: Mapping[str, Sequence[str]], unit: Unit, lineages: Lineages) -> Items:
    """Join groups: by their `marks` where the voice is read, and by near-equal sentences on their own where texts are.

    The same request is made in many calls, and merging these would leave one group. Repeats within calls are dropped
    from the training side instead (`_without_repeats`). Nearly equal whole calls do share a group.
    """
    groups = items.column("group")
    if inputs != "text":
        groups = merge_shared(groups, [marks.get(key, ()) for key in items.column("key")])
    if inputs != "voice":
        turns = zip(items.column("text"), items.column("recording"), strict=True)
        texts = ["" if call and unit == "utterance" else text for text, call in turns]
        groups = merge_with_sources(groups, texts, items.column("key"), lineages)
    return items.replaced(group=groups)


def _placed(items: Items, targets: Sequence[Target], fractions: Fractions, seed: int, lineages: Lineages) -> Items:
    """Give each item its side: by hash where groups are many, else by quotas in hash order.

    Derived items count for no quota, so that making some moves no group; a group of nothing else is in training.
    """
    groups = items.column("group")
    if len(set(groups)) >= FEW_GROUPS:
        return items.replaced(side=assign_sides(groups, fractions, seed))
    own = items.take([place for place, key in enumerate(items.column("key")) if key not in lineages])
    placed = assign_balanced(own.column("group"), classes_of(own, targets), fractions, seed)
    sides = dict(zip(own.column("group"), placed, strict=True))
    return items.replaced(side=[sides.get(group, "train") for group in groups])


def _check_sides(name: str, items: Items, fractions: Fractions) -> None:
    """Refuse a side that got nothing though its share is above 0, with what would work."""
    here = set(items.column("side"))
    empty = [side for side, share in zip(SIDES, fractions, strict=True) if share > 0 and side not in here]
    if not empty:
        return
    groups = items.column("group")
    n = len(set(groups))
    if n < len(SIDES):
        raise NotEnoughData(
            "snapshot {name}: the {side} side is empty, since there are only {n} groups; label more of them, or give "
            "the side 0 percent",
            name=name,
            side=Word(empty[0]),
            n=n,
        )
    sides = sum(share > 0 for share in fractions)
    seeds = [seed for seed in range(TRIED_SEEDS) if len(set(assign_sides(groups, fractions, seed))) >= sides][:3]
    raise NotEnoughData(
        "snapshot {name}: the {side} side is empty; seeds that fill every side: {seeds}",
        name=name,
        side=Word(empty[0]),
        seeds=", ".join(map(str, seeds)) or Word("none"),
    )


def _persons_cut(items: Items, marks: Mapping[str, Sequence[str]]) -> int:
    """How many of the persons that `marks` names stand on several sides."""
    on: dict[str, set[Side]] = {}
    for key, side in zip(items.column("key"), items.column("side"), strict=True) if marks else ():
        for mark in marks.get(key, ()):
            if mark.startswith(PERSON):
                on.setdefault(mark, set()).add(side)
    return sum(len(sides) > 1 for sides in on.values())


def _without_breaches(
    items: Items, inputs: Inputs, official: Official | None, lineages: Lineages
) -> tuple[Items, dict[Side, int]]:
    """The items without those that repeat a held-out one, and how many broke a published split on each side.

    A split that is taken as published loses derived items only.
    """
    if official is None:
        return (items if inputs == "voice" else _without_repeats(items, lineages)), {}
    clean = sift_official(items)
    clean = clean if inputs == "voice" else _without_repeats(clean, lineages)
    if official == "keep":
        items = items if inputs == "voice" else _without_leaks(items, lineages)
    remaining = set(clean.column("key"))
    pairs = zip(items.column("key"), items.column("side"), strict=True)
    broken: Counter[Side] = Counter(side for key, side in pairs if key not in remaining)
    return (clean if official == "clean" else items), dict(broken)


def _without_leaks(items: Items, lineages: Lineages) -> Items:
    """The items without derived ones whose source repeats a held-out text, or whose maker was shown one."""
    leaks = leaks_by_source(items, lineages)
    return _those(items, [place not in leaks for place in range(len(items))])


def _without_repeats(items: Items, lineages: Lineages) -> Items:
    """The items without the training items whose text, or source, is equal or nearly equal to a held-out text."""
    remaining = drop_repeats(repeat_keys(items), items.column("side"))
    exact = items if len(remaining) == len(items) else items.take(remaining)
    exact = _without_leaks(exact, lineages)
    if not any(exact.column("recording")):
        return exact  # near-equal sentences are in one group already
    alike, sides = merge_near_duplicates(exact.column("key"), exact.column("text")), exact.column("side")
    held_out = {group for group, side in zip(alike, sides, strict=True) if side != "train"}
    return _those(exact, [s != "train" or group not in held_out for group, s in zip(alike, sides, strict=True)])


def _warnings(items: Items, targets: Sequence[Target]) -> list[str]:
    """One line for each side and class with fewer than `RARE` items."""
    lines = []
    for target in targets:
        counts = class_counts(items, target)
        under_it = f" under {target.name}" if len(targets) > 1 else ""
        lines += [
            f"{side}: {counts[side, code]} of class {code}{under_it}"
            for side in SIDES
            for code in target.codes
            if counts[side, code] < RARE
        ]
    return lines
