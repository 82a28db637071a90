"""The punctuation insertion (AEDA) of the optional package koeda, as an augmenter.

koeda cuts a text into morphemes with an analyser and puts marks between them. Here it gets whole words instead, so no
danger word is cut in two and no JVM is needed. Its deletion and its synonyms are not used: they drop negations and
change meanings. koeda uses the global `random`; it is seeded for the call and restored afterwards.
"""

import random
import re
import warnings
from functools import cache
from threading import Lock
from typing import Any

_SPACE = "\u241f"  # koeda writes this sign for a blank while it works
_UNIT = re.compile(rf"{_SPACE}|[^\s{_SPACE}]+")
_MOST_MARKS = 3  # koeda draws places again until none is a blank, so many marks in a long text would never end
_DRAWING = Lock()


class Words:
    """An analyser for koeda that takes words, separated by white space, for morphemes."""

    def morphs(self, text: str) -> list[str]:
        """The words of `text`; koeda's sign for a blank is a word of its own.

        >>> Words().morphs("불이 났어요")
        ['불이', '났어요']
        """
        return _UNIT.findall(text)


def insert_punctuation(text: str, rng: random.Random, strength: float) -> str:
    """`text` with one to three punctuation marks, each before a word; blank text gives ""."""
    source = " ".join(text.replace(_SPACE, " ").split())
    n = len(source.split())
    if not n:
        return ""
    share = min(strength, 0.5, (_MOST_MARKS - 1) / n)
    with _DRAWING:
        before = random.getstate()
        random.seed(rng.getrandbits(64))
        try:
            return str(_aeda()(source, p=share))
        finally:
            random.setstate(before)


@cache
def _aeda() -> Any:
    with warnings.catch_warnings():  # warnings of konlpy, which koeda imports and this file does not use
        warnings.simplefilter("ignore")
        from koeda import AEDA
    return AEDA(morpheme_analyzer=Words())
