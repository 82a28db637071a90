"""Spelling by korector, the living client of the service that py-hanspell called.

It sends texts to a third party: see `core.cleaning.spelling.backends.remote`. It fetches a key of the service when it
has none, and this adapter has it fetch another one when the service does not take the key any more. No key is written
to the disk.
"""

import html
import os
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from core.cleaning.spelling.backends.remote import SURE, may_leave, refused
from core.cleaning.steps.change import Change
from core.cleaning.steps.text import PLACEHOLDER
from core.text.visible import emoji

MOST_LETTERS = 450  # it cuts a longer text into sentences and loses the white space between them


def correct(texts: Sequence[str], least: float, detector: str) -> list[Change | None]:
    """A change or None for each text; `MissingBackend` with the reason if the service fails for one of them."""
    if least > SURE:
        return [None] * len(texts)
    return [_change(client(), text) if len(text) <= MOST_LETTERS and may_leave(text) else None for text in texts]


@cache
def client() -> Any:
    """The client of the service, one for the process, so that its key is fetched once."""
    checker = import_module("korector").NaverSpellChecker()
    checker.passport_key_path = Path(os.devnull)  # it would write the key into the home folder
    checker.passport_key = None
    return checker


def _change(checker: Any, text: str) -> Change | None:
    answer = checker.check(text)
    if _keyless(answer):
        checker.passport_key = None  # an old key: the service answers without a result, which reads like "all is right"
        answer = checker.check(text)
    if not answer["success"] or _keyless(answer):
        raise refused("korector", str(answer.get("error") or "no result"), text)
    core = text.strip()
    after = html.unescape(str(answer["corrected"]).replace("<br>", "\n")).replace("\xa0", " ").strip()
    if after in ("", core) or PLACEHOLDER.search(after) or emoji(after) != emoji(core):
        return None
    return Change(text.replace(core, after), "korector", SURE)


def _keyless(answer: Any) -> bool:
    """Whether the service answered without looking at the text: each answer that has looked contains it as HTML."""
    return bool(answer["success"]) and not answer.get("html")
