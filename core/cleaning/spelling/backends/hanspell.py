"""Spelling by py-hanspell, which sends texts to a third party: see `core.cleaning.spelling.backends.remote`.

The service has refused its requests since 2023. `core.cleaning.spelling.backends.korector` asks the same service and
renews its key.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from core.cleaning.spelling.backends.remote import SURE, may_leave, refused
from core.cleaning.steps.change import Change


def correct(texts: Sequence[str], least: float, detector: str) -> list[Change | None]:
    """A change or None for each text; `MissingBackend` with the reason if the service fails for one of them."""
    check = import_module("hanspell").spell_checker.check
    return [_change(check, text) if least <= SURE and may_leave(text) else None for text in texts]


def _change(check: Any, text: str) -> Change | None:
    try:
        answer = check(text)
        after = str(answer.checked) if answer.result else ""
    except Exception as error:  # requests, json, KeyError: py-hanspell has no errors of its own
        raise refused("py-hanspell", f"{type(error).__name__}: {error}", text) from error
    if not after:
        raise refused("py-hanspell", "no result")
    return Change(after, "py-hanspell", SURE) if after != text else None
