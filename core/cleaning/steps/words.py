"""What cleaning steps share about the words of a text: their diff, placeholders, edits carried over."""

import re

from core.text import LONGEST, rebased
from core.text import word_diff as diff

__all__ = ["LONGEST", "PLACEHOLDER", "diff", "readable", "rebased"]

PLACEHOLDER = re.compile(r"\[[가-힣]{1,10}\]")  # [전화], [주소], and the masks that corpora come with


def readable(text: str) -> bool:
    """Whether an analyser of words may see `text`: something in it, not endless, no lone surrogate."""
    if not text.strip() or len(text) > LONGEST:
        return False
    return not any("\ud800" <= c <= "\udfff" for c in text)
