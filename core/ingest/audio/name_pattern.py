"""Reads fields from a file's name: the pattern `{digit}_{speaker}_{take}.wav` finds three fields in `7_jackson_32.wav`.

A field is the shortest text before the next literal of the pattern; the last field is the rest of the name.
`{speaker:3}` has exactly three characters, so such fields may touch: `{speaker:3}{take:5}`. There is no backtracking,
so a hostile name takes linear time. A `/` in a pattern stands for the folders above the file.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import PurePosixPath

from core.audio.header import SUFFIXES
from core.errors import InputError
from core.messages import Message

FOLDER = "folder"  # the field that every file has: the name of the folder it lies in
_WIDEST = 100
_WIDTH = re.compile(r"[1-9]\d{0,2}")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern. `parts`: for each path component its literals and fields in turn, a literal at both ends.

    `widths`: field -> its number of characters, for those that have one.
    """

    text: str
    parts: tuple[tuple[str, ...], ...]
    widths: Mapping[str, int] = field(default_factory=dict)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of all fields, from left to right."""
        return tuple(name for part in self.parts for name in part[1::2])

    def read(self, path: str) -> dict[str, str] | None:
        """field -> text for `path` (relative, with `/`), or None if it does not fit. The file's suffix may differ.

        >>> compile_pattern("{label}/{speaker}-{take}.wav").read("calls/위험/kim-3.wavp")
        {'label': '위험', 'speaker': 'kim', 'take': '3'}
        >>> compile_pattern("{speaker:3}{take:5}.wav").read("A0700012.wav")
        {'speaker': 'A07', 'take': '00012'}
        """
        components = unicodedata.normalize("NFC", path).split("/")[-len(self.parts) :]
        if len(components) < len(self.parts):
            return None
        last = components[-1]
        stem, suffix = PurePosixPath(last).stem, PurePosixPath(last).suffix.lower()
        for name in (stem,) if suffix in SUFFIXES else (stem, last):
            matches = [
                _read(part, c, self.widths) for part, c in zip(self.parts, [*components[:-1], name], strict=True)
            ]
            if all(match is not None for match in matches):
                return {k: v for match in matches if match for k, v in match.items()}
        return None


def compile_pattern(text: str) -> Pattern:
    """Compile `text`. `InputError` if it has no field, a repeated or badly named field, or fields that cannot be told
    apart.
    """
    text = unicodedata.normalize("NFC", text)
    stem = text[: -len(PurePosixPath(text).suffix)] if PurePosixPath(text).suffix.lower() in SUFFIXES else text
    written = tuple(tuple(re.split(r"\{([^{}/]*)\}", part)) for part in stem.split("/"))
    parts = tuple(tuple(s.partition(":")[0] if n % 2 else s for n, s in enumerate(part)) for part in written)
    widths = {s.partition(":")[0]: s.partition(":")[2] for part in written for s in part[1::2] if ":" in s}
    fault = _fault(parts, widths)
    if fault:
        raise InputError(
            "pattern {text!r} {reason}; an example is '{{digit}}_{{speaker}}_{{take}}.wav'", text=text, reason=fault
        )
    return Pattern(text, parts, {name: int(width) for name, width in widths.items()})


def _fault(parts: Sequence[Sequence[str]], widths: Mapping[str, str]) -> Message | None:
    """What is wrong with a pattern, or None."""
    names = [name for part in parts for name in part[1::2]]
    return (
        Message("has no field such as {speaker}") if not names
        else Message("names a field twice") if len(set(names)) < len(names)
        else Message("calls a field {name!r}, which is the folder a file lies in", name=FOLDER) if FOLDER in names
        else Message("has a field whose name is not letters, digits and _") if not all(map(str.isidentifier, names))
        else Message("has a field whose width is no number from 1 to {most}", most=_WIDEST)
        if not all(_WIDTH.fullmatch(width) and int(width) <= _WIDEST for width in widths.values())
        else Message("has a stray brace") if any(c in s for part in parts for s in part[::2] for c in "{}")
        else Message("has two fields that touch, and a width for neither")
        if any(sum(name not in widths for name in run) > 1 for part in parts for run, _ in _runs(part))
        else None
    )  # fmt: skip


def _runs(part: Sequence[str]) -> list[tuple[list[str], str]]:
    """The fields that touch each other, and the literal after them, from left to right."""
    runs: list[tuple[list[str], str]] = [([], "")] if len(part) > 1 else []
    for name, literal in zip(part[1::2], part[2::2], strict=True):
        runs[-1] = ([*runs[-1][0], name], literal)
        if literal:
            runs.append(([], ""))
    return [run for run in runs if run[0]]


def _read(part: Sequence[str], name: str, widths: Mapping[str, int]) -> dict[str, str] | None:
    """The fields of one path component, or None if it does not fit. Every field has at least one character."""
    first, last = part[0], part[-1]
    if len(part) == 1:
        return {} if name == first else None
    if not name.startswith(first) or not name.endswith(last) or len(name) <= len(first) + len(last):
        return None
    rest, fields = name[len(first) : len(name) - len(last)], dict[str, str]()
    *runs, (final, _) = _runs(part)
    for run, literal in runs:
        fixed = sum(widths.get(name, 0) for name in run)
        is_open = any(name not in widths for name in run)
        at = rest.find(literal, fixed + 1) if is_open else fixed if rest.startswith(literal, fixed) else -1
        if at < 0 or not _take(run, rest[:at], widths, fields):
            return None
        rest = rest[at + len(literal) :]
    return fields if _take(final, rest, widths, fields) else None


def _take(run: Sequence[str], text: str, widths: Mapping[str, int], fields: dict[str, str]) -> bool:
    """Divide `text` among the fields of `run`, of which at most one has no width; False if it does not fit."""
    spare = len(text) - sum(widths.get(name, 0) for name in run)
    if spare < 0 or (spare > 0) != any(name not in widths for name in run):
        return False
    ends = [0]
    for name in run:
        ends.append(ends[-1] + widths.get(name, spare))
    fields.update({name: text[start:end] for name, (start, end) in zip(run, pairwise(ends), strict=True)})
    return True
