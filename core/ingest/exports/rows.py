"""Types and helpers that the readers of exports share. A reader yields one ExportedRow for each utterance.

Label values are still as written in the file. `core.workflows.imports.exports.restore` stores the rows: it turns values
into codes of a Scheme, references into ids and a sound file into a path. Times are ms.
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
_SURE = 10  # a number with fewer digits is below it


@dataclass(frozen=True, slots=True)
class DeliveredPrediction:
    """A model's prediction in the file. `confidence` and `margin` are None if the file does not hold them."""

    model: str
    scheme: str
    value: str
    confidence: float | None
    margin: float | None


@dataclass(frozen=True, slots=True)
class DeliveredVote:
    """One annotator's answer in the file. `of_recording`: it is about the whole recording, whatever the scheme says."""

    scheme: str
    value: str
    curator: str
    of_recording: bool = False


@dataclass(frozen=True, slots=True)
class ExportedRow:
    """One utterance of an export. `new.text` is the original text, `text` the edited one.

    `labels` maps a scheme to its value (`new.labels` stays empty); `silver` and `disputed` list the schemes whose label
    has that grade. `number` is the id of the row. `parent` and `recording` are keys, or row and recording numbers in a
    CSV. `new_recording` is None if the file holds only a number for it. `sound` is an audio file beside the export.
    `recording_labels` are labels of the recording whatever level their scheme has; `recording_disputed` names those of
    them that are disputed. `whole`: the utterance is the whole recording, so its labels may be the recording's.
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
    new_recording: NewRecording | None = None
    sound: Path | None = None
    source: str | None = None
    licence: str | None = None
    predictions: tuple[DeliveredPrediction, ...] = ()
    tags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    disputed: tuple[str, ...] = ()
    votes: tuple[DeliveredVote, ...] = ()
    recording_labels: Mapping[str, str] = field(default_factory=dict)
    recording_disputed: tuple[str, ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class ExportedRecording:
    """A recording of an export; `data` is the bytes of its audio file, None without audio."""

    where: str
    new_recording: NewRecording
    data: bytes | None
    source: str | None
    licence: str | None


class Export(Protocol):
    """An opened export. Each call of `rows` or `recordings` reads the file again from its start.

    `schemes` are the schemes that the file defines; `name` is the file's name.
    """

    name: str
    schemes: Mapping[str, Scheme]

    def rows(self) -> Iterator[ExportedRow | Skip]: ...

    def recordings(self) -> Iterator[ExportedRecording | Skip]: ...


def text_of(value: Any, what: str, where: str, default: str | None = None) -> str:
    """`value` as a text, or `default` if it is None. `BadRecord` if it is no text, or one that a database refuses."""
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
    """`value` as a text like `text_of`, but None for None and for an empty text."""
    return text_of(value, what, where, "") or None


def whole(value: Any, what: str, where: str) -> int | None:
    """`value` as an int: 7, "7" and 7.0 are all 7; None for an empty cell. `BadRecord` for anything else."""
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, str) and value.isdecimal() and len(value) < _SURE:
        return int(value)
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except ValueError:
        number = math.nan
    if not (abs(number) < _MOST and number == int(number)):
        raise BadRecord(where, "{what} is no whole number: {value!r}", what=what, value=str(value)[:40])
    return int(number)


def truth(value: Any, what: str, where: str) -> bool:
    """`value` as a bool: True, "true" and "1" are all True; an empty cell is False. `BadRecord` for anything else."""
    if value is None or value == "":
        return False
    if isinstance(value, bool):
        return value
    known = {"true": True, "1": True, "false": False, "0": False}
    if str(value).casefold() not in known:
        raise BadRecord(where, "{what} is neither true nor false: {value!r}", what=what, value=str(value)[:40])
    return known[str(value).casefold()]
