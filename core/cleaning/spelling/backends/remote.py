"""What every speller keeps to that sends texts to another machine.

It is off until a curator accepts that. A text with personal data is not sent at all: masked, the answer would be about
another text. Every failure of the service becomes one `MissingBackend`, which quotes no text.
"""

from core.cleaning.personal_data.pii import mask
from core.cleaning.steps.text import PLACEHOLDER, readable
from core.errors import MissingBackend

MOST_LETTERS = 500  # of one request
SURE = 0.75
_LONGEST_REASON = 120


def may_leave(text: str) -> bool:
    """Whether `text` may be sent: it can be read, is short, and has neither personal data nor a mask of some."""
    return readable(text) and len(text) <= MOST_LETTERS and not PLACEHOLDER.search(text) and mask(text) == text


def refused(package: str, reason: str, text: str = "") -> MissingBackend:
    """The error for a service that gave no answer. `text` is the one that was sent; it is taken out of the reason."""
    reason = reason.partition(" with url")[0]  # an address contains what was sent
    reason = reason.replace(text, "…") if text else reason
    return MissingBackend(
        "the spelling service behind {package} gave no answer ({reason}); use offline",
        package=package,
        reason=reason[:_LONGEST_REASON],
    )
