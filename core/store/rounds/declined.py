"""Says which targets have no label because a person decided so: a machine's label is not written there again."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, select

from core.schemes import Scheme
from core.store.schema import proposal, revision, utterance

PROPOSAL = "pseudo-label"


def declined(
    connection: Connection, definition: Scheme, wanted: Mapping[int, str], targets: Mapping[int, int | None]
) -> set[int]:
    """Return the targets whose code in `wanted` (utterance id -> code) a person rejected, or whose label one took off.

    `targets`: utterance id -> target. A person's own label that was undone leaves a target undecided.
    """
    rejected = {targets[number] for number in _rejected(connection, definition, wanted) if number in targets}
    return {target for target in rejected if target is not None} | set(_cleared(connection, definition, targets))


def _rejected(connection: Connection, definition: Scheme, wanted: Mapping[int, str]) -> Iterator[int]:
    """Yield the utterances of which a person rejected the wanted code at the desk."""
    c = proposal.c
    query = select(c.utterance_id, c.payload).where(
        c.kind == PROPOSAL, c.state == "rejected", c.utterance_id.in_(wanted)
    )
    for number, payload in connection.execute(query):
        if (payload.get("scheme"), payload.get("code")) == (definition.name, wanted[number]):
            yield number


def _cleared(connection: Connection, definition: Scheme, targets: Mapping[int, int | None]) -> Iterator[int]:
    """Yield the targets whose label a person took off, with nothing decided since."""
    known = {target for target in targets.values() if target is not None}
    target = utterance.c.id if definition.level == "utterance" else utterance.c.recording_id
    r = revision.c
    query = (
        select(target.label("target"), r.id, r.undoes, r.round_id, r.before, r.after)
        .join(revision, revision.c.utterance_id == utterance.c.id)
        .where(target.in_(known), utterance.c.version > 0)
        .order_by(r.id)
    )
    rows = [row for row in connection.execute(query) if definition.name in row.after.get("labels", {})]
    undone = {row.undoes for row in rows}
    last = {row.target: row for row in rows if row.id not in undone and _decides(row, definition.name)}
    yield from (number for number, row in last.items() if _takes_off(row, definition.name))


def _decides(row: Any, name: str) -> bool:
    """Return whether a Revision decides about a label: an undo does so only if it takes a machine's label off."""
    return row.undoes is None or (_takes_off(row, name) and row.before["labels"][name]["grade"] == "silver")


def _takes_off(row: Any, name: str) -> bool:
    """Return whether a Revision is a person's, and no label is left by it where one was."""
    before = row.before.get("labels", {}).get(name)
    return row.round_id is None and before is not None and row.after["labels"][name] is None
