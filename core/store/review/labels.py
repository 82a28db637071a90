"""Reads and writes the current label of a target, and the audio of a recording, for the decisions of curators."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from core.errors import Conflict
from core.messages import SchemeName
from core.records import Utterance
from core.schemes import join_codes, scheme, split_codes
from core.store.schema import label, recording


def target_of(current: Utterance, name: str) -> tuple[str, int]:
    """Return level and id of the target that a label of the scheme `name` belongs to."""
    level = scheme(name).level
    if level == "utterance":
        return level, current.id
    if current.recording_id is None:
        raise Conflict(
            "{name} is a label of a recording, and utterance {id} has none", name=SchemeName(name), id=current.id
        )
    return level, current.recording_id


def current_label(connection: Connection, current: Utterance, name: str) -> dict[str, str] | None:
    """Return the current label {code, grade, by}; None if there is none.

    All classes of a target are written together, so they have the same grade and the same `by`.
    """
    level, target_id = target_of(current, name)
    rows = connection.execute(
        select(label.c.code, label.c.grade, label.c.by).where(
            label.c.level == level, label.c.target_id == target_id, label.c.scheme == name
        )
    ).all()
    return {**rows[0]._mapping, "code": join_codes(name, [row.code for row in rows])} if rows else None


def write_label(connection: Connection, level: str, target_id: int, name: str, value: Mapping[str, str] | None) -> None:
    key = {"level": level, "target_id": target_id, "scheme": name}
    connection.execute(delete(label).filter_by(**key))
    if value:
        connection.execute(insert(label), [key | dict(value) | {"code": code} for code in split_codes(value["code"])])


AUDIO = ("path", "sha256", "duration_ms", "sample_rate_hz")


def audio_of(connection: Connection, recording_id: int) -> dict[str, Any]:
    """Return path, sha256, duration_ms and sample_rate_hz of the recording."""
    columns = [recording.c[name] for name in AUDIO]
    row = connection.execute(select(*columns).where(recording.c.id == recording_id)).one()
    return dict(row._mapping)


def replace_audio(connection: Connection, recording_id: int, audio: Mapping[str, Any]) -> dict[str, Any]:
    """Give the recording this audio; return what it had before."""
    before = audio_of(connection, recording_id)
    connection.execute(
        update(recording).where(recording.c.id == recording_id).values({name: audio[name] for name in AUDIO})
    )
    return before
