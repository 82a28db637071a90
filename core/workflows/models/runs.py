"""The training runs of a workspace: list them and look one up. The content of a run is in its folder, not here."""

from core.records import RunInfo
from core.workflows.workspace import Workspace


def every(ws: Workspace) -> list[RunInfo]:
    """All runs in any state, the newest first."""
    return ws.store.ledger.runs()


def finished(ws: Workspace) -> list[RunInfo]:
    """The finished runs, which can predict, the newest first."""
    return ws.store.ledger.runs("done")


def get(ws: Workspace, run_id: str) -> RunInfo:
    """One run. `NotFound` for an unknown id; the error lists the known ids."""
    return ws.store.ledger.run(run_id)
