"""What people did to utterances since a revision, as far as it says something of a machine's predictions for them.

Revisions are append-only, so a reader keeps what it has read and asks for the later ones alone. The labels that rounds
of pseudo-labels wrote are left out: a million of them say nothing here.
"""

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select

from core.store.schema import proposal, revision

BLOCK = 10_000
CONTENT = {"text", "start_ms", "end_ms", "voice_usable", "speaker", "recording_id", "audio"}  # what a run reads


@dataclass(frozen=True)
class Touched:
    """`last` is the greatest revision id that was read.

    `contents`: utterance id -> when its text, times, speaker or sound were changed last. `skipped`: when it was left
    out or taken back in. `cleared` are the utterances whose label a person took off.
    """

    last: int = 0
    contents: Mapping[int, str] = field(default_factory=dict)
    skipped: Mapping[int, str] = field(default_factory=dict)
    cleared: Set[int] = frozenset()


def since(connection: Connection, scheme_name: str, before: Touched) -> Touched:
    """Return `before` with what the later revisions say, under one scheme."""
    c = revision.c
    if (connection.scalar(select(func.max(c.id))) or 0) < before.last:
        before = Touched()  # another database lies there now, such as a copy of an earlier day
    query = select(c.id, c.utterance_id, c.at, c.act, c.before, c.after).where(c.id > before.last, c.round_id.is_(None))
    last, contents, skipped, cleared = before.last, dict(before.contents), dict(before.skipped), set(before.cleared)
    for row in connection.execution_options(yield_per=BLOCK).execute(query.order_by(c.id)):
        last = row.id
        if row.after.keys() & CONTENT:
            contents[row.utterance_id] = row.at
        if "skipped" in row.after:
            skipped[row.utterance_id] = row.at
        if scheme_name in row.after.get("labels", {}):
            value = row.after["labels"][scheme_name]
            if value is None and _takes_off(row, scheme_name):
                cleared.add(row.utterance_id)
            elif value is not None and (row.act == "undo" or value["grade"] == "silver"):
                cleared.discard(row.utterance_id)  # an answer of a person may be undone: then the label is off again
    return Touched(last, contents, skipped, cleared)


def _takes_off(row: Any, scheme_name: str) -> bool:
    """Return whether a Revision, after which there is no label, took one off and did not only undo an own answer."""
    before = row.before.get("labels", {}).get(scheme_name)
    return before is not None and (before["grade"] == "silver" or row.act != "undo")


def rejected(connection: Connection, scheme_name: str) -> dict[int, str]:
    """Return utterance id -> when the pseudo-label was suggested that a person rejected, under one scheme."""
    c = proposal.c
    query = select(c.utterance_id, c.made_at, c.payload).where(c.kind == "pseudo-label", c.state == "rejected")
    rows = connection.execute(query.order_by(c.made_at))
    return {row.utterance_id: row.made_at for row in rows if row.payload.get("scheme") == scheme_name}


def singly_accepted(connection: Connection, scheme_name: str) -> dict[int, str]:
    """Return utterance id -> code of the pseudo-label that a person accepted by itself at the desk, under one scheme.

    What was accepted with others at one instant nobody read one by one.
    """
    p, r = proposal.c, revision.c
    query = (
        select(p.utterance_id, p.payload, r.curator, r.at)
        .join(revision, r.id == p.revision_id)
        .where(p.kind == "pseudo-label", p.state == "accepted", r.act == "accept")
    )
    rows = connection.execute(query).all()
    together = Counter((row.curator, row.at) for row in rows)
    return {
        row.utterance_id: row.payload["code"]
        for row in rows
        if together[row.curator, row.at] == 1 and row.payload.get("scheme") == scheme_name
    }
