"""A file that says under which keys a delivery holds the fields of a 119 call, for label files with other key names.

It is TOML or JSON: our field and the path of its key, with `.` between keys, or a list of keys if one has a dot. Fields
of an utterance are looked up in each item of the list `utterances`. A field that is not named keeps the key of the AI
Hub corpus.

    id = "call.call_no"          # the call's own id, also in the name of its WAV
    utterances = "call.turns"    # the list
    text = "form"                # in each of its items
    start = "time.from"
    end = "time.to"
    speaker = "who"
    urgency = "class.urgency"
    unit = "s"                   # of all times: ms (the default) or s

    [speakers]                   # values of `speaker`: taker or caller
    A = "taker"
    B = "caller"
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import BadRecord, InputError
from core.ingest.entries import decode_text
from core.messages import within

# Our field -> the key of the AI Hub corpus: of a call, and of an utterance.
CALL_FIELDS = {
    "id": "_id", "record": "recordId", "utterances": "utterances", "length": "endAt", "urgency": "urgencyLevel",
    "sentiment": "sentiment", "disaster": "disasterLarge", "address": "address",
}  # fmt: skip
UTTERANCE_FIELDS = {"utterance_id": "id", "text": "text", "start": "startAt", "end": "endAt", "speaker": "speaker"}
UNITS = {"ms": 1, "s": 1000}
ROLES = ("taker", "caller")
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class KeyMapping:
    """`call` and `utterance` map a key of the AI Hub corpus to a path of keys; `speakers` map a value to a role."""

    call: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    utterance: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    speakers: Mapping[str, str] = field(default_factory=dict)
    ms: int = 1

    def apply(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The call with the keys of the AI Hub corpus. All of its own keys stay, but for the list of utterances."""
        call = dict(document) | _found(document, self.call)
        if isinstance(call.get("_id"), int) and not isinstance(call["_id"], bool):
            call["_id"] = str(call["_id"])
        if "endAt" in call:
            call["endAt"] = self._time(call["endAt"])
        listed = call.get("utterances")
        if isinstance(listed, list):
            call["utterances"] = [self._utterance(item) if isinstance(item, dict) else item for item in listed]
            if (top := self.call.get("utterances", ("utterances",))[0]) != "utterances":
                call |= {top: _without(call[top], self.call["utterances"][1:])}
        return call

    def _utterance(self, item: Mapping[str, Any]) -> dict[str, Any]:
        spoken = dict(item) | _found(item, self.utterance)
        spoken |= {key: self._time(spoken[key]) for key in ("startAt", "endAt") if key in spoken}
        role = self.speakers.get(str(spoken.get("speaker")).strip())
        return spoken | ({"speaker": role} if role else {})

    def _time(self, value: Any) -> Any:
        """A time in ms; a value that is no number stays as it is."""
        if self.ms == 1 or isinstance(value, bool):
            return value
        try:
            return float(value) * self.ms
        except (TypeError, ValueError):
            return value


def _found(document: Mapping[str, Any], paths: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """key -> the value at its path, for those that are there."""
    values: dict[str, Any] = {}
    for key, path in paths.items():
        value: Any = document
        for part in path:
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is not None:
            values[key] = value
    return values


def _without(value: Any, path: tuple[str, ...]) -> Any:
    """`value` without what lies at `path`; None if that is all of it."""
    if not path or not isinstance(value, Mapping):
        return None
    rest = {**value, path[0]: _without(value.get(path[0]), path[1:])}
    return {key: inner for key, inner in rest.items() if inner is not None} or None


def read_mapping(path: Path) -> KeyMapping:
    """Read the mapping at `path`. `InputError` names the field that is wrong, and lists those that can be used."""
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError("{path}: larger than {largest:,} bytes: no mapping", path=path, largest=_LARGEST)
        text = decode_text(path.read_bytes(), path.name)
    except OSError as error:
        raise InputError("{path}: cannot be read: {reason}", path=path, reason=error.strerror) from error
    try:
        document = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRecord(path.name, "neither TOML nor JSON ({error})", error=error) from error
    if not isinstance(document, dict):
        raise BadRecord(path.name, "a mapping is a list of fields and their keys")
    return _checked(document, path.name)


def _checked(document: Mapping[str, Any], where: str) -> KeyMapping:
    known = (*CALL_FIELDS, *UTTERANCE_FIELDS, "unit", "speakers")
    for name, value in document.items():
        if name not in known:
            raise BadRecord(within(where, name[:40]), "no such field; there are {known}", known=", ".join(known))
        if name != "speakers" and not _path(value):
            raise BadRecord(within(where, name), "expected a key, or keys with . between them")
    unit, speakers = document.get("unit", "ms"), document.get("speakers", {})
    if not isinstance(unit, str) or unit not in UNITS:
        raise BadRecord(within(where, "unit"), "{value!r} is not one of {known}", value=unit, known=", ".join(UNITS))
    if not isinstance(speakers, dict) or not all(role in ROLES for role in speakers.values()):
        raise BadRecord(within(where, "speakers"), "each value means one of {known}", known=", ".join(ROLES))
    paths = {name: _path(value) for name, value in document.items() if name not in ("unit", "speakers")}
    return KeyMapping(
        {key: paths[name] for name, key in CALL_FIELDS.items() if name in paths},
        {key: paths[name] for name, key in UTTERANCE_FIELDS.items() if name in paths},
        {str(value).strip(): role for value, role in speakers.items()}, UNITS[unit],
    )  # fmt: skip


def _path(value: Any) -> tuple[str, ...]:
    """The keys in `value`, a text with `.` between them or a list; () if it is neither, or if a key is empty."""
    keys = value.split(".") if isinstance(value, str) else value
    fits = isinstance(keys, list) and all(isinstance(key, str) and key for key in keys)
    return tuple(keys) if fits else ()
