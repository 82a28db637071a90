"""Reads and writes the current label of a target, and the audio of a recording, for the decisions of curators."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from core.errors import Conflict
from core.messages import SchemeName
from core.records import Utterance
from core.schemes import join_codes, scheme, split_codes
from core.store.rounds.tables import label_round
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


def current_label(connection: Connection, current: Utterance, name: str) -> dict[str, Any] | None:
    """Return the current label {code, grade, by}, and `round_id` if a round of pseudo-labels made it; None if absent.

    All classes of a target are written together, so they have the same grade, `by` and round.
    """
    level, target_id = target_of(current, name)
    rows = connection.execute(
        select(label.c.code, label.c.grade, label.c.by, label.c.round_id).where(
            label.c.level == level, label.c.target_id == target_id, label.c.scheme == name
        )
    ).all()
    return label_value(name, [row.code for row in rows], *rows[0][1:]) if rows else None


def label_value(name: str, codes: Sequence[str], grade: str, by: str, round_id: int | None) -> dict[str, Any]:
    """Return a label as revisions write it; `round_id` is left out where there is none."""
    value = {"code": join_codes(name, codes), "grade": grade, "by": by}
    return value if round_id is None else value | {"round_id": round_id}


def write_label(connection: Connection, level: str, target_id: int, name: str, value: Mapping[str, Any] | None) -> None:
    key = {"level": level, "target_id": target_id, "scheme": name}
    connection.execute(delete(label).filter_by(**key))
    if value:
        connection.execute(insert(label), [key | dict(value) | {"code": code} for code in split_codes(value["code"])])


def withdrawn(connection: Connection, values: Iterable[Mapping[str, Any] | None]) -> set[int]:
    """Return the ids of those rounds of label values that were withdrawn."""
    numbers = {value["round_id"] for value in values if value and value.get("round_id") is not None}
    if not numbers:
        return set()
    c = label_round.c
    return set(connection.scalars(select(c.id).where(c.id.in_(numbers), c.state != "accepted")))


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
