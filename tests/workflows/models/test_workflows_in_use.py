"""core.workflows.models.in_use: a person chooses the run that serves a scheme; until then it is the newest."""

from pathlib import Path

import pytest
from store_data import AT
from training_corpus import TELLING
from workflow_data import trained

from core.errors import InputError, NotFound
from core.records import RunInfo, SnapshotInfo
from core.workflows.models import in_use, train
from core.workflows.predict import predict
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

TEXT = f"할머니가 {TELLING['danger']}"


def judged(ws: Workspace) -> tuple[str, bool]:
    judgement = predict.predict_text(ws, TEXT)["utterances"][0]["judgements"]["danger"]
    return judgement["run"], judgement["chosen"]


def test_the_newest_run_serves_until_a_person_chooses(ws: Workspace, tmp_path: Path) -> None:
    first = trained(ws, tmp_path)
    spec = train.plan(ws, "text", "s1")
    train.run(ws, spec)
    assert judged(ws) == (spec.run_id, False)
    choice = in_use.use(ws, first, "ann")
    assert (choice.run_id, choice.scheme, choice.modality, choice.chosen_by) == (first, "danger", "text", "ann")
    assert judged(ws) == (first, True)
    third = train.plan(ws, "text", "s1")
    train.run(ws, third)
    assert judged(ws) == (first, True), "a newer run does not take over"
    in_use.use(ws, third.run_id, "bob")
    assert [(c.run_id, c.chosen_by) for c in ws.store.in_use.list()] == [(third.run_id, "bob")]
    assert judged(ws) == (third.run_id, True)
    named = predict.predict_text(ws, TEXT, [first])["utterances"][0]["judgements"]["danger"]
    assert (named["run"], named["chosen"]) == (first, True)


def test_only_a_finished_run_that_exists_can_serve(ws: Workspace) -> None:
    ws.store.ledger.add_snapshot(SnapshotInfo("s", "danger", "0", AT, {}))
    ws.store.ledger.put_run(RunInfo("r", "text", "ngram", "danger", "text", "s", "failed", AT, {}))
    with pytest.raises(InputError, match="run r is failed; only a finished run can serve"):
        in_use.use(ws, "r", "ann")
    with pytest.raises(NotFound, match="no run 'x'"):
        in_use.use(ws, "x", "ann")
    assert in_use.serving(ws) == []


def test_a_choice_holds_for_one_scheme_and_modality(ws: Workspace) -> None:
    ws.store.ledger.add_snapshot(SnapshotInfo("s", "danger", "0", AT, {}))
    for hour, (scheme, modality) in enumerate([("danger", "text"), ("danger", "voice"), ("urgency", "text")] * 2):
        at = AT.replace("T00", f"T{hour:02d}")
        run = RunInfo(f"r{hour}", "r", "e", scheme, "voice" if modality == "voice" else "text", "s", "done", at, {})
        ws.store.ledger.put_run(run)
    in_use.use(ws, "r1", "ann")
    assert [(item.run.id, item.chosen) for item in in_use.serving(ws)] == [("r5", False), ("r3", False), ("r1", True)]
    assert set(in_use.by_run(ws)) == {"r1", "r3", "r5"}
