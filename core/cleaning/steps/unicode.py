"""The `unicode` step: one way of writing each character, and no character that shows nothing.

Full-width Latin letters and digits, and spaces of every kind, become the plain ones; Hangul typed in half-width or as
conjoining jamo becomes syllables through NFC. Nothing that can be read is lost.
"""

import unicodedata
from collections.abc import Mapping
from typing import Any

from core.cleaning.steps.change import Change, Cleaner, each
from core.messages import Names, Word
from core.model_text import DEFAULT_PLAN, apply

_WIDE = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}
_FILLERS = dict.fromkeys((0x3164, 0xFFA0, 0x115F, 0x1160), " ")  # Hangul fillers: letters that look like spaces


def make(settings: Mapping[str, Any], least: float) -> Cleaner:
    return each(clean)


def clean(text: str) -> Change | None:
    r"""
    >>> clean("불\u200b이  났어요\u3000１１９")
    Change(after='불이 났어요 119', reason='invisible characters, white space, full-width signs', confidence=1.0)
    """
    after = apply(DEFAULT_PLAN, text.translate(_FILLERS).translate(_WIDE))
    if after == text:
        return None
    return Change(after, Names(_reasons(text)), 1.0)


def _reasons(text: str) -> list[Word]:
    found = []
    if not unicodedata.is_normalized("NFC", text):
        found.append(Word("not NFC"))
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs") and not c.isspace() for c in text):
        found.append(Word("invisible characters"))
    if " ".join(text.split(" ")) != " ".join(text.split()) or any(ord(c) in _FILLERS for c in text):
        found.append(Word("white space"))
    if any(ord(c) in _WIDE for c in text):
        found.append(Word("full-width signs"))
    return found or [Word("normal form")]
