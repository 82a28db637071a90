"""The rows that repeat a text, and which of them stays: one choice, which every check of copies makes.

Of equal texts, an original stays before an augmented one, then the copy whose labels most copies have (counted scheme
by scheme), then the one with more labels, then the earliest. So two checks never leave out each other's last copy.
Only digests and numbers are remembered.
"""

from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from core.quality.digests import DigestedUtterance, DigestTable

Labels = tuple[tuple[str, str], ...]  # (scheme, code) of a row, sorted
AUGMENTED = "augmented"


class Copies:
    """Takes rows in the order of their ids; then tells which of equal texts stays."""

    def __init__(self) -> None:
        self.texts = DigestTable()
        self._kinds: dict[tuple[bool, Labels], int] = {}

    def add(self, item: DigestedUtterance) -> None:
        labels = tuple(sorted(item.utterance.labels.items()))
        kind = (item.utterance.origin == AUGMENTED, labels)
        self.texts.add(item.text, item.id, self._kinds.setdefault(kind, len(self._kinds)))

    def keepers(self) -> NDArray[np.int64]:
        """int64 (n,): for each row, the row with the same text that stays."""
        groups, numbers = self.texts.groups(), self.texts.numbers
        keeper = groups.first.copy()
        kinds = list(self._kinds)
        for group in groups.mixed(numbers):
            rows = groups.members(group)
            keeper[rows] = rows[best_copy([kinds[number] for number in numbers[rows].tolist()])]
        return keeper


def best_copy(kinds: Iterable[tuple[bool, Labels]]) -> int:
    """The place of the copy that stays among (whether it is augmented, its labels), which are in the order of ids.

    >>> best_copy([(False, (("mood", "sad"),)), (False, (("mood", "calm"),)), (False, (("mood", "calm"),))])
    1
    >>> best_copy([(True, ()), (False, ())])
    1
    """
    copies = list(kinds)
    wanted = majorities(label for _, labels in copies for label in labels)
    ranks = [(augmented, -sum(label in wanted for label in labels), -len(labels)) for augmented, labels in copies]
    return ranks.index(min(ranks))


def majorities(labels: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """For each scheme, the (scheme, code) that most have; none where two codes are equally frequent."""
    by_scheme: dict[str, Counter[str]] = {}
    for scheme, code in labels:
        by_scheme.setdefault(scheme, Counter())[code] += 1
    return {
        (scheme, code)
        for scheme, counts in by_scheme.items()
        for code, n in counts.items()
        if n == max(counts.values()) and list(counts.values()).count(n) == 1
    }
