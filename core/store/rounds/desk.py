"""Says which run made the pseudo-labels that were accepted one by one at the desk: no round holds these."""

from sqlalchemy import Connection, select

from core.schemes import Scheme
from core.store.rounds.declined import PROPOSAL
from core.store.schema import proposal, utterance


def runs(connection: Connection, definition: Scheme) -> dict[int, str]:
    """Return target id -> id of the run whose pseudo-label was accepted there last, under one scheme."""
    target = utterance.c.id if definition.level == "utterance" else utterance.c.recording_id
    query = (
        select(target, proposal.c.run_id, proposal.c.payload)
        .join(utterance, utterance.c.id == proposal.c.utterance_id)
        .where(proposal.c.kind == PROPOSAL, proposal.c.state == "accepted")
        .where(proposal.c.run_id.is_not(None), target.is_not(None))
        .order_by(proposal.c.id)
    )
    return {number: run for number, run, payload in connection.execute(query)
            if payload.get("scheme") == definition.name}  # fmt: skip
