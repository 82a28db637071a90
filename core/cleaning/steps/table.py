"""The table of the kinds of step that a review plan may have.

A step on a text is made once from its settings. It then takes texts in batches and gives a `Change` or None for each;
no content of a text makes it fail. A step on the corpus compares many texts. Here it is only a name, and the check of
the same name in `core.quality` does the work.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.cleaning.personal_data import pii
from core.cleaning.spacing import spacing
from core.cleaning.spelling import spelling
from core.cleaning.steps import repeats, stop, tags, unicode
from core.cleaning.steps.change import Cleaner, Setting


@dataclass(frozen=True, slots=True)
class StepKind:
    """A row of the table.

    `make(settings, least)` returns the cleaner, which leaves out changes with a confidence below `least`; None for a
    step on the corpus. `safe`: nothing that was spoken is lost, so a plan may apply it without a curator.
    `remote(settings)`: whether it would send texts to another machine.
    """

    description: str
    make: Callable[[Mapping[str, Any], float], Cleaner] | None = None
    settings: Mapping[str, Setting] = field(default_factory=dict)
    safe: bool = False
    remote: Callable[[Mapping[str, Any]], bool] = lambda settings: False


STEP_KINDS: dict[str, StepKind] = {
    "unicode": StepKind("NFC, control and zero-width characters, odd spaces", unicode.make, safe=True),
    "tags": StepKind("transcriber's tags: (SP:x) y, FP:, SN:, NO:", tags.make, safe=True),
    "repeats": StepKind("laughter, lengthened syllables and marks", repeats.make, repeats.SETTINGS),
    "stop": StepKind("what your regular expressions find is taken out", stop.make, stop.SETTINGS),
    "pii": StepKind("personal data behind placeholders such as [전화]", pii.make, pii.SETTINGS),
    "spacing": StepKind("white space between words", spacing.make, spacing.SETTINGS),
    "spelling": StepKind("spelling", spelling.make, spelling.SETTINGS, remote=spelling.remote),
    "same-text": StepKind("rows that repeat an earlier text"),
    "same-letters": StepKind("rows that repeat the letters of an earlier text"),
    "near-text": StepKind("rows nearly the same as an earlier text"),
    "label-conflict": StepKind("copies of a text with different labels"),
}
