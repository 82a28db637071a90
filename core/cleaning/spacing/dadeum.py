"""An adapter for spacing by dadeum (MIT, compiled, 2 MB): words are matched with its dictionary from both ends.

It takes out signs that it holds for noise, so only its white space is used. It has no words of one's own: a plan's
words are put together again where it cut them.
"""

from collections.abc import Sequence
from importlib import import_module

from core.cleaning.spacing.pieces import respaced
from core.cleaning.steps.text import readable


def space(texts: Sequence[str], words: tuple[str, ...] = ()) -> list[str]:
    """Each text with the white space that dadeum proposes; `words` are never cut. Unreadable texts stay."""
    clean = import_module("dadeum").clean

    def spaced(piece: str) -> str:
        return _together(str(clean(piece)), words)

    return [respaced(text, spaced) if readable(text) else text for text in texts]


def _together(text: str, words: tuple[str, ...]) -> str:
    """`text` without white space inside any of `words`."""
    for word in words:
        for start, end in reversed(_places(text, word)):
            text = text[:start] + word + text[end:]
    return text


def _places(text: str, word: str) -> list[tuple[int, int]]:
    """(start, end) of each place where `text` has the letters of `word` with white space between them."""
    letters = [at for at, letter in enumerate(text) if not letter.isspace()]
    solid = "".join(text[at] for at in letters)
    places, at = [], solid.find(word)
    while at >= 0:
        places.append((letters[at], letters[at + len(word) - 1] + 1))
        at = solid.find(word, at + len(word))
    return places
