"""Finds nearly equal texts: MinHash signatures in bands propose pairs, and each pair is then compared exactly.

A signature takes 504 bytes a text. Signatures are sorted band by band, so memory depends only on the number of texts;
an index of hash tables would take ten times as much. Each text is reported once, with the earliest text of its set.
"""

from array import array
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from core.batches import batches

GRAM = 3
THRESHOLD = 0.8  # Jaccard similarity of the sets of character 3-grams, as for splits
BANDS, BAND = 21, 6  # finds 99.8 % of the pairs at .8 and tries one in four at .5
MOST_COMPARED = 50  # others of its bucket that a text is compared with: in a larger bucket all are alike
BLOCK = 5000
_ODD = np.uint64(0x9E37_79B9_7F4A_7C15)


class NearDuplicates:
    """Takes the letters and the id of each text; then `pairs` gives the near duplicates. Equal letters are one text."""

    def __init__(self) -> None:
        self._texts: dict[str, int] = {}
        self._ids = array("q")

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, letters: str, item_id: int) -> None:
        if letters not in self._texts:
            self._texts[letters] = len(self._ids)
            self._ids.append(item_id)

    def pairs(self) -> Iterator[tuple[int, int]]:
        """(id, the earliest id whose text it is nearly equal to), in the order in which the texts were added."""
        for place, first in enumerate(_first_near(list(self._texts))):
            if first != place:
                yield self._ids[place], self._ids[first]


def grams(letters: str) -> set[str]:
    """The character 3-grams of `letters`; a shorter text is one gram."""
    return {letters[at : at + GRAM] for at in range(max(1, len(letters) - GRAM + 1))}


def _first_near(texts: list[str]) -> list[int]:
    """For each text, the place of the first text that a chain of near pairs leads to, or its own place."""
    root = list(range(len(texts)))

    def top(place: int) -> int:
        while root[place] != place:
            root[place] = root[root[place]]
            place = root[place]
        return place

    for left, right in _candidates(_signatures(texts)) if len(texts) > 1 else ():
        a, b = sorted((top(left), top(right)))
        if a != b and _nearly_equal(texts[left], texts[right]):
            root[b] = a
    return [top(place) for place in range(len(texts))]


def _nearly_equal(left: str, right: str) -> bool:
    a, b = grams(left), grams(right)
    return len(a & b) >= THRESHOLD * len(a | b)


def _signatures(texts: list[str]) -> NDArray[np.uint32]:
    """uint32 (n, BANDS * BAND): one MinHash signature a text."""
    from datasketch import MinHash

    signatures = np.empty((len(texts), BANDS * BAND), np.uint32)
    start = 0
    for block in batches(texts, BLOCK):
        sets = [[gram.encode("utf-8", "surrogatepass") for gram in grams(text)] for text in block]
        for at, hashed in enumerate(MinHash.generator(sets, num_perm=BANDS * BAND), start=start):
            signatures[at] = hashed.hashvalues
        start += len(block)
    return signatures


def _candidates(signatures: NDArray[np.uint32]) -> Iterator[tuple[int, int]]:
    """Pairs of places (earlier, later) whose signatures are equal in at least one band."""
    for band in range(BANDS):
        keys = np.zeros(len(signatures), np.uint64)
        for column in signatures[:, band * BAND : (band + 1) * BAND].T:
            keys = (keys ^ column) * _ODD  # a collision only costs a comparison
        order = np.argsort(keys, kind="stable")
        same = keys[order[1:]] == keys[order[:-1]]
        edges = np.flatnonzero(np.diff(same, prepend=False, append=False))  # runs of equal keys begin and end here
        for start, end in edges.reshape(-1, 2).tolist():
            bucket = order[start : end + 1].tolist()
            for at, later in enumerate(bucket):
                for earlier in bucket[max(0, at - MOST_COMPARED) : at]:
                    yield earlier, later
