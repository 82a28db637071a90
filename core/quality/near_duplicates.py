"""Near duplicates among the utterances of a corpus: each text is reported once, with the earliest text of its set.

What nearly equal means is the same as for splits: see `core.text.near_duplicates`.
"""

from array import array
from collections.abc import Iterator

from core.text.near_duplicates import first_near


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
        for place, first in enumerate(first_near(list(self._texts))):
            if first != place:
                yield self._ids[place], self._ids[first]
