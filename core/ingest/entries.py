"""What the readers of foreign corpora hand over: one Entry an item, labels still as delivered, audio still as bytes.

Who stores an Entry turns label values into codes of a Scheme and audio into a path; nothing here knows the store.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.audio import gate
from core.errors import BadRecord
from core.files import sha256
from core.ingest.archives import Member
from core.messages import Message
from core.records import SHORTEST_VOICE_MS, NewRecording, NewUtterance

SHORT = Message("clip too short for voice")
NO_TEXT = Message("utterance without text")
TEXT_KEYS = (
    "text", "transcript", "transcription", "sentence", "stt", "script", "utterance", "normalized_text", "raw_text",
    "content", "전사", "전사문", "발화", "텍스트", "문장",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sound:
    """Delivered bytes whose header passed the gate; `kind` is the gate's format, whatever the file is called."""

    data: bytes
    kind: str
    duration_ms: int
    sample_rate_hz: int
    notes: tuple[str, ...]

    @property
    def sha256(self) -> str:
        return sha256(self.data)


@dataclass(frozen=True, slots=True)
class Cleaning:
    """A cleaner `text` than `before` for the utterance `key`, to be proposed."""

    key: str
    operation: str
    before: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One recording or one free-standing utterance. `labels`: scheme -> values as delivered, none where it has none.

    A NewRecording's `path` is None: who stores `sound` sets it. `notes` hold one entry an occurrence.
    """

    where: str
    made: NewRecording | NewUtterance
    sound: Sound | None = None
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cleanings: tuple[Cleaning, ...] = ()
    notes: tuple[str, ...] = ()


def listen(data: bytes | Member, where: str) -> Sound:
    """Bytes through the gate by their header; `AudioError` for no sound, `BadRecord` for what cannot be read."""
    raw = data.read() if isinstance(data, Member) else data
    found = gate.probe(raw, where)
    return Sound(raw, found.format, found.duration_ms, found.sample_rate_hz, found.notes)


def clip(
    key: str,
    group: str,
    text: str,
    sound: Sound,
    speaker: str | None,
    meta: Mapping[str, Any],
    origin: str = "imported",
) -> NewRecording:
    """A recording that is one utterance from its start to its end."""
    said = NewUtterance(
        key=f"{key}:1", text=text, group=group, start_ms=0, end_ms=sound.duration_ms, speaker=speaker,
        voice_usable=sound.duration_ms >= SHORTEST_VOICE_MS, origin=origin,
    )  # fmt: skip
    return NewRecording(
        key=key, duration_ms=sound.duration_ms, sample_rate_hz=sound.sample_rate_hz, path=None, sha256=sound.sha256,
        utterances=(said,), meta=meta,
    )  # fmt: skip


def clip_notes(made: NewRecording) -> tuple[str, ...]:
    """What is to be counted of a recording's utterances."""
    short = [SHORT for u in made.utterances if u.end_ms is not None and not u.voice_usable]
    return tuple(short + [NO_TEXT for u in made.utterances if not u.text])


def parsed(data: bytes, where: str) -> Any:
    """A JSON document that a database can hold, in any encoding of `decoded`; `BadRecord` when it is none."""
    try:
        return storable(json.loads(decoded(data, where)))
    except (ValueError, RecursionError) as error:
        raise BadRecord(where, "broken JSON ({error})", error=error) from error


def decoded(data: bytes, where: str) -> str:
    """Text in UTF-8, UTF-16 with a byte order mark, or cp949; `BadRecord` for what is none of them."""
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "cp949"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadRecord(where, "text in an unknown encoding (UTF-8, UTF-16 and cp949 are read)")


def storable(value: Any) -> Any:
    """A JSON value without what a database refuses: lone surrogates and NUL become U+FFFD, NaN and infinity null."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
    if isinstance(value, dict):
        return {storable(str(k)): storable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [storable(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
