"""Checks one label JSON of the AI Hub 119 corpus and turns it into the parts of a record. It reads no zip and no audio.

Times are ms. A fault in one part is added to `Issues` and the other parts are kept. The whole file is refused
(`BadRecord`) only if it holds no usable object or no usable `_id`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from core.errors import BadRecord, UnknownName
from core.ingest.aihub.mapping import KeyMapping
from core.ingest.entries import NO_TEXT, parse_json
from core.messages import Message
from core.records import LONGEST_MS, SHORTEST_VOICE_MS, TAIL_MS, NewUtterance, Skip
from core.schemes import scheme

SPEAKERS: Mapping[float, str] = {0: "taker", 1: "caller"}  # as in the data; the official guide's sample has it reversed
ROLES = {
    "taker": "taker", "call-taker": "taker", "접수자": "taker", "접수요원": "taker", "수보자": "taker",
    "상황요원": "taker", "caller": "caller", "신고자": "caller",
}  # fmt: skip
PERSONAL = ("address",)  # fields of a label file that hold personal data
LABELS = {"urgencyLevel": "urgency", "sentiment": "sentiment", "disasterLarge": "disaster"}

_ID, _OTHER_ID = re.compile(r"[0-9A-Za-z-]{1,64}"), re.compile(r"[0-9A-Za-z_-]{1,64}")
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,2}):(\d{1,2}(?:\.\d+)?)")
_DECIMAL = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,12}(?:\.\d+)?")

OVERLAP = Message("utterance overlaps the one before")
INVERTED = Message("utterance ends at or before its start")
BEYOND = Message("utterance lies outside the audio")
UNTIMED = Message("utterance without times")
SHORT = Message("utterance too short for voice")
NO_SPEAKER = Message("utterance of an unknown speaker")
NO_UTTERANCES = Message("call without utterances")


@dataclass(slots=True)
class Issues:
    """The issues of one call: `skips` are items left out, `notes` are faults of items that are kept."""

    skips: list[Skip] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def decode(data: bytes, where: str, mapping: KeyMapping | None = None) -> dict[str, Any]:
    """The JSON object in `data`, in UTF-8, UTF-16 or cp949; `mapping` says which keys mean ours.

    `BadRecord` if it is no JSON object with a usable `_id` and utterances.
    """
    document = parse_json(data, where)
    if not isinstance(document, dict):
        raise BadRecord(where, "a JSON {kind} where a call's object was expected", kind=type(document).__name__)
    if mapping is not None:
        document = mapping.apply(document)
    identity = document.get("_id")
    if not isinstance(identity, str) or not (_ID if mapping is None else _OTHER_ID).fullmatch(identity):
        raise BadRecord(where, "no usable _id ({value})", value="missing" if identity is None else repr(identity)[:80])
    if not isinstance(document.get("utterances", []) or [], list):
        raise BadRecord(where, "utterances is a {kind}, not a list", kind=type(document["utterances"]).__name__)
    return document


def milliseconds(value: object) -> int | None:
    """`value` as whole ms; None unless it is a number from 0 ms to 24 hours, or a text of one, or a clock time.

    >>> milliseconds(1234.6), milliseconds(None), milliseconds(-5), milliseconds(True)
    (1235, None, None, None)
    >>> milliseconds(" 829 "), milliseconds("1,234.5"), milliseconds("00:01:02.5"), milliseconds("soon")
    (829, 1234, 62500, None)
    """
    if isinstance(value, str):
        value = _number(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_MS:
        return None
    return round(value)


def _number(text: str) -> float | None:
    """The number in `text`; of a clock time the ms."""
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = (float(part or 0) for part in clock.groups())
        return (hours * 3600 + minutes * 60 + seconds) * 1000
    return float(text.replace(",", "")) if _DECIMAL.fullmatch(text) else None


def speaker_of(value: object) -> str | None:
    """Who speaks: `taker` or `caller`, from a number, a text of one, or a word for the role; None if neither.

    >>> speaker_of(0), speaker_of("1"), speaker_of(" 신고자 "), speaker_of("0.0"), speaker_of(True), speaker_of(None)
    ('taker', 'caller', 'caller', 'taker', None, None)
    """
    if isinstance(value, str):
        word = value.strip().casefold()
        return ROLES.get(word) or (SPEAKERS.get(float(word)) if _DECIMAL.fullmatch(word) else None)
    return SPEAKERS.get(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def last_ms(document: Mapping[str, Any]) -> int:
    """The call's length in ms by its label: the call's `endAt`, else the latest `endAt` of an utterance, else 0."""
    ends = [milliseconds(u.get("endAt")) for u in document.get("utterances") or [] if isinstance(u, dict)]
    return milliseconds(document.get("endAt")) or max((e for e in ends if e is not None), default=0)


def recording_labels(document: Mapping[str, Any], where: str, issues: Issues) -> dict[str, str]:
    """scheme -> code. A missing value gives a note; an unknown value gives a `Skip` that lists the legal values."""
    labels: dict[str, str] = {}
    for key, name in LABELS.items():
        raw = document.get(key)
        if raw is None or raw == "":
            issues.notes.append(Message("call without {key}", key=key))
            continue
        try:
            labels[name] = scheme(name).parse(raw if isinstance(raw, str) else repr(raw))
        except UnknownName as error:
            issues.skips.append(
                Skip(f"{where}, {key}", Message("{error}; the call is kept without this label", error=error))
            )
    return labels


def utterances(
    document: Mapping[str, Any], key: str, where: str, audio_ms: int | None, issues: Issues
) -> tuple[NewUtterance, ...]:
    """The call's utterances in the delivered order. `audio_ms` is the real length of the audio, None without audio."""
    valid: list[NewUtterance] = []
    used: set[str] = set()
    for position, raw in enumerate(document.get("utterances") or [], start=1):
        if not isinstance(raw, dict) or not isinstance(raw.get("text") or "", str):
            issues.skips.append(
                Skip(Message("{where}, utterance {n}", where=where, n=position), "not an object with a text")
            )
            continue
        name = _name(raw.get("id"), position, used)
        used.add(name)
        valid.append(_utterance(raw, f"{key}:{name}", key, audio_ms, issues))
    if not valid:
        issues.notes.append(NO_UTTERANCES)
    issues.notes += [OVERLAP] * _overlaps(valid)
    return tuple(valid)


