"""Words and pictures of one Difference between a delivered item and the known one.

Texts, names and classes of a delivery are hostile: they are escaped before they become Markdown. Removed words are red
with a −, new words are green with a +, so that colours are not needed to read them.
"""

import re
from typing import Any

from core.cleaning import diff
from core.messages import message_from_json
from core.records import Difference
from core.ui import translation
from core.ui.i18n import N_, _
from core.ui.widgets import forms

LABEL = "label:"
FIELDS = {
    "text": N_("Text"), "start_ms": N_("Start"), "end_ms": N_("End"), "speaker": N_("Speaker"), "audio": N_("Audio"),
}  # fmt: skip
EDGE = 24  # characters that stay on each side of a long run of equal words
HASH_CHARS = 10  # of a SHA-256, enough to tell two files apart
SHAPES = {"same": "{}", "del": ":red-background[− {}]", "ins": ":green-background[\\+ {}]"}


def place(where: Any) -> str:
    """Return the place of an item in its delivery in the reader's language; `where` may be stored as JSON."""
    return translation.translate(message_from_json(where)) if where else ""


def field_title(field: str) -> str:
    """Return the title of a field; the field of a label has the title of its scheme."""
    return forms.scheme_title(field.removeprefix(LABEL)) if field.startswith(LABEL) else _(FIELDS.get(field, field))


def value_text(field: str, value: Any) -> str:
    """Return a value as a person reads it: a time in seconds, the title of a class, the beginning of a hash."""
    if value is None or value == "":
        return _("none")
    if field.startswith(LABEL):
        return forms.code_title(field.removeprefix(LABEL), str(value))
    if field == "speaker":
        return forms.speaker_title(str(value))
    if field in ("start_ms", "end_ms"):
        return _("{s} s").format(s=f"{int(value) / 1000:.3f}")
    return f"{value[:HASH_CHARS]}…" if field == "audio" and re.fullmatch("[0-9a-f]{64}", str(value)) else str(value)


def markdown(difference: Difference) -> str:
    """Return the difference as Markdown: a text word by word, any other field as its two values.

    >>> markdown(Difference("text", "불이 낫어요", "불이 났어요"))
    '불이 :red-background[− 낫어요] :green-background[\\\\+ 났어요]'
    """
    field = difference.field
    if field == "text" and difference.before and difference.after:
        words = diff(str(difference.before), str(difference.after))
        return " ".join(
            SHAPES[what].format(forms.plain(_cut(part) if what == "same" else part)) for what, part in words
        )
    before, after = (forms.plain(value_text(field, value)) for value in (difference.before, difference.after))
    return f"{SHAPES['del'].format(before)} {SHAPES['ins'].format(after)}"


def _cut(words: str) -> str:
    """Shorten a long run of equal words in its middle.

    >>> _cut("가" * 100) == "가" * 24 + " … " + "가" * 24
    True
    """
    return words if len(words) <= 3 * EDGE else f"{words[:EDGE]} … {words[-EDGE:]}"
