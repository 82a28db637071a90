"""core.workflows.models.runs: all runs, those that can judge, one by its id; which of them make pseudo-labels."""

import pytest
from store_data import AT

from core.errors import NotFound
from core.records import JobState, RunInfo, SnapshotInfo
from core.workflows.models import runs
from core.workflows.pseudo_labels import candidates
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration


def put(ws: Workspace, run_id: str, scheme: str, modality: str, state: JobState, hour: int) -> None:
    at = AT.replace("T00", f"T{hour:02d}")
    info = RunInfo(run_id, "r", "e", scheme, "voice" if modality == "voice" else "text", "s", state, at, {})
    ws.store.ledger.put_run(info)


def test_runs_are_listed_newest_first_and_only_finished_ones_judge(ws: Workspace) -> None:
    assert (runs.every(ws), runs.finished(ws)) == ([], [])
    ws.store.ledger.add_snapshot(SnapshotInfo("s", "danger", "0", AT, {}))
    put(ws, "old", "danger", "text", "done", 1)
    put(ws, "cut-short", "danger", "text", "cancelled", 2)
    put(ws, "by-voice", "danger", "voice", "done", 3)
    put(ws, "of-calls", "urgency", "text", "done", 4)
    assert [run.id for run in runs.every(ws)] == ["of-calls", "by-voice", "cut-short", "old"]
    assert [run.id for run in runs.finished(ws)] == ["of-calls", "by-voice", "old"]
    assert [run.id for run in candidates.judging_runs(ws)] == ["of-calls", "by-voice", "old"]
    assert runs.get(ws, "cut-short").state == "cancelled"
    with pytest.raises(NotFound, match="no run 'new'; there are: of-calls"):
        runs.get(ws, "new")


def test_snapshots_are_listed_newest_first(ws: Workspace) -> None:
    assert snapshot.every(ws) == []
    for name, hour in (("a", "T01"), ("b", "T02")):
        ws.store.ledger.add_snapshot(SnapshotInfo(name, "danger", "0", AT.replace("T00", hour), {}))
    assert [info.name for info in snapshot.every(ws)] == ["b", "a"]
