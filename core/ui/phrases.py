"""Messages of the layers below (errors, findings, notes of a table), formatted in the reader's language.

`scripts/messages.py` collects their templates from the sources, so the catalogue holds all of them. The shell, the
files and the REST service say the English.
"""

from collections.abc import Mapping
from typing import Any

from core.messages import ClassName, Message, Names, SchemeName, Word
from core.ui.i18n import N_, _
from core.ui.widgets import forms

# Words that the layers below hand over by value: parts of the corpus, states, what a setting may be.
WORDS = (
    N_("none"), N_("train"), N_("validation"), N_("test"), N_("unlabelled"), N_("open"), N_("accepted"),
    N_("rejected"), N_("queued"), N_("running"), N_("done"), N_("failed"), N_("cancelled"), N_("text"), N_("voice"),
    N_("single"), N_("multi"), N_("kind"), N_("level"), N_("name"), N_("utterance"), N_("recording"), N_("view"),
    N_("tag"), N_("a text"), N_("a list"), N_("true or false"), N_("a whole number"), N_("a number"),
    N_("active"), N_("proposed"), N_("disputed"), N_("call-taker"), N_("no usable voice"),
    N_("no text and no usable voice"), N_("keep"), N_("drop"), N_("majority"),
)  # fmt: skip


def shown(text: str) -> str:
    """`text` in the session's language; a plain text is its own template, so a stored English sentence may be too.

    A template that the catalogue does not hold stays English; its fields are translated all the same.
    """
    if not isinstance(text, Message):
        return str(_field(text)) if type(text) is not str else _literal(text)
    return _filled(text.template, text.fields) if text.fields else _literal(text.template)


def _literal(text: str) -> str:
    return _(text) if text else text  # gettext("") is the catalogue's header


def _filled(template: str, fields: Mapping[str, Any]) -> str:
    return _literal(template).format(**{name: _field(value) for name, value in fields.items()})


def _field(value: Any) -> Any:
    """A field as the reader calls it; data (a file's name, a cell, a number) stays what it is."""
    match value:
        case Message():
            return shown(value)
        case Word():
            return _literal(str(value))
        case SchemeName():
            return forms.scheme_title(value)
        case ClassName():
            return forms.code_title(value.scheme, value)
        case Names():
            return ", ".join(str(_field(part)) for part in value.parts)
    return value
