"""How much of a text the training texts of a run had: the share of its pairs of neighbouring characters that are new.

A pair lies within a word, whose borders are spaces. The pairs of a run are kept as a set; as an array they are uint32
(N, 2), code points, sorted.
"""

from collections.abc import Collection, Iterable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

UNKNOWN = 0.8  # the largest share of new pairs, for a run for which none was fitted
QUANTILE = 0.99  # of the validation texts are familiar
STRICTEST, LOOSEST = 0.5, 0.9  # a fitted share lies between these
FARTHEST = 1.25  # a distance up to this factor above that of the validation side is familiar


def pairs(text: str) -> Iterator[str]:
    """The pairs of a text, in its order.

    >>> list(pairs("불 나"))
    [' 불', '불 ', ' 나', '나 ']
    """
    for word in text.lower().split():
        padded = f" {word} "
        yield from (padded[at : at + 2] for at in range(len(padded) - 1))


def known_pairs(texts: Iterable[str]) -> frozenset[str]:
    """The pairs that occur in the texts."""
    return frozenset(pair for text in texts for pair in pairs(text))


def pairs_of_grams(grams: Iterable[str]) -> frozenset[str]:
    """The pairs inside the n-grams of a model; a border of a word is a space in them too."""
    return frozenset(gram[at : at + 2] for gram in grams for at in range(len(gram) - 1))


def new_share(text: str, known: Collection[str]) -> float:
    """The share of the pairs of a text that are not `known`, in [0, 1]; 0 for a text without any.

    >>> new_share("불나", known_pairs(["불"]))
    0.6666666666666666
    """
    own = list(pairs(text))
    return sum(pair not in known for pair in own) / len(own) if own else 0.0


def fitted_share(shares: ArrayLike) -> float:
    """The largest share of new pairs that is still familiar, from those of the validation texts."""
    table = np.asarray(shares, dtype=np.float64)
    return float(np.clip(np.quantile(table, QUANTILE), STRICTEST, LOOSEST)) if len(table) else UNKNOWN


def fitted_distance(distances: ArrayLike) -> float | None:
    """The largest distance that is still familiar, from those of the validation side; None without any."""
    table = np.asarray(distances, dtype=np.float64)
    return float(FARTHEST * np.quantile(table, QUANTILE)) if len(table) else None


def as_array(known: Collection[str]) -> NDArray[np.uint32]:
    """The pairs as code points, sorted, uint32 (N, 2)."""
    return np.array([[ord(pair[0]), ord(pair[1])] for pair in sorted(known)], np.uint32).reshape(-1, 2)


def from_array(table: NDArray[np.uint32]) -> frozenset[str]:
    """The inverse of `as_array`; ValueError for another shape."""
    if table.ndim != 2 or table.shape[1] != 2:
        raise ValueError(f"pairs of characters are not of shape {table.shape}")
    return frozenset(chr(int(first)) + chr(int(second)) for first, second in table)
