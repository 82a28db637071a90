"""Spelling by matchum, a package of rules without a network. Only its sure corrections of spelling are suggested.

Its corrections of white space are left to the step `spacing`, its advice on style and its warnings to nobody.
"""

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Any

from core.cleaning.steps.change import Change
from core.cleaning.steps.text import PLACEHOLDER, readable

SURE = 0.8
_MOST_NAMED = 5  # corrections named in a reason


def correct(texts: Sequence[str], least: float, detector: str) -> list[Change | None]:
    """The corrected text for each text; None if the rules find nothing."""
    if least > SURE:
        return [None] * len(texts)
    return [_change(text) if readable(text) else None for text in texts]


@cache
def _checker() -> Any:
    matchum = import_module("matchum")
    return matchum.Checker(categories={matchum.Category.SPELLING})


def _change(text: str) -> Change | None:
    answer = _checker().check(text)
    after = str(answer.checked)
    if after == text or PLACEHOLDER.findall(after) != PLACEHOLDER.findall(text):
        return None
    fixes = [fix for fix in answer.corrections if fix.level.value == "error"]
    reason = "; ".join(f"{fix.original} → {fix.suggestion} ({fix.message})" for fix in fixes[:_MOST_NAMED])
    return Change(after, reason, SURE)
