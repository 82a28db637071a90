"""Turns rows of the table `proposal` into Proposal records."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from core.errors import NotFound
from core.messages import restore_message
from core.records import Proposal
from core.store.schema import proposal

_HIDDEN = {"fingerprint", "decided_at", "result_id", "revision_id"}


def stored_row(connection: Connection, proposal_id: int) -> Any:
    """Return the row; `NotFound` if there is none."""
    row = connection.execute(select(proposal).where(proposal.c.id == proposal_id)).one_or_none()
    if row is None:
        raise NotFound("no proposal {proposal_id}", proposal_id=proposal_id)
    return row


def record(row: Mapping[Any, Any]) -> Proposal:
    """Return the row as a record."""
    shown = {name: value for name, value in row.items() if name not in _HIDDEN}
    payload = row["payload"]
    return Proposal(**shown | {"payload": payload_of(payload), "reason": restore_message(row["reason"], payload)})


def payload_of(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the proposal would write, without the message that is stored in the same column."""
    return {name: value for name, value in stored.items() if name != "message"}
