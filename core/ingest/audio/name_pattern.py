"""Reads fields from a file's name: the pattern `{digit}_{speaker}_{take}.wav` finds three fields in `7_jackson_32.wav`.

A field is the shortest text before the next literal of the pattern; the last field is the rest of the name. There is no
backtracking, so a hostile name takes linear time. A `/` in a pattern stands for the folders above the file.
"""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath

from core.errors import InputError
from core.messages import Message

FOLDER = "folder"  # the field that every file has: the name of the folder it lies in
SUFFIXES = (".wav", ".wavp", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".snd")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern. `parts`: for each path component its literals and fields in turn, a literal at both ends."""

    text: str
    parts: tuple[tuple[str, ...], ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of all fields, from left to right."""
        return tuple(name for part in self.parts for name in part[1::2])

    def read(self, path: str) -> dict[str, str] | None:
        """field -> text for `path` (relative, with `/`), or None if it does not fit. The file's suffix may differ.

        >>> compile_pattern("{label}/{speaker}-{take}.wav").read("calls/위험/kim-3.wavp")
        {'label': '위험', 'speaker': 'kim', 'take': '3'}
        """
        components = unicodedata.normalize("NFC", path).split("/")[-len(self.parts) :]
        if len(components) < len(self.parts):
            return None
        last = components[-1]
        for name in (PurePosixPath(last).stem, last):
            matches = [_read(part, c) for part, c in zip(self.parts, [*components[:-1], name], strict=True)]
            if all(match is not None for match in matches):
                return {k: v for match in matches if match for k, v in match.items()}
        return None


def compile_pattern(text: str) -> Pattern:
    """Compile `text`. `InputError` if it has no field, a repeated or badly named field, or two fields side by side."""
    text = unicodedata.normalize("NFC", text)
    stem = text[: -len(PurePosixPath(text).suffix)] if PurePosixPath(text).suffix.lower() in SUFFIXES else text
    pattern = Pattern(text, tuple(tuple(re.split(r"\{([^{}/]*)\}", part)) for part in stem.split("/")))
    names = pattern.fields
    fault = (
        Message("has no field such as {speaker}") if not names
        else Message("names a field twice") if len(set(names)) < len(names)
        else Message("calls a field {name!r}, which is the folder a file lies in", name=FOLDER) if FOLDER in names
        else Message("has a field whose name is not letters, digits and _") if not all(map(str.isidentifier, names))
        else Message("has a stray brace") if any(c in s for part in pattern.parts for s in part[::2] for c in "{}")
        else Message("has two fields that touch") if any("" in part[2:-1:2] for part in pattern.parts)
        else None
    )  # fmt: skip
    if fault:
        raise InputError(
            "pattern {text!r} {reason}; an example is '{{digit}}_{{speaker}}_{{take}}.wav'", text=text, reason=fault
        )
    return pattern


def _read(part: tuple[str, ...], name: str) -> dict[str, str] | None:
    """The fields of one path component, or None if it does not fit. Every field has at least one character."""
    first, last = part[0], part[-1]
    if len(part) == 1:
        return {} if name == first else None
    if not name.startswith(first) or not name.endswith(last) or len(name) <= len(first) + len(last):
        return None
    rest, fields = name[len(first) : len(name) - len(last)], {}
    for field, literal in zip(part[1:-2:2], part[2:-1:2], strict=True):
        at = rest.find(literal, 1)
        if at < 0:
            return None
        fields[field], rest = rest[:at], rest[at + len(literal) :]
    if not rest:
        return None
    return fields | {part[-2]: rest}
