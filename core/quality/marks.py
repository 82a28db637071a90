"""Digests instead of texts: 16 bytes an item, grouped by one sort at the end."""

from array import array
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from core.records import CAPTION, Said
from core.text import letters, nfc

SIZE = 16


def digest(text: str) -> bytes:
    """16 bytes; two of a million texts share them by chance once in 10^26 corpora."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=SIZE).digest()


@dataclass(frozen=True)
class Marked:
    """An utterance with the digests that several checks ask for, each computed once."""

    said: Said

    @cached_property
    def text(self) -> bytes:
        """Of the text as it stands (NFC)."""
        return digest(nfc(self.said.text))

    @cached_property
    def letters(self) -> str:
        return letters(self.said.text)

    @property
    def id(self) -> int:
        return self.said.id

    @property
    def blank(self) -> bool:
        return not self.said.text.strip()

    @property
    def alone(self) -> bool:
        """A sentence of its own. In calls the same words are said again and again, by different voices."""
        return self.said.recording_id is None and self.said.origin != CAPTION


class Marks:
    """Items in the order they came: a digest, an id and a number each."""

    def __init__(self) -> None:
        self._digests, self._ids, self._numbers = bytearray(), array("q"), array("q")

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, mark: bytes, item_id: int, number: int = 0) -> None:
        self._digests += mark
        self._ids.append(item_id)
        self._numbers.append(number)

    @property
    def ids(self) -> NDArray[np.int64]:
        """(n,)"""
        return np.frombuffer(self._ids, np.int64) if self._ids else np.zeros(0, np.int64)

    @property
    def numbers(self) -> NDArray[np.int64]:
        """(n,)"""
        return np.frombuffer(self._numbers, np.int64) if self._numbers else np.zeros(0, np.int64)

    def groups(self) -> "Groups":
        if not len(self):
            return Groups(np.zeros(0, np.int64), np.zeros(0, np.int64))
        words = np.frombuffer(self._digests, np.uint64).reshape(-1, 2)
        order = np.lexsort((words[:, 1], words[:, 0]))  # stable: equal digests stay in the order they came
        new = np.ones(len(order), bool)
        new[1:] = (words[order[1:]] != words[order[:-1]]).any(axis=1)
        return Groups(order, np.flatnonzero(new))


@dataclass(frozen=True, eq=False)
class Groups:
    """`order` (n,) lists the items group by group, in each as they came; `starts` (k,) where each group begins."""

    order: NDArray[np.int64]
    starts: NDArray[np.int64]

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """(n,): for each item, in the order they came, the first item with its digest."""
        sizes = np.diff(np.append(self.starts, len(self.order)))
        found = np.empty(len(self.order), np.int64)
        found[self.order] = np.repeat(self.order[self.starts], sizes) if len(self.order) else 0
        return found

    @property
    def again(self) -> NDArray[np.int64]:
        """The items whose digest came before, in the order they came."""
        return np.flatnonzero(self.first != np.arange(len(self.order)))

    def members(self, group: int) -> NDArray[np.int64]:
        """The items of one group."""
        stop = self.starts[group + 1] if group + 1 < len(self.starts) else len(self.order)
        return self.order[self.starts[group] : stop]
