"""The `stop` step removes everything that a curator's regular expressions find.

Expressions are in the syntax of the `regex` package (a superset of Python's). Texts longer than `LONGEST` characters
are not changed. An expression gets `SECONDS` of processor time for one text; a slower one (nested repeats) could
block a run of a million texts, so the run ends with an `InputError` that names the expression and the text. White
space around a removed part becomes one space. A text of which nothing would be left is not changed.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import regex

from core.cleaning.steps.change import Change, Cleaner, Setting, clean_each
from core.errors import InputError
from core.messages import Message

LONGEST = 10_000
LONGEST_EXPRESSION = 500
MOST = 100
SECONDS = 1.0


def _wrong(expressions: Sequence[Any]) -> str:
    """A message about the first expression that is not valid, or ""."""
    if len(expressions) > MOST:
        return Message("{n} expressions; at most {most}", n=len(expressions), most=MOST)
    for number, expression in enumerate(expressions, 1):
        if not isinstance(expression, str) or not expression:
            return Message("expression {number} is no text", number=number)
        if len(expression) > LONGEST_EXPRESSION:
            return Message(
                "expression {number} has {n} characters; at most {most}",
                number=number,
                n=len(expression),
                most=LONGEST_EXPRESSION,
            )
        try:
            match = regex.compile(expression).search("")
        except (regex.error, RecursionError, OverflowError) as error:
            return Message(
                "expression {number}, {expression!r}: {error}", number=number, expression=expression[:60], error=error
            )
        if match:
            return Message(
                "expression {number}, {expression!r}, finds the empty text; use + for *",
                number=number,
                expression=expression[:60],
            )
    return ""


SETTINGS = {"expressions": Setting([], _wrong)}


def make(settings: Mapping[str, Any], least: float) -> Cleaner:
    """The cleaner of a step; `least` is not used, because every change is equally sure."""
    expressions = tuple(settings["expressions"])
    return clean_each(lambda text: clean(text, expressions))


def clean(text: str, expressions: tuple[str, ...]) -> Change | None:
    r"""`text` without what the expressions find, or None if they find nothing.

    >>> clean("어 (웃음) 그게 불이", (r"\(웃음\)", r"^어\s"))
    Change(after='그게 불이', reason="stop expressions: '(웃음)', '어'", confidence=0.9)
    """
    if len(text) > LONGEST:
        return None
    after, matches = text, []
    for number, expression in enumerate(expressions, 1):
        pattern = _compiled(expression)
        try:
            matches += [hit[0].strip()[:40] for hit in pattern.finditer(after, timeout=SECONDS) if hit[0]]
            after = pattern.sub(" ", after, timeout=SECONDS)
        except TimeoutError as error:
            raise InputError(
                "stop expression {number}, {expression!r}, took over {seconds:g} s for the text "
                "{text!r}: write it without a repeat inside a repeat",
                number=number,
                expression=expression[:60],
                seconds=SECONDS,
                text=text[:40],
            ) from error
        after = " ".join(after.split()) if matches else after
    if not matches or not any(c.isalnum() for c in after):
        return None
    names = ", ".join(repr(name) for name in list(dict.fromkeys(matches))[:5])
    return Change(after, Message("stop expressions: {names}", names=names), 0.9)


@lru_cache(maxsize=MOST)
def _compiled(expression: str) -> Any:
    return regex.compile(expression)
