"""The text that a model reads. Snapshots, training, predictions on the pool and serving all use this module.

A plan is a list of step names, stored in the card. A step is a pure function from text to text; it never fails, and a
second application changes nothing. The steps change no letters. Changes of spelling, spacing or personal data are
Proposals that a curator accepts: see `core.cleaning.plan`.
"""

import unicodedata
from collections.abc import Callable, Sequence

from core.errors import UnknownName
from core.records import CAPTION
from core.text import nfc

Rewrite = Callable[[str], str]

# control, format (zero width, BOM, bidi) and lone surrogates, which no file or database can hold
_UNSEEN = ("Cc", "Cf", "Cs")


def _strip_controls(text: str) -> str:
    """Remove invisible characters; white space such as a line end stays."""
    if text.isprintable():  # what is not seen is not printable either
        return text
    visible = "".join(c for c in text if c.isspace() or unicodedata.category(c) not in _UNSEEN)
    # Two letters that a removed character separated may compose now: normalise again if the text was in NFC.
    return nfc(visible) if unicodedata.is_normalized("NFC", text) else visible


def _collapse_space(text: str) -> str:
    return " ".join(text.split())


STEPS: dict[str, Rewrite] = {"nfc": nfc, "strip-controls": _strip_controls, "collapse-space": _collapse_space}
DEFAULT_PLAN = ("nfc", "strip-controls", "collapse-space")


def apply(plan: Sequence[str], text: str) -> str:
    r"""Apply the steps of `plan` to `text`, in order; `UnknownName` if one of them does not exist.

    >>> apply(DEFAULT_PLAN, "\ufeff불이  났어요\n")
    '불이 났어요'
    """
    for name in plan:
        if name not in STEPS:
            raise UnknownName("cleaning step", name, tuple(STEPS))
    for name in plan:
        text = STEPS[name](text)
    return text


def model_text(plan: Sequence[str], text: str, origin: str = "imported") -> str:
    """Return the text that a model with this plan reads, or "" if there is nothing to read.

    A caption gives "": it describes the recording, nobody spoke it, and hundreds of recordings share it.

    >>> model_text(("collapse-space",), "불이  났어요"), model_text(("collapse-space",), "도로", "caption")
    ('불이 났어요', '')
    """
    return "" if origin == CAPTION else apply(plan, text)
