"""Spacing by a package that may change more than white space: only its white space is used, never its letters.

A text is cut at placeholders such as [전화] and at emoji, which some packages change. No white space is added or
removed beside one.
"""

import re
from collections.abc import Callable

from core.cleaning.steps.text import PLACEHOLDER
from core.text.visible import EMOJI

_WHOLE = re.compile(f"{PLACEHOLDER.pattern}|{EMOJI.pattern}")
Space = Callable[[str], str]


def respaced(text: str, space: Space) -> str:
    """`text` with the white space that `space` gives to each piece between placeholders and emoji."""
    pieces, at = [], 0
    for whole in _WHOLE.finditer(text):
        pieces += [_piece(text[at : whole.start()], space), whole[0]]
        at = whole.end()
    return "".join([*pieces, _piece(text[at:], space)])


def _piece(text: str, space: Space) -> str:
    """`text` with new white space inside, or unchanged if `space` changes a letter."""
    core = text.strip()
    if not core:
        return text
    lead, tail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    spaced = space(core)
    return lead + (spaced if bare(spaced) == bare(core) else core) + tail


def bare(text: str) -> str:
    """`text` without white space."""
    return "".join(text.split())
