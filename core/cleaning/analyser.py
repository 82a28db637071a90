"""The morphological analyser (kiwi) that spacing and spelling share. The first text of a process loads it.

Besides its own words it knows those of `dictionary/*.txt`: one word a line, then a tab and its tag unless that is NNG;
`#` begins a comment. Loading takes about a second and 500 MB. Importing this file loads nothing.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from core.cleaning.steps.text import PLACEHOLDER

DICTIONARY = Path(__file__).parent / "dictionary"
_LOADING = Lock()


def analyser(words: tuple[str, ...] = ()) -> Any:
    """A `kiwipiepy.Kiwi` that knows the dictionary and `words` (as nouns). The last two instances are reused."""
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
    """(word, tag) of each line of the dictionary files, in the order of the file names."""
    for path in sorted(DICTIONARY.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            word, _, tag = line.partition("#")[0].strip().partition("\t")
            if word:
                yield word, tag or "NNG"


def placeholders(text: str) -> list[tuple[int, int, str]]:
    """(start, end, tag) of each placeholder, such as `[전화]`, so that the analyser reads it as one proper noun."""
    return [(match.start(), match.end(), "NNP") for match in PLACEHOLDER.finditer(text)]
