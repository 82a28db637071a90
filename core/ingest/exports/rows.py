"""What the readers of exports hand over: one Told an utterance, labels still as they are written.

Who stores it turns label values into codes of a Scheme, references into ids and sound into a path.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from core.errors import BadRecord
from core.records import NewRecording, NewUtterance, Skip
from core.schemes import Scheme

_MOST = 2**31
_SURE = 10  # digits that cannot reach it


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a model said, `value` as it is written; None where the file does not tell how sure it was."""

    model: str
    scheme: str
    value: str
    confidence: float | None
    margin: float | None


@dataclass(frozen=True, slots=True)
class Told:
    """`new.labels` is empty; `labels` maps scheme to value. `text` is what `new.text`, the original, was edited to.

    `silver` and `disputed` name schemes whose label is of that grade. `number` is the row's own id, `parent` and
    `recording` are a key or, in a CSV, such a number. `call` is None where the file says nothing about the recording
    but its number. `sound` is a file beside the one that is read.
    """

    where: str
    new: NewUtterance
    text: str
    labels: Mapping[str, str] = field(default_factory=dict)
    silver: tuple[str, ...] = ()
    skipped: bool = False
    number: int | None = None
    parent: str | int | None = None
    recording: str | int | None = None
    call: NewRecording | None = None
    sound: Path | None = None
    source: str | None = None
    licence: str | None = None
    opinions: tuple[Opinion, ...] = ()
    tags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    disputed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """A recording with its sound, as delivered."""

    where: str
    call: NewRecording
    data: bytes | None
    source: str | None
    licence: str | None


class Reader(Protocol):
    """An export that was opened: each call of `rows` and `recordings` is a new pass over it.

    `schemes` are those it defines itself; `name` is the file's.
    """

    name: str
    schemes: Mapping[str, Scheme]

    def rows(self) -> Iterator[Told | Skip]: ...

    def recordings(self) -> Iterator[Heard | Skip]: ...


def text_of(value: Any, what: str, where: str, default: str | None = None) -> str:
    """A text that a database can hold; `default` where there is none. `BadRecord` else."""
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise BadRecord(
            where,
            "{what} is missing" if value is None else "{what} is no text: {value!r}",
            what=what,
            value=str(value)[:40],
        )
    if "\0" in value:
        raise BadRecord(where, "{what} holds a NUL character", what=what)
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadRecord(where, "{what} holds half a character (a lone surrogate)", what=what) from None
    return value


def name_of(value: Any, what: str, where: str) -> str | None:
    """The same, where nothing and an empty text are both None."""
    return text_of(value, what, where, "") or None


def whole(value: Any, what: str, where: str) -> int | None:
    """A whole number however a table holds it (7, "7", 7.0); None for nothing."""
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, str) and value.isdecimal() and len(value) < _SURE:
        return int(value)
    try:
        found = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except ValueError:
        found = math.nan
    if not (abs(found) < _MOST and found == int(found)):
        raise BadRecord(where, "{what} is no whole number: {value!r}", what=what, value=str(value)[:40])
    return int(found)


def truth(value: Any, what: str, where: str) -> bool:
    """True or False however a table holds it; False for nothing."""
    if value is None or value == "":
        return False
    if isinstance(value, bool):
        return value
    known = {"true": True, "1": True, "false": False, "0": False}
    if str(value).casefold() not in known:
        raise BadRecord(where, "{what} is neither true nor false: {value!r}", what=what, value=str(value)[:40])
    return known[str(value).casefold()]
