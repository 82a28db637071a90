"""Sentences for people: a template and its fields, in English here and in the reader's language on a page.

A `Message` is its English text: it can be printed, compared and stored as one. `core.ui.phrases` translates the
template and then each field that has a name in the reader's language (another Message, a Word, a scheme, a class).
A template is a literal in the sources, never put together, so that the catalogue can hold all of them.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Self


class Message(str):
    """English text that remembers the template and the fields it was made of.

    Without fields the text is its own template, and braces in it mean nothing.

    >>> Message("{n:,} rows of {name!r}", n=1200, name="a.csv")
    "1,200 rows of 'a.csv'"
    """

    template: str
    fields: dict[str, Any]

    def __new__(cls, template: str, /, **fields: Any) -> Self:
        if isinstance(template, cls) and not fields:
            return template
        held = {name: _field(value) for name, value in fields.items()}
        made = super().__new__(cls, template.format(**held) if held else template)
        made.template, made.fields = str(template), held
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        return (self.template,), self.fields


class Word(str):
    """A word of the program (`test`, `accepted`): the catalogue holds it."""


class SchemeName(str):
    """The name of a Scheme; a page shows its title."""


class ClassName(str):
    """The code of a class of `scheme`; a page shows its title."""

    scheme: str

    def __new__(cls, scheme: str, code: str) -> Self:
        made = super().__new__(cls, code)
        made.scheme = scheme
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[str, str], dict[str, Any]]:
        return (self.scheme, str(self)), {}


class Names(str):
    """Names with commas between, each shown in the reader's language.

    >>> Names(["danger", "urgency"])
    'danger, urgency'
    """

    parts: tuple[str, ...]

    def __new__(cls, parts: Iterable[str]) -> Self:
        held = tuple(parts)
        made = super().__new__(cls, ", ".join(held))
        made.parts = held
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[tuple[str, ...]], dict[str, Any]]:
        return (self.parts,), {}


def within(where: str, part: str) -> Message:
    """The place `part` (a key of the file) of the place `where`."""
    return Message("{where}, {part}", where=where, part=part)


def packed(value: Any) -> Any:
    """A message, or a field of one, as JSON that keeps template and fields; text without them stays text."""
    match value:
        case Message():
            return {"template": value.template, "fields": {name: packed(one) for name, one in value.fields.items()}}
        case Word():
            return {"word": str(value)}
        case SchemeName():
            return {"scheme": str(value)}
        case ClassName():
            return {"scheme": value.scheme, "code": str(value)}
        case Names():
            return {"names": [packed(part) for part in value.parts]}
    return value


def unpacked(value: Any) -> Any:
    """What `packed` was given; text that was stored before messages had templates stays text."""
    match value:
        case {"template": str(template), "fields": Mapping() as fields}:
            return Message(template, **{str(name): unpacked(one) for name, one in fields.items()})
        case {"word": str(word)}:
            return Word(word)
        case {"scheme": str(scheme), "code": str(code)}:
            return ClassName(scheme, code)
        case {"scheme": str(scheme)}:
            return SchemeName(scheme)
        case {"names": list(parts)}:
            return Names(map(unpacked, parts))
    return value


def beside(text: str) -> dict[str, Any]:
    """What to store as JSON beside the English `text` to read it again whole; nothing where the text is enough."""
    plain = type(text) is str or (isinstance(text, Message) and not text.fields)
    return {} if plain else {"message": packed(text)}


def reread(text: str, document: Mapping[str, Any]) -> str:
    """The message whose English `text` was stored with `beside` it in `document`; old rows have the text alone."""
    made = unpacked(document.get("message"))
    return made if isinstance(made, str) and made == text else text


def _field(value: Any) -> Any:
    """A value that JSON can hold and that formats as `value` does; of an error its message."""
    if value is None or isinstance(value, str | int | float):
        return value
    message = getattr(value, "message", None)
    if isinstance(message, Message):
        return message
    return value.item() if hasattr(value, "item") else str(value)
