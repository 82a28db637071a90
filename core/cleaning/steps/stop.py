"""The `stop` step: what a curator's regular expressions find is taken out.

Expressions are those of the `regex` package (a superset of Python's). A text longer than `LONGEST` is left alone, and
an expression gets `SECONDS` of processor time for one text: one that takes longer (nested repeats) would stop a run of
a million texts, so the run ends with its number and text instead. White space beside what was taken out becomes one
space. A match that would leave nothing of the text leaves the text as it is.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import regex

from core.cleaning.steps.change import Change, Cleaner, Setting, each
from core.errors import InputError
from core.messages import Message

LONGEST = 10_000
LONGEST_EXPRESSION = 500
MOST = 100
SECONDS = 1.0


def _wrong(expressions: Sequence[Any]) -> str:
    if len(expressions) > MOST:
        return Message("{n} expressions; at most {most}", n=len(expressions), most=MOST)
    for number, one in enumerate(expressions, 1):
        if not isinstance(one, str) or not one:
            return Message("expression {number} is no text", number=number)
        if len(one) > LONGEST_EXPRESSION:
            return Message(
                "expression {number} has {n} characters; at most {most}",
                number=number,
                n=len(one),
                most=LONGEST_EXPRESSION,
            )
        try:
            found = regex.compile(one).search("")
        except (regex.error, RecursionError, OverflowError) as error:
            return Message(
                "expression {number}, {expression!r}: {error}", number=number, expression=one[:60], error=error
            )
        if found:
            return Message(
                "expression {number}, {expression!r}, finds the empty text; use + for *",
                number=number,
                expression=one[:60],
            )
    return ""


SETTINGS = {"expressions": Setting([], _wrong)}


def make(settings: Mapping[str, Any], least: float) -> Cleaner:
    expressions = tuple(settings["expressions"])
    return each(lambda text: clean(text, expressions))


def clean(text: str, expressions: tuple[str, ...]) -> Change | None:
    r"""
    >>> clean("어 (웃음) 그게 불이", (r"\(웃음\)", r"^어\s"))
    Change(after='그게 불이', reason="stop expressions: '(웃음)', '어'", confidence=0.9)
    """
    if len(text) > LONGEST:
        return None
    after, found = text, []
    for number, expression in enumerate(expressions, 1):
        pattern = _compiled(expression)
        try:
            found += [hit[0].strip()[:40] for hit in pattern.finditer(after, timeout=SECONDS) if hit[0]]
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
        after = " ".join(after.split()) if found else after
    if not found or not any(c.isalnum() for c in after):
        return None
    names = ", ".join(repr(name) for name in list(dict.fromkeys(found))[:5])
    return Change(after, Message("stop expressions: {names}", names=names), 0.9)


@lru_cache(maxsize=MOST)
def _compiled(expression: str) -> Any:
    return regex.compile(expression)
