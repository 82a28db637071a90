"""Translates and formats messages of the layers below: errors, findings, notes about a table.

`scripts/messages.py` collects their templates from the sources, so the catalogue holds all of them. The shell, the
files and the REST service use the English text.
"""

from collections.abc import Mapping
from typing import Any

from core.messages import ClassName, Instant, Message, Names, SchemeName, Word
from core.ui.i18n import N_, _
from core.ui.widgets import forms

# Words that the layers below pass as field values: splits, states, types of settings.
WORDS = (
    N_("none"), N_("train"), N_("validation"), N_("test"), N_("unlabelled"), N_("open"), N_("accepted"),
    N_("rejected"), N_("queued"), N_("running"), N_("done"), N_("failed"), N_("cancelled"), N_("text"), N_("voice"),
    N_("single"), N_("multi"), N_("kind"), N_("level"), N_("name"), N_("utterance"), N_("recording"), N_("view"),
    N_("tag"), N_("a text"), N_("a list"), N_("true or false"), N_("a whole number"), N_("a number"),
    N_("active"), N_("proposed"), N_("disputed"), N_("call-taker"), N_("no usable voice"), N_("unknown speaker"),
    N_("no text and no usable voice"), N_("source without a label"), N_("no published split"), N_("keep"), N_("drop"),
    N_("majority"),
)  # fmt: skip


def translate(text: str) -> str:
    """Return `text` in the session's language. A plain string is its own template, so stored English is translated too.

    A template that the catalogue does not hold stays English; its fields are translated all the same.
    """
    if not isinstance(text, Message):
        return str(_translate_field(text)) if type(text) is not str else _translate_template(text)
    return _fill(text.template, text.fields) if text.fields else _translate_template(text.template)


def _translate_template(text: str) -> str:
    return _(text) if text else text  # gettext("") is the catalogue's header


def _fill(template: str, fields: Mapping[str, Any]) -> str:
    return _translate_template(template).format(**{name: _translate_field(value) for name, value in fields.items()})


def _translate_field(value: Any) -> Any:
    """Return the field in the session's language. Data (a file name, a cell, a number) is returned unchanged."""
    match value:
        case Message():
            return translate(value)
        case Word():
            return _translate_template(str(value))
        case SchemeName():
            return forms.scheme_title(value)
        case ClassName():
            return forms.code_title(value.scheme, value)
        case Instant():
            return forms.minute(value)
        case Names():
            return ", ".join(str(_translate_field(part)) for part in value.parts)
    return value
