"""Finds nearly equal texts: equal as sets of character 3-grams to a Jaccard similarity of at least a threshold.

Grams are ordered by how rare they are. Two sets that are this similar share one of their rarest grams, so only texts
that share a rare gram are compared: first by a sketch of 256 bits, at last exactly. No pair is missed, unless the rare
grams of both are in more than `CROWD` texts; those are found by MinHash, which finds 99.8 % of the pairs at .8.
Memory is some 200 bytes a text.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

GRAM = 3
THRESHOLD = 0.8
CROWD = 2000  # texts with the same rare gram; more are not compared one by one
BANDS, BAND = 21, 6  # MinHash: tries one pair in four at a similarity of .5
MOST_COMPARED = 50  # others of its MinHash bucket that a text is compared with: in a larger bucket all are alike
BLOCK = 20_000  # texts handled at a time
_WORDS = 4
_LEAST_BITS, _MOST_BITS = 10, 22  # of the table that counts hashed grams
_MIX = np.array([0x9E37_79B9_7F4A_7C15, 0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9], np.uint64)

Hashes = NDArray[np.uint32]
Places = NDArray[np.int64]


def grams(letters: str) -> set[str]:
    """The character 3-grams of `letters`; a shorter text is one gram.

    >>> sorted(grams("불이났어")), grams("불")
    (['불이났', '이났어'], {'불'})
    """
    return {letters[at : at + GRAM] for at in range(max(1, len(letters) - GRAM + 1))}


def nearly_equal(left: str, right: str, threshold: float = THRESHOLD) -> bool:
    """Whether the sets of 3-grams have a Jaccard similarity of at least `threshold`."""
    a, b = grams(left), grams(right)
    return len(a & b) >= threshold * len(a | b)


def first_near(texts: Sequence[str], threshold: float = THRESHOLD, crowd: int = CROWD) -> list[int]:
    """For each of the distinct `texts`, the place of the first text that a chain of near pairs leads to, or its own."""
    root = list(range(len(texts)))

    def top(place: int) -> int:
        while root[place] != place:
            root[place] = root[root[place]]
            place = root[place]
        return place

    for left, right in _candidates(texts, threshold, crowd) if len(texts) > 1 and threshold < 1 else ():
        a, b = sorted((top(left), top(right)))
        if a != b and nearly_equal(texts[left], texts[right], threshold):
            root[b] = a
    return [top(place) for place in range(len(texts))]


def _candidates(texts: Sequence[str], threshold: float, crowd: int) -> Iterator[tuple[int, int]]:
    """Pairs of places that may be nearly equal; a pair may come more than once."""
    sketches = _Sketches(texts, threshold)
    shared, holders = sketches.rare()
    crowded = np.zeros(len(texts), np.bool_)
    if len(shared):
        starts = np.flatnonzero(np.r_[True, shared[1:] != shared[:-1]])
        sizes = np.diff(np.r_[starts, len(shared)])
        large = np.repeat(sizes > crowd, sizes)
        crowded[holders[large]] = True
        yield from sketches.close_pairs(shared[~large], holders[~large])
    if crowded.any():
        yield from _minhash_pairs(sketches, texts, np.flatnonzero(crowded))


class _Sketches:
    """What is known of each text without its grams: 256 bits and the number of its grams, counted with repeats."""

    def __init__(self, texts: Sequence[str], threshold: float) -> None:
        self.texts, self.threshold = texts, threshold
        self.bits = np.zeros((len(texts), _WORDS), np.uint64)
        self.lengths = np.zeros(len(texts), np.int64)
        self._drop = np.uint32(32 - min(max(sum(map(len, texts)).bit_length(), _LEAST_BITS), _MOST_BITS))
        self._seen = np.zeros(1 << (32 - int(self._drop)), np.int32)
        for start in range(0, len(texts), BLOCK):
            hashes, lengths = _hashed_grams(texts[start : start + BLOCK])
            self._seen += np.bincount(hashes >> self._drop, minlength=len(self._seen)).astype(np.int32)
            self.lengths[start : start + BLOCK] = lengths
            begins = np.cumsum(lengths) - lengths
            bit, word = np.uint64(1) << (hashes & 63).astype(np.uint64), (hashes >> 6) % _WORDS
            for k in range(_WORDS):
                marked = np.where(word == k, bit, np.uint64(0))
                self.bits[start : start + BLOCK, k] = np.bitwise_or.reduceat(marked, begins)

    def rare(self) -> tuple[Hashes, NDArray[np.int32]]:
        """The rarest grams of each text that other texts may have too: hashes, ascending, and the texts' places.

        At most (1 - threshold) of the grams of a text are missing in a text that is nearly equal. So both share one of
        as many rarest grams and one more. Equal hashes of different grams add candidates and lose none.
        """
        blocks = [self._rare_of(start) for start in range(0, len(self.texts), BLOCK)]
        hashes, places = (np.concatenate(column) for column in zip(*blocks, strict=True))
        order = np.argsort(hashes, kind="stable")
        return hashes[order], places[order]

    def _rare_of(self, start: int) -> tuple[Hashes, NDArray[np.int32]]:
        hashes, lengths = _hashed_grams(self.texts[start : start + BLOCK])
        hashes >>= self._drop
        often = np.minimum(self._seen[hashes], (1 << 24) - 1).astype(np.uint64)
        owner = np.repeat(np.arange(len(lengths), dtype=np.uint64), lengths)
        keys = np.sort(owner << np.uint64(24 + _MOST_BITS) | often << np.uint64(_MOST_BITS) | hashes)
        keys = keys[np.diff(keys, prepend=keys[0] + np.uint64(1)) != 0]
        owner = (keys >> np.uint64(24 + _MOST_BITS)).astype(np.int64)
        rank = np.arange(len(keys)) - np.searchsorted(owner, np.arange(len(lengths)))[owner]
        missing = np.floor((1 - self.threshold) * lengths + 1e-9)
        often = keys >> np.uint64(_MOST_BITS) & np.uint64((1 << 24) - 1)
        used = (rank <= missing[owner]) & (often > 1)
        return (keys[used] & np.uint64((1 << _MOST_BITS) - 1)).astype(np.uint32), (owner[used] + start).astype(np.int32)

    def close_pairs(self, keys: Hashes, places: NDArray[np.int32]) -> Iterator[tuple[int, int]]:
        """Pairs of places with equal keys whose sketches do not differ too much; `keys` are ascending."""
        first, step = np.arange(len(keys)), 1
        while len(first := first[first < len(keys) - step]):
            first = first[keys[first] == keys[first + step]]
            left, right = places[first].astype(np.int64), places[first + step].astype(np.int64)
            close = self._close(left, right)
            yield from zip(left[close].tolist(), right[close].tolist(), strict=True)
            step += 1

    def _close(self, left: Places, right: Places) -> NDArray[np.bool_]:
        """Whether the sketches differ in no more bits than the sets of grams may differ in members."""
        most = (self.lengths[left] + self.lengths[right]) * (1 - self.threshold) / (1 + self.threshold) + 1e-9
        differing = np.zeros(len(left), np.int64)
        for k in range(_WORDS):
            differing += np.bitwise_count(self.bits[left, k] ^ self.bits[right, k])
        return np.asarray(differing <= most)


def _hashed_grams(texts: Sequence[str]) -> tuple[Hashes, Places]:
    """The hashes of all grams of all texts in their order, and the number of grams of each text."""
    padded = [text.ljust(GRAM, "\0") for text in texts]
    sizes = np.fromiter(map(len, padded), np.int64, len(padded))
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    mixed = codes[:-2] * _MIX[0] ^ codes[1:-1] * _MIX[1] ^ codes[2:] * _MIX[2]
    mixed ^= mixed >> np.uint64(29)
    whole = np.ones(len(mixed) + GRAM - 1, np.bool_)
    ends = np.cumsum(sizes)
    for back in range(1, GRAM):
        whole[ends - back] = False  # a gram that begins here would run into the next text
    hashes = (mixed * _MIX[0] >> np.uint64(32)).astype(np.uint32)
    return hashes[whole[: len(mixed)]], sizes - GRAM + 1


def _minhash_pairs(sketches: _Sketches, texts: Sequence[str], places: Places) -> Iterator[tuple[int, int]]:
    """Pairs of the texts at `places` whose MinHash signatures are equal in at least one band."""
    signatures = _signatures([texts[place] for place in places.tolist()])
    for band in range(BANDS):
        keys = np.zeros(len(signatures), np.uint64)
        for column in signatures[:, band * BAND : (band + 1) * BAND].T:
            keys = (keys ^ column) * _MIX[0]  # a collision only costs a comparison
        order = np.argsort(keys, kind="stable")
        keys, holders = keys[order], places[order]
        for step in range(1, MOST_COMPARED + 1):
            same = np.flatnonzero(keys[:-step] == keys[step:])
            left, right = holders[same], holders[same + step]
            close = sketches._close(left, right)
            yield from zip(left[close].tolist(), right[close].tolist(), strict=True)


def _signatures(texts: Sequence[str]) -> NDArray[np.uint32]:
    """uint32 (n, BANDS * BAND): one MinHash signature a text."""
    signatures = np.empty((len(texts), BANDS * BAND), np.uint32)
    factors = np.random.default_rng(1).integers(1, 1 << 63, (BANDS * BAND, 2), np.uint64) | np.uint64(1)
    for start in range(0, len(texts), BLOCK):
        hashes, lengths = _hashed_grams(texts[start : start + BLOCK])
        begins = np.cumsum(lengths) - lengths
        wide = hashes.astype(np.uint64)
        for k, (factor, plus) in enumerate(factors):
            mixed = wide * factor + plus
            mixed ^= mixed >> np.uint64(31)
            signatures[start : start + BLOCK, k] = np.minimum.reduceat(
                (mixed * _MIX[1] >> np.uint64(32)).astype(np.uint32), begins
            )
    return signatures
