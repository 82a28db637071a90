"""The `unicode` step writes each character in one way and removes invisible characters.

Full-width Latin letters and digits and all kinds of spaces become the plain ones. NFC turns conjoining jamo into
syllables. Nothing that a reader can see is lost, and emoji stay whole, joiners and selectors included.
"""

import unicodedata
from collections.abc import Mapping
from typing import Any

from core.cleaning.steps.change import Change, Cleaner, clean_each
from core.messages import Names, Word
from core.text import nfc
from core.text.visible import BLANKS, visible

_WIDE = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}


def make(settings: Mapping[str, Any], least: float) -> Cleaner:
    """The cleaner of a step; there are no settings, and every change is certain."""
    return clean_each(clean)


def clean(text: str) -> Change | None:
    r"""`text` in its plain form, or None if it has that form already.

    >>> clean("불\u200b이  났어요\u3000１１９")
    Change(after='불이 났어요 119', reason='invisible characters, white space, full-width signs', confidence=1.0)
    """
    after = visible(text.translate(_WIDE))
    if after == text:
        return None
    return Change(after, Names(_reasons(text)), 1.0)


def _reasons(text: str) -> list[Word]:
    reasons = []
    if not unicodedata.is_normalized("NFC", text):
        reasons.append(Word("not NFC"))
    if len("".join(visible(text).split())) < len("".join(nfc(text).translate(BLANKS).split())):
        reasons.append(Word("invisible characters"))
    if " ".join(text.split(" ")) != " ".join(text.split()) or any(ord(c) in BLANKS for c in text):
        reasons.append(Word("white space"))
    if any(ord(c) in _WIDE for c in text):
        reasons.append(Word("full-width signs"))
    return reasons or [Word("normal form")]
