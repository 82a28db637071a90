"""The training runs of a workspace as people list and choose them; what is inside a run lies in its folder."""

from core.records import RunInfo
from core.workflows.workspace import Workspace


def every(ws: Workspace) -> list[RunInfo]:
    """All runs, whatever became of them, the newest first."""
    return ws.store.ledger.runs()


def finished(ws: Workspace) -> list[RunInfo]:
    """The runs that are done and can judge, the newest first."""
    return ws.store.ledger.runs("done")


def get(ws: Workspace, run_id: str) -> RunInfo:
    """One run; `NotFound` for an unknown id, with the ids that there are."""
    return ws.store.ledger.run(run_id)
