"""Digests stand for texts: 16 bytes an item. Equal digests are grouped by one sort after all items are added.

No text is kept here.
"""

from array import array
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from core.records import CAPTION, ScannedUtterance
from core.text import letters
from core.text.visible import same_text

DIGEST_BYTES = 16


def digest(text: str) -> bytes:
    """16 bytes of `text`. In 10^26 corpora of a million texts, one has two different texts with equal digests."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()


@dataclass(frozen=True)
class DigestedUtterance:
    """An utterance with the values that several checks need; each is computed once, when it is first needed."""

    utterance: ScannedUtterance

    @cached_property
    def key(self) -> str:
        """The key of the current text: rows with equal keys have the same text."""
        return same_text(self.utterance.text)

    @cached_property
    def text(self) -> bytes:
        """The digest of the key."""
        return digest(self.key)

    @cached_property
    def letters(self) -> str:
        """The letters and digits of the text: see `core.text.letters`."""
        return letters(self.utterance.text)

    @property
    def id(self) -> int:
        return self.utterance.id

    @property
    def blank(self) -> bool:
        """Whether the text is empty, or only white space and invisible characters."""
        return not self.key

    @property
    def standalone(self) -> bool:
        """Whether it is a sentence without a recording. In calls, equal words are no copy: voices differ."""
        return self.utterance.recording_id is None and self.utterance.origin != CAPTION


class DigestTable:
    """Columns of a digest, an id and a number; one row for each item, in the order in which they were added."""

    def __init__(self) -> None:
        self._digests, self._ids, self._numbers = bytearray(), array("q"), array("q")

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, item_digest: bytes, item_id: int, number: int = 0) -> None:
        self._digests += item_digest
        self._ids.append(item_id)
        self._numbers.append(number)

    @property
    def ids(self) -> NDArray[np.int64]:
        """int64 (n,): the id of each item."""
        return np.frombuffer(self._ids, np.int64) if self._ids else np.zeros(0, np.int64)

    @property
    def numbers(self) -> NDArray[np.int64]:
        """int64 (n,): the number of each item."""
        return np.frombuffer(self._numbers, np.int64) if self._numbers else np.zeros(0, np.int64)

    def groups(self) -> "Groups":
        """The items grouped by equal digest."""
        if not len(self):
            return Groups(np.zeros(0, np.int64), np.zeros(0, np.int64))
        words = np.frombuffer(self._digests, np.uint64).reshape(-1, 2)
        order = np.lexsort(
            (words[:, 1], words[:, 0])
        )  # a stable sort: equal digests keep the order in which they were added
        new = np.ones(len(order), bool)
        new[1:] = (words[order[1:]] != words[order[:-1]]).any(axis=1)
        return Groups(order, np.flatnonzero(new))


@dataclass(frozen=True, eq=False)
class Groups:
    """Items grouped by equal digest; an item is its row number in the table.

    `order` int64 (n,) lists the items group by group, and inside a group in the order in which they were added.
    `starts` int64 (k,) gives the place in `order` at which each of the k groups begins.
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """int64 (n,): for each item, the first item that has the same digest."""
        sizes = np.diff(np.append(self.starts, len(self.order)))
        first = np.empty(len(self.order), np.int64)
        first[self.order] = np.repeat(self.order[self.starts], sizes) if len(self.order) else 0
        return first

    @property
    def repeats(self) -> NDArray[np.int64]:
        """The items whose digest an earlier item has, in the order in which they were added."""
        return np.flatnonzero(self.first != np.arange(len(self.order)))

    def members(self, group: int) -> NDArray[np.int64]:
        """The items of the group with this number."""
        stop = self.starts[group + 1] if group + 1 < len(self.starts) else len(self.order)
        return self.order[self.starts[group] : stop]

    def mixed(self, numbers: NDArray[np.int64]) -> list[int]:
        """The groups whose items differ in `numbers` int64 (n,)."""
        if not len(self.order):
            return []
        ordered = numbers[self.order]
        lowest, highest = np.minimum.reduceat(ordered, self.starts), np.maximum.reduceat(ordered, self.starts)
        groups: list[int] = np.flatnonzero(lowest != highest).tolist()
        return groups
