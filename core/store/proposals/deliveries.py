"""Accepts and undoes suggestions of kind "delivery": what a later delivery says about a known utterance.

The payload holds `before`, what an earlier delivery brought, and `after`, what the later one brings: a text, times, a
speaker, labels, other audio of the recording, or the recording that the utterance had not got. Accepting writes one
Revision. What a curator decided meanwhile is never overwritten: see `core.store.proposals.outcomes`.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select

from core.errors import Conflict
from core.records import IMPORTED, SHORTEST_VOICE_MS, TAIL_MS, Act, NewRecording, Utterance
from core.schemes import SCHEMES
from core.store.corpus import insert as corpus
from core.store.proposals import outcomes as rule
from core.store.review import decisions
from core.store.review.labels import AUDIO, audio_of, current_label, target_of
from core.store.rows import one_utterance
from core.store.schema import annotation, proposal, recording, source

KIND = "delivery"


def fields(connection: Connection, current: Utterance, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the present values of what `payload` would change."""
    after = payload["after"]
    values: dict[str, Any] = {}
    for name in after:
        if name == "labels":
            values["labels"] = {name: _code(connection, current, name, code) for name, code in after["labels"].items()}
        elif name == "recording":
            values[name] = _home(connection, current)
        elif name in AUDIO and "recording" not in after:
            values[name] = audio_of(connection, current.recording_id)[name] if current.recording_id else None
        elif name != "text" and name not in AUDIO:
            values[name] = getattr(current, name)
    return values


def _code(connection: Connection, current: Utterance, name: str, code: str) -> Any:
    """Return the present code under a scheme, if a delivery gave it; with the curator who gave it otherwise."""
    if SCHEMES[name].level == "recording" and current.recording_id is None:
        return None
    value = current_label(connection, current, name)
    if value is None or value["by"] == IMPORTED or value["code"] == code:
        return value and value["code"]
    return value["code"], value["by"]


def _home(connection: Connection, current: Utterance) -> str | None:
    return connection.scalar(select(recording.c.key).where(recording.c.id == current.recording_id))


def carry_out(
    connection: Connection, row: Any, current: Utterance, change: rule.Change, curator: str, at: str, act: Act
) -> dict[str, Any]:
    """Write an accepted suggestion as one Revision; return the columns of the proposal that say so."""
    after = row.payload["after"]
    written: dict[str, Any] = {"labels": {}}
    if change.text is not None:
        written["text"] = change.text
    elif "labels" in after:
        written["labels"] = {
            name: {"code": code, "grade": "gold", "by": IMPORTED} for name, code in after["labels"].items()
        }
    elif "recording" in after:
        written["span"] = _attached(connection, current, row, after)
    elif "sha256" in after:
        written["audio"] = {name: after[name] for name in AUDIO}
    elif "speaker" in after:
        written["span"] = dict(after)
    else:
        written["span"] = _timed(connection, current, current.recording_id, after)
    made = decisions.decide(
        connection, current.id, current.version, curator, at, act=act, why=row.operation, proposal_id=row.id,
        answers={}, **written,
    )  # fmt: skip
    for name, code in after.get("labels", {}).items():
        level, target = target_of(current, name)
        values = {"level": level, "target_id": target, "scheme": name, "code": code, "curator": IMPORTED, "at": at}
        connection.execute(insert(annotation).values(values | {"revision_id": made.id, "kind": "answer"}))
    return {"revision_id": made.id}


def _timed(
    connection: Connection, current: Utterance, recording_id: int | None, after: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the new times, and whether the span can be judged by voice."""
    start, end = after.get("start_ms", current.start_ms), after.get("end_ms", current.end_ms)
    audio = audio_of(connection, recording_id) if recording_id is not None else None
    inside = start is not None and end is not None and end - start >= SHORTEST_VOICE_MS
    usable = inside and audio is not None and audio["path"] is not None and end <= audio["duration_ms"] + TAIL_MS
    return {"start_ms": start, "end_ms": end, "voice_usable": usable}


def _attached(connection: Connection, current: Utterance, row: Any, after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the recording, the times and the group of an utterance that gets a recording; add it if it is new."""
    key = after["recording"]
    if key not in (known := corpus.known_keys(connection, recording, [key])):
        audio = {name: after.get(name) for name in AUDIO}
        new = NewRecording(key, audio["duration_ms"] or 0, audio["sample_rate_hz"], audio["path"], audio["sha256"], ())
        named = select(source.c.id).where(source.c.name == row.payload.get("source"))
        source_id = connection.scalar(named) or current.source_id
        corpus.add_recordings(connection, source_id, [new], row.made_at)
        known = corpus.known_keys(connection, recording, [key])
    home = known[key]
    return {"recording_id": home, **_timed(connection, current, home, after)}


def fits(connection: Connection, utterance_id: int, payload: Mapping[str, Any]) -> bool:
    """Return whether a suggestion could be accepted now."""
    current = one_utterance(connection, utterance_id)
    state = rule.CurrentState(current, current.labels, fields=fields(connection, current, payload))
    return not isinstance(rule.change_for(KIND, payload, state), str)


def take_back(connection: Connection, batch: str, curator: str, at: str) -> tuple[int, int]:
    """Undo what accepted suggestions of a delivery wrote, the latest first; return (undone, left as they are)."""
    c = proposal.c
    written = (c.batch == batch, c.kind == KIND, c.state == "accepted", c.revision_id.is_not(None))
    undone = left = 0
    for number in list(connection.scalars(select(c.revision_id).where(*written).order_by(c.revision_id.desc()))):
        try:
            decisions.undo(connection, number, curator, at)
            undone += 1
        except Conflict:  # raised before anything is written
            left += 1
    return undone, left
