"""The operations of the optional package koeda, bounded: synonyms, insertion, swap, deletion, any of these, AEDA.

koeda cuts a text with an analyser and draws with the global `random`. Here it gets our morphemes, so that no JVM is
needed; `random` is seeded for the call and restored afterwards; sets, whose order differs from process to process, are
replaced by ordered ones. Blank texts are skipped, one word is never a list, and loops that may not end have bounds.
Its synonyms know neither sense nor negation (`불` becomes `달러`), so the guards let little pass.
"""

import random
import re
import warnings
from collections.abc import Iterable
from functools import cache
from threading import Lock
from typing import Any

from core.cleaning.analyser import analyser
from core.text import words

_SPACE = "\u241f"  # koeda writes this sign for a blank while it works
_UNIT = re.compile(rf"{_SPACE}|[^\s{_SPACE}]+")
_MOST_MARKS = 3  # koeda draws places again until none is a blank, so many marks in a long text would never end
_LONGEST = 600  # letters; a longer text stays as it is
_DRAWING = Lock()


class Words:
    """An analyser for koeda that takes words, separated by white space, for morphemes."""

    def morphs(self, text: str) -> list[str]:
        """The words of `text`; koeda's sign for a blank is a word of its own.

        >>> Words().morphs("불이 났어요")
        ['불이', '났어요']
        """
        return _UNIT.findall(text)


class Morphs:
    """An analyser for koeda whose morphemes are slices of the text: joined, they are the text again."""

    def morphs(self, text: str) -> list[str]:
        """The morphemes of `text` as they are written; koeda's sign for a blank is one of its own.

        >>> Morphs().morphs("불이 났어요")
        ['불', '이', '났', '어요']
        """
        return [piece for unit in _UNIT.findall(text) for piece in ([unit] if unit == _SPACE else _slices(unit))]


def replace_synonyms(text: str, rng: random.Random, strength: float) -> str:
    """koeda's synonym replacement."""
    return _run("SynonymReplacement", text, rng, strength)


def insert_synonyms(text: str, rng: random.Random, strength: float) -> str:
    """koeda's random insertion."""
    return _run("RandomInsertion", text, rng, strength)


def swap_words(text: str, rng: random.Random, strength: float) -> str:
    """koeda's random swap."""
    return _run("RandomSwap", text, rng, strength)


def delete_words(text: str, rng: random.Random, strength: float) -> str:
    """koeda's random deletion."""
    return _run("RandomDeletion", text, rng, strength)


def any_of_four(text: str, rng: random.Random, strength: float) -> str:
    """koeda's EDA: one of its four operations, drawn."""
    return _run("EDA", text, rng, [strength] * 4)


def insert_punctuation(text: str, rng: random.Random, strength: float) -> str:
    """`text` with one to three punctuation marks, each before a word; blank text gives ""."""
    n = len(words(text.replace(_SPACE, " ")))
    return _run("AEDA", text, rng, min(strength, 0.5, (_MOST_MARKS - 1) / n) if n else strength)


def _run(name: str, text: str, rng: random.Random, p: Any) -> str:
    source = " ".join(words(text.replace(_SPACE, " ")))
    if not source or (name != "AEDA" and (len(source) > _LONGEST or " " not in source)):
        return source
    with _DRAWING:
        before = random.getstate()
        random.seed(rng.getrandbits(64))
        try:
            made = _operation(name)(source, p)
        finally:
            random.setstate(before)
    return " ".join(words(made if isinstance(made, str) else "".join(map(str, made)))) or source


@cache
def _operation(name: str) -> Any:
    with warnings.catch_warnings():  # warnings of konlpy, which koeda imports and this file does not use
        warnings.simplefilter("ignore")
        import koeda
        from koeda.augmenters import insertion, replacement
    known = koeda.utils.get_synonyms
    for module in (insertion, replacement):
        module.get_synonyms = lambda word: sorted(known(word))
    replacement.set = _ordered
    return getattr(koeda, name)(morpheme_analyzer=Words() if name == "AEDA" else Morphs())


def _ordered(items: Iterable[str]) -> dict[str, None]:
    """The distinct items in their order; koeda makes a list of it."""
    return dict.fromkeys(items)


def _slices(word: str) -> list[str]:
    starts = sorted({token.start for token in analyser().tokenize(word) if token.len} | {0})
    return [word[a:b] for a, b in zip(starts, [*starts[1:], len(word)], strict=True) if a < b]
