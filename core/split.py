"""The split: assign each item to train, validation or test, and check that nothing leaks.

All items of a group are on one side. The side depends only on the group's name and the seed, so new data never moves an
item; the cost is that a small corpus may miss the wanted fractions. `merge_near_duplicates` first merges groups that
share a text. A new text can join two groups and so rename one of them; therefore a Snapshot stores its own sides.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from math import isfinite

from core.errors import InputError
from core.records import Side
from core.text import letters, nfc
from core.text.near_duplicates import THRESHOLD, first_near

Fractions = tuple[float, float, float]
DEFAULT_FRACTIONS: Fractions = (0.70, 0.15, 0.15)
SIDES: tuple[Side, ...] = ("train", "validation", "test")
PUBLISHED = "split:"  # a tag that begins so names the side that the publisher of the data gave: `split:test`
FEW_GROUPS = 200  # below so many a hash alone misses the fractions by far


@dataclass(frozen=True, slots=True)
class SplitReport:
    """The leaks of a split.

    `groups_cut` names the groups that are on several sides. `repeated_texts` are the indices of train items whose text
    is also in validation or test.
    """

    groups_cut: tuple[str, ...]
    repeated_texts: tuple[int, ...]

    @property
    def ok(self) -> bool:
        """Whether there is no leak."""
        return not self.groups_cut and not self.repeated_texts


def parse_fractions(text: str) -> Fractions:
    """Read the percentages of train, validation and test; `InputError` if they do not sum to 100.

    >>> parse_fractions("70/15/15")
    (0.7, 0.15, 0.15)
    """
    try:
        train, validation, test = (float(part) / 100 for part in text.split("/"))
    except ValueError:
        raise InputError("split {text!r} is not three percentages such as 70/15/15", text=text) from None
    return _checked((train, validation, test))


def _checked(fractions: Fractions) -> Fractions:
    if not all(isfinite(f) and f >= 0 for f in fractions) or abs(sum(fractions) - 1) > 1e-9 or not fractions[0]:
        wrong = "/".join(f"{f * 100:g}" for f in fractions)
        raise InputError(
            "split {text} must be three percentages of at least 0 that sum to 100, train above 0", text=wrong
        )
    return fractions


_PUBLISHED_NAMES: dict[str, Side] = {
    "train": "train", "training": "train", "trn": "train", "학습": "train", "훈련": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "development": "validation", "검증": "validation",
    "test": "test", "testing": "test", "tst": "test", "평가": "test", "시험": "test", "테스트": "test",
}  # fmt: skip


def published_side(name: str) -> Side | None:
    """The side that a published split's `name` means; None if it means none. Folders before the name do not count.

    >>> published_side("ko-KR/train"), published_side("Dev"), published_side("평가"), published_side("extra")
    ('train', 'validation', 'test', None)
    """
    return _PUBLISHED_NAMES.get(name.rpartition("/")[2].strip().casefold())


def published_tags(name: str) -> tuple[str, ...]:
    """The tag that keeps a published split, also through an export; no tag if `name` means no side.

    >>> published_tags("dev"), published_tags("")
    (('split:validation',), ())
    """
    side = published_side(name)
    return () if side is None else (f"{PUBLISHED}{side}",)


def assign_sides(groups: Sequence[str], fractions: Fractions = DEFAULT_FRACTIONS, seed: int = 0) -> list[Side]:
    """Return the side of each item, from the hash of the seed and its group; `InputError` for wrong `fractions`."""
    train, _, test = _checked(fractions)
    sides: dict[str, Side] = {}
    for group in set(groups):
        position = _position(seed, group)
        sides[group] = "train" if position < train else "validation" if position < 1 - test else "test"
    return [sides[group] for group in groups]


def assign_balanced(
    groups: Sequence[str],
    classes: Sequence[str] | Sequence[tuple[str, ...]],
    fractions: Fractions = DEFAULT_FRACTIONS,
    seed: int = 0,
) -> list[Side]:
    """The side of each item where groups are few: quotas are filled in hash order, classes kept in balance.

    `classes` holds the class of each item, or all its classes where it has several. A hash alone leaves a side empty or
    without a class when there are only some dozen groups. Each group goes whole to the side that still lacks most of
    what the group holds. More data may move groups: a frozen Snapshot keeps its own.
    """
    shares = dict(zip(SIDES, (_checked(fractions)), strict=True))
    held: dict[str, Counter[str]] = {}
    totals: Counter[str] = Counter()
    for group, given in zip(groups, classes, strict=True):
        names = (given,) if isinstance(given, str) else given
        held.setdefault(group, Counter()).update(names)
        totals.update(names)
    lacking = {side: {name: share * n for name, n in totals.items()} for side, share in shares.items() if share > 0}
    sides: dict[str, Side] = {}
    waiting = sorted(held, key=lambda group: (_position(seed, group), group))
    for left, group in zip(range(len(waiting), 0, -1), waiting, strict=True):
        empty = [side for side in lacking if side not in sides.values()]
        chosen = max(
            empty if empty and len(empty) >= left else lacking,
            key=lambda side: (_lack(lacking[side], held[group], totals), shares[side]),
        )
        sides[group] = chosen
        for name, n in held[group].items():
            lacking[chosen][name] -= n
    return [sides[group] for group in groups]


def _lack(lacking: Mapping[str, float], held: Mapping[str, int], totals: Mapping[str, int]) -> float:
    """How much of what a group holds a side still lacks, as shares of each class, so that rare classes count too."""
    return sum(min(n, lacking[name]) / totals[name] for name, n in held.items())


def _position(seed: int, group: str) -> float:
    """Return a number in [0, 1) that depends on nothing but `seed` and `group`."""
    digest = blake2b(f"{seed}\x1f{group}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / 2**53


def merge_near_duplicates(
    groups: Sequence[str], texts: Sequence[str], threshold: float = THRESHOLD, min_letters: int = 8
) -> list[str]:
    """Merge the groups that share a text; return the group of each item, named by the smallest of the merged names.

    Two groups share a text if the `letters()` of two of their texts are equal, or if their sets of character 3-grams
    have a Jaccard similarity of at least `threshold`. Texts with fewer than `min_letters` letters are not compared,
    because a text such as 네 is in every call. `InputError` if `threshold` is not in (0, 1].
    """
    if not 0 < threshold <= 1:
        raise InputError("near-duplicate threshold {threshold} is not in (0, 1]", threshold=threshold)
    names = sorted(set(groups))
    node = {name: i for i, name in enumerate(names)}
    first: dict[str, int] = {}
    edges: set[tuple[int, int]] = set()
    for group, text in zip(groups, texts, strict=True):
        if len(key := letters(text)) >= min_letters and (earlier := first.setdefault(key, node[group])) != node[group]:
            edges.add((earlier, node[group]))
    keys, nodes = list(first), list(first.values())
    edges |= {(nodes[at], nodes[near]) for at, near in enumerate(first_near(keys, threshold)) if at != near}
    merged = _smallest_of_component(len(names), edges)
    return [names[merged[node[group]]] for group in groups]


def merge_shared(groups: Sequence[str], marks: Sequence[Sequence[str]]) -> list[str]:
    """Groups after merging those whose items share a mark (a person, a sound); the smallest name stands for a set.

    >>> merge_shared(["a", "b", "c"], [["kim"], ["kim", "x.wav"], []])
    ['a', 'a', 'c']
    """
    names = sorted(set(groups))
    node = {name: i for i, name in enumerate(names)}
    holders: dict[str, list[int]] = {}
    for group, held in zip(groups, marks, strict=True):
        for mark in held:
            holders.setdefault(mark, []).append(node[group])
    merged = _smallest_of_component(len(names), {pair for nodes in holders.values() for pair in pairwise(nodes)})
    return [names[merged[node[group]]] for group in groups]


def _smallest_of_component(n: int, edges: set[tuple[int, int]]) -> list[int]:
    """Return for each of `n` nodes the smallest node of its connected component."""
    if not edges:
        return list(range(n))
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = np.asarray(sorted(edges), dtype=np.int64)
    graph = coo_array((np.ones(len(ends), dtype=np.bool_), (ends[:, 0], ends[:, 1])), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    _, first = np.unique(component, return_index=True)
    return [int(i) for i in first[component]]


def check_split(groups: Sequence[str], texts: Sequence[str], sides: Sequence[Side]) -> SplitReport:
    """Return the leaks of a split. This does not find nearly equal texts: merge the groups first."""
    seen: dict[str, set[Side]] = {}
    for group, side in zip(groups, sides, strict=True):
        seen.setdefault(group, set()).add(side)
    cut = tuple(sorted(group for group, on in seen.items() if len(on) > 1))
    return SplitReport(cut, _repeats(texts, sides))


def drop_repeats(texts: Sequence[str], sides: Sequence[Side]) -> list[int]:
    """Return the indices of the items to keep: all except train items whose text is also in validation or test."""
    dropped = set(_repeats(texts, sides))
    return [i for i in range(len(texts)) if i not in dropped]


def repeat_key(text: str) -> str:
    """What two equal texts share; a text without letters (an emoji, "?!") is compared as it is."""
    return letters(text) or nfc(text).strip()


def _repeats(texts: Sequence[str], sides: Sequence[Side]) -> tuple[int, ...]:
    keys = [repeat_key(text) for text in texts]
    held_out = {key for key, side in zip(keys, sides, strict=True) if side != "train"}
    return tuple(i for i, key in enumerate(keys) if sides[i] == "train" and key in held_out)
