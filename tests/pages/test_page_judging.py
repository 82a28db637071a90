"""Pseudo-label, predict: a job is started for the run on the page and followed; what failed is told."""

import pytest
from page_driver import ok
from streamlit.testing.v1 import AppTest
from workflow_data import add_danger_run

from core.records import NewUtterance
from core.workflows.pseudo_labels import judge
from core.workflows.pseudo_labels.judge import JudgePlan
from core.workflows.workspace import Workspace, now

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("english")]


def panel(run_id: str) -> None:
    from core.thresholds import Thresholds
    from core.ui.frame import workspace
    from core.ui.panels.pseudo_labels import judge
    from core.ui.panels.pseudo_labels.chosen import Chosen

    judge.show(Chosen(workspace().store.ledger.run(run_id), "danger", Thresholds()))


def buttons(app: AppTest) -> list[str]:
    return [str(one.label) for one in app.button]


def test_a_job_is_started_followed_and_its_failure_told(ws: Workspace) -> None:
    run = add_danger_run(ws)
    source = ws.store.corpus.add_source("pool", "sentences", "ours", "0", now())
    items = [NewUtterance(f"p{n}", f"할머니가 쓰러졌어요 {n}번지", f"p{n}") for n in range(3)]
    ws.store.corpus.add_sentences(source, items, now())
    app = ok(AppTest.from_function(panel, default_timeout=60, args=(run,)).run())
    assert [(one.label, one.value) for one in app.metric] == [("Predictions of this run", "0")]
    assert buttons(app) == ["Judge what is unlabelled"]
    ok(app.button[0].click().run())
    job = judge.running(ws, run)
    assert job is not None
    plan = JudgePlan.from_document(job.params)
    assert plan == JudgePlan(run, targets=("danger",))
    assert buttons(app) == ["Cancel"]
    ws.store.board.update(job.id, now(), state="failed", error="the disk is full")
    ok(app.run())
    assert [one.value for one in app.error] == ["the disk is full"]
    assert buttons(app) == ["Judge what is unlabelled"]
    result = judge.run(ws, plan)
    ws.store.board.update(job.id, now(), state="done", progress={"result": result.as_json()})
    ok(app.run())
    assert [one.value for one in app.caption][-1] == (
        "The last job: 3 judged, 0 had been judged before, 0 without a prediction."
    )
    assert [one.value for one in app.metric] == ["3"]
    app.selectbox(key="judge_precision").select("int8")
    app.number_input(key="judge_workers").set_value(2)
    app.selectbox(key="judge_executor").select("processes")
    ok(app.run())
    ok(app.button[0].click().run())
    later = judge.running(ws, run)
    assert later is not None
    chosen = JudgePlan.from_document(later.params)
    assert (chosen.executor, chosen.workers, chosen.precision) == ("processes", 2, "int8")
