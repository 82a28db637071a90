"""Functions on words that several cleaning steps share: the pattern of placeholders, and which texts are readable.

`diff` and `rebase` are `core.text`'s functions.
"""

import re

from core.text import LONGEST, rebase
from core.text import word_diff as diff

__all__ = ["LONGEST", "PLACEHOLDER", "diff", "readable", "rebase"]

PLACEHOLDER = re.compile(r"\[[가-힣]{1,10}\]")  # [전화], [주소], and masks of the corpora


def readable(text: str) -> bool:
    """Whether an analyser can read `text`: not blank, at most `LONGEST` characters, no lone surrogate."""
    if not text.strip() or len(text) > LONGEST:
        return False
    return not any("\ud800" <= c <= "\udfff" for c in text)
