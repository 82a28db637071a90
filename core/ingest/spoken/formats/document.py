"""What one file of annotations holds, before it is decided what its tiers mean. Times are ms.

A reader of one format takes the file's bytes and returns a `Document`. It raises `BadRecord` with file and line if the
file is damaged, and puts single parts that it cannot use into `skips`. No reader opens audio or decides a key.
"""

import codecs
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import BadRecord
from core.ingest.entries import decode_text, storable
from core.messages import Message, within
from core.records import LONGEST_MS, Skip

_ENDS = re.compile(r"\r\n?|[\u2028\u2029\x85]")


@dataclass(frozen=True, slots=True)
class Interval:
    """A text over a span of the tier `tier`. `place` is its line in the file, or what names its place there.

    `name` is its own id in the file, "" for none; `parent` is the id of the interval that it annotates. `speaker` is
    set if the file names one for this interval alone.
    """

    tier: str
    start_ms: int
    end_ms: int
    text: str
    place: int | str
    name: str = ""
    parent: str = ""
    speaker: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    def where(self, file: str) -> str:
        """The place of the interval in `file`, for people: `a.srt, line 12`."""
        return within(file, line(self.place) if isinstance(self.place, int) else self.place)


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier of intervals. `speaker`: who speaks in it, None if the file does not say. `parent`: the tier it annotates.

    Names of tiers are distinct in a Document.
    """

    name: str
    speaker: str | None = None
    parent: str = ""


@dataclass(slots=True)
class Document:
    """The content of one file. `media` are the names of its audio that the file gives, best first.

    `by_machine`: a speech recogniser wrote the texts, so the names of its speakers count within this file only.
    `notes` has one string for each occurrence.
    """

    format: str
    tiers: dict[str, Tier] = field(default_factory=dict)
    intervals: list[Interval] = field(default_factory=list)
    media: tuple[str, ...] = ()
    by_machine: bool = False
    notes: list[str] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)

    def add_tier(self, name: str, speaker: str | None = None, parent: str = "") -> str:
        """Add a tier and return its name; a repeated name gets a number."""
        distinct, n = name, 1
        while distinct in self.tiers:
            n += 1
            distinct = f"{name} ({n})"
        self.tiers[distinct] = Tier(distinct, speaker, parent)
        return distinct

    def leave_out_point(self, tier: str) -> None:
        """Count a point of `tier`: it has no duration, so no utterance can be made of it."""
        self.notes.append(Message("point of tier {tier}: not read, it has no duration", tier=tier))


Reader = Callable[[str, str], Document]  # (the file's text, its name) -> its content


def read_text(data: bytes, where: str) -> str:
    """The text in `data`, storable, with `\\n` as line end: UTF-8, UTF-16 with or without a mark, or cp949."""
    half = len(data[:4000]) // 2
    if data[:2] not in (b"\xff\xfe", b"\xfe\xff") and half and b"\0" in data[:4000]:
        low, high = data[1 : 2 * half : 2].count(0), data[0 : 2 * half : 2].count(0)
        if max(low, high) < 10 * min(low, high) or len(data) % 2:
            raise BadRecord(where, "text in an unknown encoding (UTF-8, UTF-16 and cp949 are read)")
        data = (b"\xff\xfe" if low > high else b"\xfe\xff") + data
    return str(storable(_ENDS.sub("\n", _decoded(data, where))))


def _decoded(data: bytes, where: str) -> str:
    """The text in `data`. A UTF-8 text that was cut off within a character stays UTF-8, without that character."""
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(data)
    except UnicodeDecodeError:
        return decode_text(data, where)


def line(number: int) -> Message:
    """The place of a line in a file."""
    return Message("line {n}", n=number)


def to_ms(seconds: float, where: str) -> int:
    """`seconds` as whole ms. `BadRecord` at `where` unless it is a time from 0 to 24 hours.

    >>> to_ms(1.2345, "a.srt")
    1234
    """
    ms = round(seconds * 1000) if -1e9 < seconds < 1e9 else -1
    if not 0 <= ms <= LONGEST_MS:
        raise BadRecord(where, "{seconds} s is no time from 0 to 24 hours", seconds=seconds)
    return ms
