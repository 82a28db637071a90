"""Types and helpers that the readers of foreign corpora share. A reader yields one Entry for each item.

Labels are still the delivered values and audio is still bytes. `core.workflows.imports` stores an Entry: it turns the
values into codes of a Scheme and saves the audio. Nothing here uses the store. Times are ms.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from core.audio import gate
from core.errors import BadRecord
from core.files import sha256
from core.files.content import HEAD_BYTES, binary_kind
from core.ingest.archives import Member
from core.messages import Message
from core.records import SHORTEST_VOICE_MS, NewRecording, NewUtterance

SHORT = Message("clip too short for voice")
ROLE = Message("speaker who names a role: groups nothing")
NO_TEXT = Message("utterance without text")
TEXT_KEYS = (
    "text", "transcript", "transcription", "sentence", "stt", "script", "utterance", "normalized_text", "raw_text",
    "content", "전사", "전사문", "발화", "텍스트", "문장",
)  # fmt: skip


@dataclass(frozen=True)  # without slots, so that the hash of megabytes is kept
class Sound:
    """Audio bytes whose header passed `core.audio.gate`. `kind` is the format in the header, not the file's suffix.

    `copy` is a FLAC of a sound that libsndfile or browsers cannot read.
    """

    data: bytes
    kind: str
    duration_ms: int
    sample_rate_hz: int
    notes: tuple[str, ...]
    copy: bytes | None = field(default=None, repr=False)

    @cached_property
    def sha256(self) -> str:
        return sha256(self.data)


@dataclass(frozen=True, slots=True)
class Cleaning:
    """A proposal for the utterance `key`: replace the text `before` by the cleaned `text`."""

    key: str
    operation: str
    before: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One recording, or one utterance without a recording.

    `labels` maps a scheme to the delivered values, for the recording or all of its utterances; a scheme without a value
    is absent. `utterance_labels` has the values of single utterances, by their keys. The `path` of a NewRecording is
    None until `sound` is stored. `notes` has one string for each occurrence, so that equal notes can be counted.
    """

    where: str
    record: NewRecording | NewUtterance
    sound: Sound | None = None
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cleanings: tuple[Cleaning, ...] = ()
    notes: tuple[str, ...] = ()
    utterance_labels: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)


def read_sound(data: bytes | Member, where: str) -> Sound:
    """The audio in `data`, its header checked. `AudioError` if it is no audio, `BadRecord` if it cannot be read."""
    raw = data.read() if isinstance(data, Member) else data
    header = gate.probe(raw, where)
    return Sound(raw, header.format, header.duration_ms, header.sample_rate_hz, header.notes, header.copy)


def clip_recording(
    key: str,
    group: str,
    text: str,
    sound: Sound,
    speaker: str | None,
    meta: Mapping[str, Any],
    origin: str = "imported",
    tags: tuple[str, ...] = (),
) -> NewRecording:
    """A recording with one utterance that lasts from its start to its end."""
    utterance = NewUtterance(
        key=f"{key}:1", text=text, group=group, start_ms=0, end_ms=sound.duration_ms, speaker=speaker,
        voice_usable=sound.duration_ms >= SHORTEST_VOICE_MS, origin=origin, tags=tags,
    )  # fmt: skip
    return NewRecording(
        key=key, duration_ms=sound.duration_ms, sample_rate_hz=sound.sample_rate_hz, path=None, sha256=sound.sha256,
        utterances=(utterance,), meta=meta,
    )  # fmt: skip


def recording_notes(recording: NewRecording) -> tuple[str, ...]:
    """One note for each utterance that is too short for voice, and one for each without text."""
    short = [SHORT for u in recording.utterances if u.end_ms is not None and not u.voice_usable]
    return tuple(short + [NO_TEXT for u in recording.utterances if not u.text])


def parse_json(data: bytes, where: str) -> Any:
    """The JSON document in `data`, made storable, in any encoding of `decode_text`; `BadRecord` if it is not JSON."""
    try:
        return storable(json.loads(decode_text(data, where)))
    except (ValueError, RecursionError) as error:
        raise BadRecord(where, "broken JSON ({error})", error=error) from error


def decode_text(data: bytes, where: str) -> str:
    """The text in `data`: UTF-8, UTF-16 with a byte order mark, or cp949. `BadRecord` for any other encoding.

    Damaged UTF-8 is often legal cp949 too, and would become other words: it is refused, with the place of the damage.
    """
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "cp949"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            if encoding == "utf-8-sig" and _is_damaged_utf8(data):
                raise BadRecord(where, "not UTF-8 (byte {start})", start=error.start) from error
    if what := binary_kind(data[:HEAD_BYTES]):
        raise BadRecord(where, "not text: {what}", what=what)
    raise BadRecord(where, "text in an unknown encoding (UTF-8, UTF-16 and cp949 are read)")


def _is_damaged_utf8(data: bytes) -> bool:
    """Whether most letters beyond ASCII are good UTF-8. Of cp949 read as UTF-8 hardly any is."""
    text = data.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    return sum(letter > "\x7f" for letter in text) - damaged > damaged


def storable(value: Any) -> Any:
    """`value` with only what a database accepts: lone surrogates and NUL become U+FFFD, NaN and infinity None."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
    if isinstance(value, dict):
        return {storable(str(k)): storable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [storable(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
