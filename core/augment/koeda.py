"""koeda's punctuation insertion (AEDA) as an augmenter: optional, and kept to what is safe for a label.

koeda cuts a text into what an analyser calls morphemes and sets marks between them. Here whole words are its units, so
that no danger word is ever cut in two and no JVM is needed. Its deletion and its synonyms are left out: they drop
negations and change senses. It draws from the global `random`, which is seeded for the call and put back after it.
"""

import random
import re
import warnings
from functools import cache
from threading import Lock
from typing import Any

_SPACE = "\u241f"  # what koeda writes for a blank while it works
_UNIT = re.compile(rf"{_SPACE}|[^\s{_SPACE}]+")
_MOST_MARKS = 3  # koeda draws places until none is a blank: many marks in a long text would take for ever
_DRAWING = Lock()


class Words:
    """An analyser in koeda's sense: white space separates the units."""

    def morphs(self, text: str) -> list[str]:
        """
        >>> Words().morphs("불이 났어요")
        ['불이', '났어요']
        """
        return _UNIT.findall(text)


def insert_punctuation(text: str, rng: random.Random, strength: float) -> str:
    """`text` with one to three marks before words of it; blank text stays blank."""
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
    with warnings.catch_warnings():  # of konlpy, which koeda imports and we do not use
        warnings.simplefilter("ignore")
        from koeda import AEDA
    return AEDA(morpheme_analyzer=Words())
