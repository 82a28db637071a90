"""Label values that mean "no answer", which programs write into empty cells, and the reading of values without them.

A value is never dropped without a word: an importer counts it in a note. A scheme that has a class of that spelling
keeps it: then it is an answer. `없음`, `none` and `미정` are answers, since people use them as classes.
"""

import re
from collections.abc import Iterable

from core.schemes.classes import JOIN, Scheme
from core.text.visible import folded, visible

_WRITTEN = frozenset(("NA", "None"))  # only in this writing: `na` and `none` may be classes
_ANY_CASE = frozenset((
    "", "n/a", "n.a.", "nan", "-nan", "null", "(null)", "<null>", "<na>", "<nan>", "<none>", "nat", "(blank)",
    "(비어 있음)", "#n/a", "#n/a n/a", "#na", "#value!", "#ref!", "#name?", "#div/0!", "#null!", "#num!", "#error!",
))  # fmt: skip
_DASHES = re.compile(r"[-.\u2010-\u2015\u2212\u30fc\u3161\uff0d\uff0e~_]+")


def is_missing(value: str) -> bool:
    """Whether `value` means that there is no answer.

    >>> [is_missing(value) for value in ("-", "N/A", "#N/A", "NaN", "None", "none", "없음", "-1")]
    [True, True, True, True, True, False, False, False]
    """
    shown = visible(value)
    return shown in _WRITTEN or folded(shown) in _ANY_CASE or _DASHES.fullmatch(shown) is not None


def class_values(values: Iterable[str]) -> list[str]:
    """`values` as the classes that they mean: as people see them, each once, without those that mean no answer.

    >>> class_values(["긴급", "긴급\\u200b", " 긴급", "N/A", "Ａ", "A"])
    ['긴급', 'A']
    """
    shown = [visible(value) for value in values]
    signs = "+" in shown  # then a minus is its counterpart
    classes: dict[str, str] = {}
    for value in shown:
        if not is_missing(value) or (signs and folded(value) == "-"):
            key = folded(value)
            if key not in classes or (_narrow(value) and not _narrow(classes[key])):
                classes[key] = value
    return list(classes.values())


def _narrow(value: str) -> bool:
    """Whether `value` has no letters of unusual width."""
    return folded(value) == value.casefold()


def read_value(scheme: Scheme, value: str) -> str:
    """The code of `value` under `scheme`, "" if it means no answer. `UnknownName` if it is no class.

    In a multi scheme `value` may hold several values, joined by `|`.
    """
    if code := scheme.find(value):
        return code
    if is_missing(value):
        return ""
    parts = value.split(JOIN) if scheme.kind == "multi" else [value]
    codes = [code for part in parts if (code := scheme.find(part)) or not is_missing(part)]
    if None in codes:
        return scheme.parse(value)
    return scheme.join(code for code in codes if code)
