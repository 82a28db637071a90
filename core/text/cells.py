"""Escape the cells of a CSV file, so that a spreadsheet program runs none of them as a formula.

A text that a spreadsheet would run gets an apostrophe before it. A text that has apostrophes of its own before such a
character gets one more, so that a reader can remove exactly the added one. Cells that are no text stay as they are.
"""

import re
from typing import Any

# The characters that start a formula, their full-width forms (some locales run them too), and white space that some
# programs strip before they look at the first character.
_FORMULA = re.compile("'*[=+\\-@\t\r＝＋－＠]")
_ESCAPED = re.compile(f"'{_FORMULA.pattern}")


def escape_formula(value: Any) -> Any:
    """Return `value`, with an apostrophe before it if a spreadsheet would run it.

    >>> [escape_formula(value) for value in ("=1+1", "안녕", -3, "'=1", "'안녕'")]
    ["'=1+1", '안녕', -3, "''=1", "'안녕'"]
    """
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def unescape_formula(cell: str) -> str:
    """Return the text that `escape_formula` was given.

    >>> [unescape_formula(escape_formula(text)) for text in ("=1+1", "'=1", "''-", "'안녕'", "'")]
    ['=1+1', "'=1", "''-", "'안녕'", "'"]
    """
    return cell[1:] if _ESCAPED.match(cell) else cell
