"""The same text under different classes: how often, and what freezing does with it.

Texts are the same if their letters are. A conflict is counted always; what becomes of its items is a person's choice:
`keep` all, `drop` all, or keep those of the `majority` (of a tie nobody).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from core.text import letters

Conflicts = Literal["keep", "drop", "majority"]


class Labelled(Protocol):
    """An item with a text and a class."""

    @property
    def text(self) -> str: ...
    @property
    def code(self) -> str: ...


@dataclass(frozen=True, slots=True)
class ConflictCounts:
    """How many texts carry several classes, and how many items have such a text."""

    texts: int = 0
    rows: int = 0


L = TypeVar("L", bound=Labelled)


def settle_conflicts(items: Sequence[L], how: Conflicts) -> tuple[list[L], ConflictCounts]:
    """Count the conflicts among `items` and leave out what `how` says; the order stays."""
    keys = [letters(item.text) for item in items]
    classes: dict[str, Counter[str]] = {}
    for key, item in zip(keys, items, strict=True):
        if key:
            classes.setdefault(key, Counter())[item.code] += 1
    disputed = {key: by_class for key, by_class in classes.items() if len(by_class) > 1}
    counts = ConflictCounts(len(disputed), sum(by_class.total() for by_class in disputed.values()))
    if how == "keep":
        return list(items), counts
    winners = {key: _winner(by_class) if how == "majority" else None for key, by_class in disputed.items()}
    remaining = [item for key, item in zip(keys, items, strict=True) if key not in winners or item.code == winners[key]]
    return remaining, counts


def _winner(counts: Counter[str]) -> str | None:
    """The class with the most items, None if two have as many.

    >>> _winner(Counter({"danger": 2, "normal": 1})), _winner(Counter({"danger": 1, "normal": 1}))
    ('danger', None)
    """
    (first, most), (_, second) = counts.most_common(2)
    return first if most > second else None
