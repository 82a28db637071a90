"""Cells of a CSV that a spreadsheet will open: nothing in them runs as a formula, and nothing of them is lost.

A text that would run gets an apostrophe before it. So that a reader can take exactly that apostrophe off again, a text
that has apostrophes of its own before such a character gets one more. Cells that are no text are left as they are.
"""

import re
from typing import Any

# What spreadsheets run, the full-width forms that some locales run too, and the white space that others cut off first.
_RUNS = re.compile("'*[=+\\-@\t\r＝＋－＠]")
_WRITTEN = re.compile(f"'{_RUNS.pattern}")


def harmless(value: Any) -> Any:
    """`value`, or with an apostrophe before it if a spreadsheet would run it.

    >>> harmless("=1+1"), harmless("안녕"), harmless(-3), harmless("'=1"), harmless("'안녕'")
    ("'=1+1", '안녕', -3, "''=1", "'안녕'")
    """
    return f"'{value}" if isinstance(value, str) and _RUNS.match(value) else value


def as_told(cell: str) -> str:
    """The text that `harmless` was given.

    >>> [as_told(harmless(text)) for text in ("=1+1", "'=1", "''-", "'안녕'", "'")]
    ['=1+1', "'=1", "''-", "'안녕'", "'"]
    """
    return cell[1:] if _WRITTEN.match(cell) else cell
