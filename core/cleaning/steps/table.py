"""What a step of a review plan is, and the table of them.

A step of a text is made from its settings once and then reads texts in batches; for each it gives a `Change` or None.
It never raises for what a text holds. A step of the corpus looks at many texts at once; here it is a name in the plan,
and `core.quality` has a check of the same name that does it.
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
class Kind:
    """`make(settings, least)` gives the cleaner; a finding of less confidence than `least` is left out.

    `safe`: it loses nothing of what was said, so a plan may let it apply itself. `make` None: a step of the corpus.
    `remote(settings)`: texts would leave this machine.
    """

    about: str
    make: Callable[[Mapping[str, Any], float], Cleaner] | None = None
    settings: Mapping[str, Setting] = field(default_factory=dict)
    safe: bool = False
    remote: Callable[[Mapping[str, Any]], bool] = lambda settings: False


KINDS: dict[str, Kind] = {
    "unicode": Kind("NFC, control and zero-width characters, odd spaces", unicode.make, safe=True),
    "tags": Kind("transcriber's tags: (SP:x) y, FP:, SN:, NO:", tags.make, safe=True),
    "repeats": Kind("laughter, lengthened syllables and marks", repeats.make, repeats.SETTINGS),
    "stop": Kind("what your regular expressions find is taken out", stop.make, stop.SETTINGS),
    "pii": Kind("personal data behind placeholders such as [전화]", pii.make, pii.SETTINGS),
    "spacing": Kind("white space between words", spacing.make, spacing.SETTINGS),
    "spelling": Kind("spelling", spelling.make, spelling.SETTINGS, remote=spelling.remote),
    "same-text": Kind("rows that repeat an earlier text"),
    "same-letters": Kind("rows that repeat the letters of an earlier text"),
    "near-text": Kind("rows nearly the same as an earlier text"),
    "label-conflict": Kind("copies of a text with different labels"),
}
