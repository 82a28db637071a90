"""Cleaning plans: named pure steps in order, kept in the card so that serving cleans exactly as training did.

A step takes and gives text, never fails and changes nothing the second time. These steps alter no letters; changing
what somebody said (spelling, spacing, masking) is a Proposal that a curator accepts: see `core.cleaning.plan`.
"""

import unicodedata
from collections.abc import Callable, Sequence

from core.errors import UnknownName

Rewrite = Callable[[str], str]

# control, format (zero width, BOM, bidi) and lone surrogates, which no file or database can hold
_UNSEEN = ("Cc", "Cf", "Cs")


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _strip_controls(text: str) -> str:
    """Drop characters that show nothing; white space such as a line end stays."""
    kept = "".join(c for c in text if c.isspace() or unicodedata.category(c) not in _UNSEEN)
    # what stood apart may now compose: a text that came in NFC leaves in NFC
    return _nfc(kept) if unicodedata.is_normalized("NFC", text) else kept


def _collapse_space(text: str) -> str:
    return " ".join(text.split())


STEPS: dict[str, Rewrite] = {"nfc": _nfc, "strip-controls": _strip_controls, "collapse-space": _collapse_space}
DEFAULT_PLAN = ("nfc", "strip-controls", "collapse-space")


def apply(plan: Sequence[str], text: str) -> str:
    r"""`text` after every step of `plan`, in order; `UnknownName` lists the known steps, before any is applied.

    >>> apply(DEFAULT_PLAN, "\ufeff불이  났어요\n")
    '불이 났어요'
    """
    for name in plan:
        if name not in STEPS:
            raise UnknownName("cleaning step", name, tuple(STEPS))
    for name in plan:
        text = STEPS[name](text)
    return text
