"""The morphological analyser (kiwi) that spacing and spelling share: loaded once a process, by the first text.

It knows the words of `dictionary/*.txt` besides its own: one a line, after a tab the tag where it is not NNG, `#` for
comments. Loading takes about a second and 500 MB; nothing is loaded by importing this file.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from core.cleaning.steps.words import PLACEHOLDER

DICTIONARY = Path(__file__).parent / "dictionary"
_LOADING = Lock()


def analyser(words: tuple[str, ...] = ()) -> Any:
    """A `kiwipiepy.Kiwi` with the dictionary and `words` (nouns); one instance for each set of words."""
    with _LOADING:
        return _load(words)


@lru_cache(maxsize=2)
def _load(words: tuple[str, ...]) -> Any:
    from kiwipiepy import Kiwi

    kiwi = Kiwi()
    kiwi.global_config.space_tolerance = 2  # a morpheme may hold white space that should not be there
    for word, tag in [*dictionary(), *((word, "NNG") for word in words)]:
        kiwi.add_user_word(word, tag)
    return kiwi


def dictionary() -> Iterator[tuple[str, str]]:
    """(word, tag) of the files, in the order of their names."""
    for path in sorted(DICTIONARY.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            word, _, tag = line.partition("#")[0].strip().partition("\t")
            if word:
                yield word, tag or "NNG"


def placeholders(text: str) -> list[tuple[int, int, str]]:
    """What the analyser shall take for one proper noun each: `[전화]`."""
    return [(match.start(), match.end(), "NNP") for match in PLACEHOLDER.finditer(text)]
