"""Pseudo-label: a sample is drawn, its answers are shown, and a round is accepted and withdrawn."""

import pytest
from judged_pool import add_judged_run
from page_driver import captions, ok, page, texts
from streamlit.testing.v1 import AppTest

from core.settings import ROOT
from core.store import NewProposal
from core.thresholds import Thresholds
from core.ui.panels.runs import title
from core.workflows.overview.waiting import waiting
from core.workflows.pseudo_labels import accept
from core.workflows.workspace import Workspace, now

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("english")]
LOW = Thresholds(confidence=0.55, margin=0.1)


def opened(run_id: str, name: str) -> AppTest:
    """Open one section of the page with the thresholds `LOW`."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.switch_page("pages/pseudo_label.py")
    app.query_params["run"] = run_id
    app.session_state["pseudo-section"] = name
    app.session_state[f"pseudo-thresholds:{run_id}:danger"] = LOW
    return ok(app.run())


@pytest.fixture
def run(ws: Workspace) -> str:
    return add_judged_run(ws, 90)


def test_an_audit_is_drawn_answered_and_a_round_accepted_and_withdrawn(ws: Workspace, run: str) -> None:
    app = opened(run, "audit")
    assert [box.value for box in app.info] == ["There is no audit of this run yet."]
    app.number_input(key="audit_size").set_value(30)
    app = ok(app.button(key="audit_draw").click().run())
    (audit,) = ws.store.rounds.audits(run, "danger")
    items = ws.store.rounds.items(audit.id)
    assert [metric.value for metric in app.metric] == ["–", "–"]

    app = opened(run, "accept")
    assert [box.value for box in app.warning] == ["No audit speaks for these thresholds. Draw and answer one first."]
    assert app.button(key="round_none").disabled
    app.toggle(key="round_without").set_value(True)
    app = ok(app.run())
    app = ok(app.button(key="round_accept").click().run())
    assert "the reason to accept without an audit is empty" in app.error[0].value

    for item in items:
        ws.store.review.decide(item.utterance_id, 0, "kim", now(), labels={"danger": item.code})
    app = opened(run, "audit")
    assert [metric.value for metric in app.metric] == ["100.0%", "0.0%"]
    kept = sum(item.kept for item in items)
    assert f"{kept} answered items above the thresholds" in captions(app)

    app = opened(run, "accept")
    n = accept.preview(ws, run, "danger", LOW, audit.id).new
    assert f"Accept {n} silver labels? About 0 of them are wrong." in texts(app.text)
    app = ok(app.button(key="round_accept").click().run())
    (made, *_) = [x for x in ws.store.rounds.list("danger") if x.state == "accepted"]
    assert [box.value for box in app.success] == [f"Round {made.id}: {n} silver labels written."]
    assert (made.counts["written"], made.audit_id) == (n, audit.id)
    app = ok(app.button(key=f"round_withdraw_{made.id}").click().run())
    assert [box.value for box in app.success] == [f"Round {made.id} is withdrawn: {n} labels taken back."]
    assert ws.store.rounds.rounds_of("danger") == {}
    (named,) = [text for text in texts(app.text) if "labels stand" in text]
    assert title(ws.store.ledger.run(run)) in named, "a run is shown by its name"
    assert run not in named


def test_what_the_overview_counts_is_what_a_link_shows(ws: Workspace, run: str) -> None:
    for confidence in (0.55, 0.6):
        accept.propose(ws, run, "danger", Thresholds(confidence=confidence, margin=0.1), "kim")
    payload = {"scheme": "danger", "code": "danger"}
    ws.store.proposals.add(
        [
            NewProposal("pseudo-label", item, "judged", {**payload, "n": item}, "why", run_id=run if item < 4 else None)
            for item in range(1, 6)
        ],
        now(),
    )
    waits = {row.kind: row for row in waiting(ws, "tester")}
    assert (waits["rounds"].n, waits["pseudo-labels"].n) == (2, 5)
    app = ok(page("pseudo_label", section="accept"))
    assert "Rounds proposed and not accepted yet: 2" in captions(app)
    assert {box.label: box.value for box in app.metric}["Waiting"] == "3", "those of the run that is chosen"
    app = ok(page("pseudo_label", section="accept", every="true"))
    assert {box.label: box.value for box in app.metric}["Waiting"] == "5"
    assert [box.proto.expanded for box in app.expander if box.label == "One at a time"] == [True]
