"""An adapter for spacing by PyKoSpacing (GPL-3, TensorFlow). The package itself is not a part of Gwidama.

PyKoSpacing reads at most 198 letters at once and may change quotes, brackets and placeholders. So texts are cut at
placeholders and at that length, and only its white space is used, never its letters.
"""

from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

from core.cleaning.spacing.pieces import respaced
from core.cleaning.steps.text import readable

MOST_LETTERS = 198


def space(texts: Sequence[str], words: tuple[str, ...] = ()) -> list[str]:
    """Each text with the white space that the network proposes; `words` are never cut. Unreadable texts stay."""
    model = _model(words)

    def spaced(piece: str) -> str:
        return " ".join(str(model(part)) for part in _parts(piece))

    return [respaced(text, spaced) if readable(text) else text for text in texts]


@lru_cache(maxsize=2)
def _model(words: tuple[str, ...]) -> Any:
    return import_module("pykospacing").Spacing(rules=list(words))


def _parts(text: str) -> list[str]:
    """`text` in parts of at most `MOST_LETTERS` letters: whole words, except that a longer word is cut."""
    parts = [""]
    for word in text.split():
        for at in range(0, len(word), MOST_LETTERS):
            piece = word[at : at + MOST_LETTERS]
            fits = len(parts[-1]) + 1 + len(piece) <= MOST_LETTERS
            parts[-1:] = [f"{parts[-1]} {piece}".strip()] if fits else [parts[-1], piece]
    return parts
