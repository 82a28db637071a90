"""Spelling by py-hanspell, which sends texts to a third party, so it is off until a curator accepts that.

A text with personal data is not sent at all: `core.cleaning.personal_data.pii` would mask it, and the answer would be
about another text. The service has not answered since 2023; every failure becomes one `MissingBackend`.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from core.cleaning.personal_data.pii import mask
from core.cleaning.steps.change import Change
from core.cleaning.steps.text import PLACEHOLDER, readable
from core.errors import MissingBackend

MOST_LETTERS = 500  # of one request
SURE = 0.75


def correct(texts: Sequence[str], least: float, detector: str) -> list[Change | None]:
    """A change or None for each text; `MissingBackend` with the reason if the service fails for one of them."""
    check = import_module("hanspell").spell_checker.check
    return [_change(check, text) if least <= SURE and _may_leave(text) else None for text in texts]


def _may_leave(text: str) -> bool:
    return readable(text) and len(text) <= MOST_LETTERS and not PLACEHOLDER.search(text) and mask(text) == text


def _change(check: Any, text: str) -> Change | None:
    try:
        answer = check(text)
        after = str(answer.checked) if answer.result else ""
    except Exception as error:  # requests, json, KeyError: py-hanspell has no errors of its own
        raise _refused(f"{type(error).__name__}: {error}") from error
    if not after:
        raise _refused("no result")
    return Change(after, "py-hanspell", SURE) if after != text else None


def _refused(reason: str) -> MissingBackend:
    return MissingBackend(
        "the spelling service behind py-hanspell gave no answer ({reason}); use offline", reason=reason[:120]
    )
