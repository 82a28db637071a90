"""Counts the character n-grams of many texts with integer arrays, several times as fast as with strings.

Each distinct word is cut into n-grams once. An n-gram is a 64-bit number: the places of its characters in the sorted
alphabet of the texts, 0 behind a shorter one. So the numbers are ordered as scikit-learn orders the strings.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Words = Callable[[str], Iterable[str]]  # the words of a text, without the spaces around them
Keys = NDArray[np.uint64]

MOST_N = 4
_BITS = 16
_MOST_CHARACTERS = (1 << _BITS) - 2


@dataclass(frozen=True, eq=False)
class WordCounts:
    """`counts` (texts, words): how often each word is in each text; `codes`: the characters of all padded words."""

    counts: csr_matrix
    codes: NDArray[np.uint32]
    lengths: NDArray[np.int64]

    def grams(self, alphabet: NDArray[np.uint32], low: int, high: int) -> tuple[Keys, NDArray[np.int64]]:
        """The keys of the n-grams of all words, and the word of each; those with a character not in `alphabet` lack."""
        places = np.searchsorted(alphabet, self.codes)
        listed = alphabet[np.minimum(places, len(alphabet) - 1)] == self.codes
        numbers = np.where(listed, places + 1, 0).astype(np.uint64)
        word = np.repeat(np.arange(len(self.lengths)), self.lengths)
        left = np.repeat(np.cumsum(self.lengths), self.lengths) - np.arange(len(word))  # characters to the word's end
        keys, words = [], []
        key, whole = np.zeros(len(numbers), np.uint64), np.ones(len(numbers), np.bool_)
        for n in range(1, high + 1):
            key, whole = key[: len(numbers) - n + 1], whole[: len(numbers) - n + 1]
            following = numbers[n - 1 :]
            key = key | following << np.uint64(_BITS * (MOST_N - n))
            whole = whole & (following > 0) & (left[: len(key)] >= n)
            if n >= low:
                keys.append(key[whole])
                words.append(word[: len(key)][whole])
        return np.concatenate(keys), np.concatenate(words)


def count_words(texts: Sequence[str], words: Words) -> WordCounts:
    """Split each text into words and count them."""
    column: dict[str, int] = {}
    columns: list[int] = []
    ends = [0]
    for text in texts:
        columns += [column.setdefault(word, len(column)) for word in words(text)]
        ends.append(len(columns))
    shape = (len(texts), len(column))
    counts = csr_matrix((np.ones(len(columns), np.int64), np.array(columns, np.int32), np.array(ends)), shape=shape)
    padded = [f" {word} " for word in column]
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), np.uint32)
    return WordCounts(counts, codes, np.fromiter(map(len, padded), np.int64, len(padded)))


def learn(texts: Sequence[str], words: Words, low: int, high: int, min_df: int) -> tuple[list[str], csr_matrix] | None:
    """The n-grams that are in at least `min_df` texts, sorted, and their counts (texts, n-grams), indices sorted.

    None if the n-grams are too long or the characters too many for 64 bits: count with strings then.
    """
    counted = count_words(texts, words)
    alphabet = np.unique(counted.codes)
    if high > MOST_N or len(alphabet) > _MOST_CHARACTERS:
        return None
    keys, word = counted.grams(alphabet, low, high)
    vocabulary, columns = np.unique(keys, return_inverse=True)
    counts = _counts(counted, columns, word, len(vocabulary))
    often = np.bincount(counts.indices, minlength=len(vocabulary)) >= min_df
    return list(_strings(vocabulary[often], alphabet)), _selected(counts, often)


def count(texts: Sequence[str], words: Words, low: int, high: int, vocabulary: "Vocabulary") -> csr_matrix:
    """The counts (texts, n-grams) of the n-grams of `vocabulary`, indices sorted."""
    counted = count_words(texts, words)
    keys, word = counted.grams(vocabulary.alphabet, low, high)
    places = np.minimum(np.searchsorted(vocabulary.keys, keys), len(vocabulary.keys) - 1)
    member = vocabulary.keys[places] == keys
    return _counts(counted, vocabulary.columns[places[member]], word[member], len(vocabulary.keys))


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Known n-grams as sorted `keys` over `alphabet`; `columns` are their places in the model."""

    alphabet: NDArray[np.uint32]
    keys: Keys
    columns: NDArray[np.int64]

    @classmethod
    def of(cls, grams: Sequence[str]) -> "Vocabulary | None":
        """The vocabulary of a model; None if an n-gram is too long, or the characters are too many."""
        lengths = np.fromiter(map(len, grams), np.int64, len(grams))
        codes = np.frombuffer("".join(grams).encode("utf-32-le", "surrogatepass"), np.uint32)
        alphabet = np.unique(codes)
        if not len(grams) or lengths.max() > MOST_N or len(alphabet) > _MOST_CHARACTERS:
            return None
        starts = np.cumsum(lengths) - lengths
        within = np.arange(len(codes)) - np.repeat(starts, lengths)
        numbers = (np.searchsorted(alphabet, codes) + 1).astype(np.uint64)
        keys = np.bitwise_or.reduceat(numbers << (_BITS * (MOST_N - 1 - within)).astype(np.uint64), starts)
        order = np.argsort(keys)
        return cls(alphabet, keys[order], order)


def _counts(counted: WordCounts, columns: NDArray[np.int64], word: NDArray[np.int64], n: int) -> csr_matrix:
    """(texts, n): how often each n-gram is in each text; `columns[i]` is an n-gram of the word `word[i]`."""
    in_words = csr_matrix((np.ones(len(columns), np.int64), (word, columns)), shape=(len(counted.lengths), n))
    counts = counted.counts @ in_words
    counts.sort_indices()
    return counts


def _selected(counts: csr_matrix, columns: NDArray[np.bool_]) -> csr_matrix:
    """The given columns of `counts`."""
    used = columns[counts.indices]
    ends = np.concatenate([[0], np.cumsum(used)])[counts.indptr]
    place = np.cumsum(columns) - 1
    shape = (counts.shape[0], int(columns.sum()))
    return csr_matrix((counts.data[used], place[counts.indices[used]].astype(np.int32), ends), shape=shape)


def _strings(keys: Keys, alphabet: NDArray[np.uint32]) -> Iterator[str]:
    """The n-grams behind `keys`."""
    characters = np.concatenate([[0], alphabet]).astype(np.uint32)
    shifts = np.array([_BITS * (MOST_N - 1 - n) for n in range(MOST_N)], np.uint64)
    numbers = keys[:, None] >> shifts & np.uint64((1 << _BITS) - 1)
    text = characters[numbers.astype(np.int64)].tobytes().decode("utf-32-le", "surrogatepass")
    return (text[at : at + MOST_N].rstrip("\0") for at in range(0, len(text), MOST_N))
