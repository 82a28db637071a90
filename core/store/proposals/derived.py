"""Writes what an accepted augmentation adds: an utterance in its parent's group, and how it was made. Takes it out."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, delete, insert, update

from core.errors import Conflict
from core.records import Act, NewUtterance, Utterance
from core.records.derivation import derivation_from_meta
from core.store.corpus.corpus import insert_utterance, one_utterance
from core.store.corpus.derivations import copy_labels, derivation
from core.store.proposals import outcomes as rule
from core.store.proposals.rows import payload_of
from core.store.review import decisions
from core.store.schema import label, utterance


def add_augmentation(
    connection: Connection, row: Any, parent: Utterance, change: rule.Change, curator: str, at: str, act: Act
) -> dict[str, Any]:
    """Add an utterance to its parent's group. It gets the parent's labels as silver, except disputed ones.

    These labels are shown, and a snapshot reads the parent's own.

    An utterance that was taken out of the corpus by an undo is put back instead, if its text is the same.
    """
    text = str(change.text)
    earlier = row.result_id and one_utterance(connection, row.result_id)
    if earlier and earlier.text == text:
        connection.execute(update(utterance).where(utterance.c.id == earlier.id).values(active=True))
        copy_labels(connection, [(parent.id, earlier.id)], "utterance", curator)
        return {"result_id": earlier.id}
    meta = {"operation": row.operation, **payload_of(row.payload), "text": text}
    new = NewUtterance(
        key=f"{parent.key}+{row.id}" + (f"@{parent.version}" if earlier else ""), text=text, group=parent.group,
        speaker=parent.speaker, origin="augmented", meta=meta,
    )  # fmt: skip
    new_id = insert_utterance(connection, parent.source_id, parent.recording_id, new, parent.id)
    copy_labels(connection, [(parent.id, new_id)], "utterance", curator)
    if made := derivation_from_meta(new_id, meta, row.made_at, row.batch):
        connection.execute(insert(derivation).values(asdict(made)))
    return {"result_id": new_id}


def take_out(connection: Connection, utterance_id: int) -> None:
    """Take a derived utterance out of the corpus and delete its labels; its row stays, as other rows refer to it.

    `Conflict` if somebody has decided on it.
    """
    if (later := decisions.standing(connection, utterance_id)) is not None:
        raise Conflict(
            "the accepted utterance {utterance_id} was decided on by {who}; that has to be undone first",
            utterance_id=utterance_id,
            who=later,
        )
    connection.execute(delete(label).where(label.c.level == "utterance", label.c.target_id == utterance_id))
    connection.execute(update(utterance).where(utterance.c.id == utterance_id).values(active=False))
