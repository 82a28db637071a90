"""The index of the texts that exist already: finds one that is equal or nearly equal to a candidate.

Texts count by their letters (`core.text.letters`). Two sets of 3-grams that are similar to a share t have one of the
rarest (1 - t) of their grams in common, in any order of rareness that both share; only texts that do are compared.
Memory is some 400 bytes a text, and a question takes some 20 microseconds.
"""

from collections.abc import Iterable, Iterator

from core.text import letters, words
from core.text.near_duplicates import THRESHOLD, grams, nearly_equal

_BUCKETS = 1 << 20  # counters of grams; grams that share one only count as less rare
_MOST_COMPARED = 300  # texts compared for one question: where more share a rare gram, texts are alike by the hundred


class Known:
    """Texts of a workspace, indexed once for many questions.

    >>> known = Known(["거실에 불이 크게 났어요 빨리 와 주세요"])
    >>> known.holds("거실에 불이 크게 났어요! 빨리 와주세요", "부엌에 불이 났어요", surface=False)
    True
    >>> known.holds("안방에 가스가 새요", "부엌에 가스가 새요", surface=False)
    False
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._exact: set[int] = set()  # hashes of texts; equal ones of different texts would only refuse a candidate
        self._places: dict[str, int] = {}
        self._often = [0] * _BUCKETS
        self._holders: dict[str, list[int]] = {}
        given = list(texts)
        self._letters = list(dict.fromkeys(letters(text) for text in given))
        self._exact.update(hash(_collapsed(text)) for text in given)
        self._places = {text: place for place, text in enumerate(self._letters)}
        for text in self._letters:
            for gram in grams(text):
                self._often[hash(gram) % _BUCKETS] += 1
        for place, text in enumerate(self._letters):
            self._index(place, text)

    def __len__(self) -> int:
        return len(self._letters)

    def add(self, text: str) -> None:
        """Add one text, such as a variant that was just made. The order of rareness stays that of the first texts."""
        self._exact.add(hash(_collapsed(text)))
        key = letters(text)
        if key not in self._places:
            self._places[key] = len(self._letters)
            self._letters.append(key)
            self._index(self._places[key], key)

    def holds(self, text: str, source: str, *, surface: bool) -> bool:
        """Whether a text other than `source` is equal or nearly equal to `text`.

        A text that is nearly equal to the source too stands in its group already, and is no obstacle unless it is
        equal. With `surface`, where all letters are those of the source, texts are compared with their marks.
        """
        if hash(_collapsed(text)) in self._exact:
            return True
        if surface:
            return False
        key, own = letters(text), letters(source)
        if key != own and key in self._places:
            return True
        return any(
            nearly_equal(self._letters[place], key) and not nearly_equal(self._letters[place], own)
            for place in self._candidates(key)
        )

    def _index(self, place: int, text: str) -> None:
        for gram in self._rarest(text):
            self._holders.setdefault(gram, []).append(place)

    def _rarest(self, text: str) -> list[str]:
        ordered = sorted(grams(text), key=lambda gram: (self._often[hash(gram) % _BUCKETS], gram))
        return ordered[: int((1 - THRESHOLD) * len(ordered) + 1e-9) + 1]

    def _candidates(self, text: str) -> Iterator[int]:
        seen: set[int] = set()
        for gram in self._rarest(text):
            for place in self._holders.get(gram, ()):
                if place not in seen:
                    seen.add(place)
                    yield place
                    if len(seen) == _MOST_COMPARED:
                        return


def _collapsed(text: str) -> str:
    return " ".join(words(text))