def _utterance(raw: dict[str, Any], name: str, key: str, audio_ms: int | None, issues: Issues) -> NewUtterance:
    start, end = milliseconds(raw.get("startAt")), milliseconds(raw.get("endAt"))
    text = (raw.get("text") or "").rstrip()
    speaker = speaker_of(raw.get("speaker"))
    fault = _span_fault(start, end, audio_ms)
    issues.notes += [note for note in (fault, None if text else NO_TEXT, None if speaker else NO_SPEAKER) if note]
    usable = audio_ms is not None and fault is None
    rest = {field: value for field, value in raw.items() if field != "text"}
    return NewUtterance(name, text, key, start, end, speaker, voice_usable=usable, meta=rest)


def _span_fault(start: int | None, end: int | None, audio_ms: int | None) -> str | None:
    """The note for a span that is not usable for voice, or None."""
    if start is None or end is None:
        return UNTIMED
    if end <= start:
        return INVERTED
    if audio_ms is not None and end > audio_ms + TAIL_MS:
        return BEYOND
    return SHORT if end - start < SHORTEST_VOICE_MS else None


def _name(raw: object, position: int, used: set[str]) -> str:
    """The utterance's own id, or `#position` if the id is missing, too long or used before."""
    name = str(raw).strip() if isinstance(raw, str | int) and not isinstance(raw, bool) else ""
    if not name or name in used or len(name) > 64:
        name = f"#{position}"
    while name in used:
        name += "#"
    return name


def _overlaps(utterances: Sequence[NewUtterance]) -> int:
    """How many utterances begin before the previous one has ended."""
    spans = sorted((u.start_ms, u.end_ms) for u in utterances if u.start_ms is not None and u.end_ms is not None)
    return sum(later[0] < earlier[1] for earlier, later in pairwise(s for s in spans if s[0] < s[1]))
