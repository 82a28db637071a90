"""Reads what speech recognisers write as JSON or TSV: segments with times, speakers and words.

Known are openai-whisper, faster-whisper, WhisperX, whisper.cpp, the OpenAI API, Clova Speech and RTZR. They name the
same things differently; `_SHAPES` holds the keys of each, and its unit of time. All other fields of a segment are kept.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import BadRecord
from core.ingest.entries import storable
from core.ingest.spoken.formats.document import Document, Interval, line, to_ms
from core.messages import Message, within
from core.records import Skip

TIER = "segments"
SEVERAL = Message("segment whose words have several speakers: the segment's speaker is kept")
_TSV = ["start", "end", "text"]


@dataclass(frozen=True, slots=True)
class _Shape:
    """Where a recogniser writes its segments and their parts. A key with `.` lies one level deeper. `per_s`: units of
    time in a second. `length`: the key of a duration instead of an end.
    """

    name: str
    segments: str
    start: str
    end: str
    text: str
    speaker: str
    per_s: int = 1
    length: bool = False
    mark: str = ""  # a key that only this recogniser's segments have


_WHISPER = _Shape("Whisper", "segments", "start", "end", "text", "speaker")
_SHAPES = (
    _Shape("Clova Speech", "segments", "start", "end", "text", "speaker.name", 1000, mark="diarization"),
    _Shape("Clova Speech", "segments", "start", "end", "text", "speaker.name", 1000, mark="textEdited"),
    _WHISPER,
    _Shape("whisper.cpp", "transcription", "offsets.from", "offsets.to", "text", "speaker", 1000),
    _Shape("RTZR", "results.utterances", "start_at", "duration", "msg", "spk", 1000, True),
    _Shape("RTZR", "utterances", "start_at", "duration", "msg", "spk", 1000, True),
)


def read(text: str, where: str) -> Document:
    """The segments of a recogniser's JSON, or of Whisper's TSV."""
    if not text.lstrip().startswith(("{", "[")):
        return _read_tsv(text, where)
    try:
        content = storable(json.loads(text))
    except json.JSONDecodeError as error:
        raise BadRecord(within(where, line(error.lineno)), "broken JSON ({error})", error=error.msg) from error
    except (ValueError, RecursionError) as error:
        raise BadRecord(where, "broken JSON ({error})", error=error) from error
    found = shape_of(content)
    if found is None:
        raise BadRecord(where, "JSON without segments of a speech recogniser")
    shape, segments = found
    document = Document(shape.name, by_machine=True)
    document.add_tier(TIER)
    for number, segment in enumerate(segments, start=1):
        try:
            document.intervals.append(_interval(segment, number, shape, document, where))
        except BadRecord as error:
            document.skips.append(Skip(error.where, error.reason))
    return document


def shape_of(content: Any) -> tuple[_Shape, Sequence[Any]] | None:
    """The shape of a recogniser's JSON and its segments; None if it is none. A bare array holds Whisper's segments."""
    whole = {"segments": content} if isinstance(content, list) else content
    for shape in _SHAPES:
        segments = _at(whole, shape.segments)
        first = segments[0] if isinstance(segments, list) and segments else None
        if (
            isinstance(first, Mapping)
            and _at(first, shape.start) is not None
            and (not shape.mark or shape.mark in first)
        ):
            return shape, segments or []
    if isinstance(content, dict) and content.get("segments") == [] and "language" in content:
        return _WHISPER, []
    return None


def _at(value: Any, key: str) -> Any:
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _interval(segment: Any, number: int, shape: _Shape, document: Document, where: str) -> Interval:
    place = Message("segment {n}", n=number)
    whole = within(where, place)
    start, end = _time(segment, shape.start, shape, whole), _time(segment, shape.end, shape, whole)
    text = _at(segment, shape.text)
    if not isinstance(text, str):
        raise BadRecord(whole, "has no text")
    speaker = _speaker(_at(segment, shape.speaker))
    if len(_word_speakers(segment)) > 1:
        document.notes.append(SEVERAL)
    used = {key.split(".")[0] for key in (shape.start, shape.end, shape.text, shape.speaker)}
    meta = {key: value for key, value in segment.items() if key not in used and value not in (None, [], "")}
    return Interval(TIER, start, start + end if shape.length else end, text.strip(), place, speaker=speaker, meta=meta)


def _word_speakers(segment: Mapping[str, Any]) -> set[str]:
    """The speakers that WhisperX gives to the words of a segment."""
    words = segment.get("words")
    speakers = [_at(word, "speaker") for word in words] if isinstance(words, list) else []
    return {speaker for speaker in speakers if isinstance(speaker, str)}


def _time(segment: Any, key: str, shape: _Shape, where: str) -> int:
    value = _at(segment, key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRecord(where, "has no time {key}", key=key)
    return to_ms(value / shape.per_s, where)


def _speaker(value: Any) -> str | None:
    """The name of a speaker; a bare number counts speakers and becomes `SPEAKER_0`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"SPEAKER_{value}"
    return value.strip() or None if isinstance(value, str) else None


def is_tsv(first_line: str) -> bool:
    """Whether this is the first line of Whisper's TSV."""
    return first_line.strip().split("\t") == _TSV


def _read_tsv(text: str, where: str) -> Document:
    document = Document("Whisper TSV", by_machine=True)
    document.add_tier(TIER)
    for number, row in enumerate(text.split("\n")[1:], start=2):
        cells = row.split("\t", 2)
        if len(cells) == 3 and cells[0].strip().isdecimal() and cells[1].strip().isdecimal():
            place = within(where, line(number))
            start, end = (to_ms(int(cell) / 1000, place) for cell in cells[:2])
            document.intervals.append(Interval(TIER, start, end, cells[2].strip(), number))
        elif row.strip():
            document.skips.append(
                Skip(within(where, line(number)), Message("no start, end and text with tabs between"))
            )
    return document
