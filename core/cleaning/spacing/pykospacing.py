"""An adapter for spacing by PyKoSpacing (GPL-3, TensorFlow). The package itself is not a part of Gwidama.

PyKoSpacing reads at most 198 letters at once and may change quotes, brackets and placeholders. So texts are cut at
placeholders and at that length, and only its white space is used, never its letters.
"""

from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

from core.cleaning.steps.text import PLACEHOLDER, readable

MOST_LETTERS = 198


def space(texts: Sequence[str], words: tuple[str, ...] = ()) -> list[str]:
    """Each text with the white space that the network proposes; `words` are never cut. Unreadable texts stay."""
    model = _model(words)
    return [_spaced(model, text) if readable(text) else text for text in texts]


@lru_cache(maxsize=2)
def _model(words: tuple[str, ...]) -> Any:
    return import_module("pykospacing").Spacing(rules=list(words))


def _spaced(model: Any, text: str) -> str:
    """`text` with new white space between its placeholders; none is added or removed beside a placeholder."""
    pieces, at = [], 0
    for placeholder in PLACEHOLDER.finditer(text):
        pieces += [_piece(model, text[at : placeholder.start()]), placeholder[0]]
        at = placeholder.end()
    return "".join([*pieces, _piece(model, text[at:])])


def _piece(model: Any, text: str) -> str:
    """`text` with new white space, or unchanged if the network changes a letter."""
    core = text.strip()
    if not core:
        return text
    lead, tail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    spaced = " ".join(str(model(part)) for part in _parts(core))
    return lead + (spaced if _bare(spaced) == _bare(core) else core) + tail


def _parts(text: str) -> list[str]:
    """`text` in parts of at most `MOST_LETTERS` letters: whole words, except that a longer word is cut."""
    parts = [""]
    for word in text.split():
        for at in range(0, len(word), MOST_LETTERS):
            piece = word[at : at + MOST_LETTERS]
            fits = len(parts[-1]) + 1 + len(piece) <= MOST_LETTERS
            parts[-1:] = [f"{parts[-1]} {piece}".strip()] if fits else [parts[-1], piece]
    return parts


def _bare(text: str) -> str:
    return "".join(text.split())
