"""Which of many texts are nearly equal: candidates by MinHash in bands, each verified exactly.

Signatures take 504 bytes a text and are sorted band by band, so memory follows their number and nothing else; an index
of hash tables takes ten times that. A row is told once, with the earliest row that its set of near texts holds.
"""

from array import array
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from core.batches import batches

GRAM = 3
THRESHOLD = 0.8  # Jaccard similarity of the sets of character 3-grams, as for splits
BANDS, BAND = 21, 6  # finds 99.8 % of the pairs at .8 and tries one in four at .5
MOST_COMPARED = 50  # a row with the others of its bucket; more are all alike, and the nearest tell so
BLOCK = 5000
_ODD = np.uint64(0x9E37_79B9_7F4A_7C15)


class Near:
    """Letters and ids, then `pairs()`; equal letters are one text."""

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
        """(id, the id it is nearly equal to and that came first), by id."""
        for place, first in enumerate(_first_of_alike(list(self._texts))):
            if first != place:
                yield self._ids[place], self._ids[first]


def grams(letters: str) -> set[str]:
    return {letters[at : at + GRAM] for at in range(max(1, len(letters) - GRAM + 1))}


def _first_of_alike(texts: list[str]) -> list[int]:
    """For each text the first that it is tied to by near pairs, itself where there is none."""
    root = list(range(len(texts)))

    def top(place: int) -> int:
        while root[place] != place:
            root[place] = root[root[place]]
            place = root[place]
        return place

    for one, other in _candidates(_signatures(texts)) if len(texts) > 1 else ():
        a, b = sorted((top(one), top(other)))
        if a != b and _alike(texts[one], texts[other]):
            root[b] = a
    return [top(place) for place in range(len(texts))]


def _alike(one: str, other: str) -> bool:
    a, b = grams(one), grams(other)
    return len(a & b) >= THRESHOLD * len(a | b)


def _signatures(texts: list[str]) -> NDArray[np.uint32]:
    """(n, BANDS * BAND)"""
    from datasketch import MinHash

    made = np.empty((len(texts), BANDS * BAND), np.uint32)
    start = 0
    for block in batches(texts, BLOCK):
        sets = [[gram.encode("utf-8", "surrogatepass") for gram in grams(text)] for text in block]
        for at, hashed in enumerate(MinHash.generator(sets, num_perm=BANDS * BAND), start=start):
            made[at] = hashed.hashvalues
        start += len(block)
    return made


def _candidates(signatures: NDArray[np.uint32]) -> Iterator[tuple[int, int]]:
    """Pairs of places that share a band."""
    for band in range(BANDS):
        keys = np.zeros(len(signatures), np.uint64)
        for column in signatures[:, band * BAND : (band + 1) * BAND].T:
            keys = (keys ^ column) * _ODD  # a collision only costs a comparison
        order = np.argsort(keys, kind="stable")
        same = keys[order[1:]] == keys[order[:-1]]
        edges = np.flatnonzero(np.diff(same, prepend=False, append=False))  # runs of equal keys begin and end here
        for start, end in edges.reshape(-1, 2).tolist():
            bucket = order[start : end + 1].tolist()
            for place, one in enumerate(bucket):
                for other in bucket[max(0, place - MOST_COMPARED) : place]:
                    yield other, one
