"""What a model reads of a text: one answer for freezing, training, judging the pool and serving.

The plan of a card names pure steps in order. A step takes a text and gives a text, never fails and changes nothing the
second time. The steps alter no letters; changing what somebody said (spelling, spacing, masking) is a Proposal that a
curator accepts: see `core.cleaning.plan`.
"""

import unicodedata
from collections.abc import Callable, Sequence

from core.errors import UnknownName
from core.records import CAPTION

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


def model_text(plan: Sequence[str], text: str, origin: str = "imported") -> str:
    """Return the text that a model with this plan reads, or an empty string where it has nothing to read.

    A caption gives nothing: nobody said it, and hundreds of recordings share it.

    >>> model_text(("collapse-space",), "불이  났어요"), model_text(("collapse-space",), "도로", "caption")
    ('불이 났어요', '')
    """
    return "" if origin == CAPTION else apply(plan, text)
