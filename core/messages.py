"""Messages for people: a template and its fields, which a page translates into the reader's language.

A `Message` is a string, its English text: it can be printed, compared and stored like any other. `core.ui.translation`
translates the template, and then each field that has a translation (another Message, a Word, a scheme, a class, a
time).
A template is always a literal in the sources, so that the translation catalogue can contain all of them.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Self


class Message(str):
    """An English text that also holds its template and its fields.

    Without fields the text is its own template, and braces in it have no meaning.

    >>> Message("{n:,} rows of {name!r}", n=1200, name="a.csv")
    "1,200 rows of 'a.csv'"
    """

    template: str
    fields: dict[str, Any]

    def __new__(cls, template: str, /, **fields: Any) -> Self:
        if isinstance(template, cls) and not fields:
            return template
        values = {name: _field(value) for name, value in fields.items()}
        message = super().__new__(cls, template.format(**values) if values else template)
        message.template, message.fields = str(template), values
        return message

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        return (self.template,), self.fields


class Word(str):
    """A word of the program, such as `test` or `accepted`; the catalogue has a translation of it."""


class SchemeName(str):
    """The name of a Scheme; a page shows its title."""


class ClassName(str):
    """The code of a class of `scheme`; a page shows its title."""

    scheme: str

    def __new__(cls, scheme: str, code: str) -> Self:
        name = super().__new__(cls, code)
        name.scheme = scheme
        return name

    def __getnewargs_ex__(self) -> tuple[tuple[str, str], dict[str, Any]]:
        return (self.scheme, str(self)), {}


class Instant(str):
    """A time, ISO 8601 with its zone; a page shows it in the time zone of the reader."""


class Names(str):
    """A list of names with commas between; a page shows each in the reader's language.

    >>> Names(["danger", "urgency"])
    'danger, urgency'
    """

    parts: tuple[str, ...]

    def __new__(cls, parts: Iterable[str]) -> Self:
        values = tuple(parts)
        names = super().__new__(cls, ", ".join(values))
        names.parts = values
        return names

    def __getnewargs_ex__(self) -> tuple[tuple[tuple[str, ...]], dict[str, Any]]:
        return (self.parts,), {}


def within(where: str, part: str) -> Message:
    """Return the name of a place in a file: the key `part` inside the place `where`."""
    return Message("{where}, {part}", where=where, part=part)


def message_to_json(value: Any) -> Any:
    """Convert a message, or one of its fields, to JSON that keeps template and fields; plain text stays plain text."""
    match value:
        case Message():
            fields = {name: message_to_json(field) for name, field in value.fields.items()}
            return {"template": value.template, "fields": fields}
        case Word():
            return {"word": str(value)}
        case SchemeName():
            return {"scheme": str(value)}
        case ClassName():
            return {"scheme": value.scheme, "code": str(value)}
        case Instant():
            return {"instant": str(value)}
        case Names():
            return {"names": [message_to_json(part) for part in value.parts]}
    return value


def message_from_json(value: Any) -> Any:
    """Return the value that `message_to_json` was given. Text of old versions, without a template, stays text."""
    match value:
        case {"template": str(template), "fields": Mapping() as fields}:
            return Message(template, **{str(name): message_from_json(field) for name, field in fields.items()})
        case {"word": str(word)}:
            return Word(word)
        case {"scheme": str(scheme), "code": str(code)}:
            return ClassName(scheme, code)
        case {"scheme": str(scheme)}:
            return SchemeName(scheme)
        case {"instant": str(at)}:
            return Instant(at)
        case {"names": list(parts)}:
            return Names(map(message_from_json, parts))
    return value


def message_entry(text: str) -> dict[str, Any]:
    """Return JSON that keeps the template and fields of `text`, to be stored with it; {} if `text` is plain text."""
    plain = type(text) is str or (isinstance(text, Message) and not text.fields)
    return {} if plain else {"message": message_to_json(text)}


def restore_message(text: str, document: Mapping[str, Any]) -> str:
    """Return the message of the stored English `text`, from the `message_entry` in `document`.

    Rows of old versions have no such entry: for them this returns `text` itself.
    """
    message = message_from_json(document.get("message"))
    return message if isinstance(message, str) and message == text else text


def _field(value: Any) -> Any:
    """Return a value that JSON can hold and that has the same format as `value`; for an error, its message."""
    if value is None or isinstance(value, str | int | float):
        return value
    message = getattr(value, "message", None)
    if isinstance(message, Message):
        return message
    return value.item() if hasattr(value, "item") else str(value)
