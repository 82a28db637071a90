"""Pseudo-label, effect: a gate is started for the thresholds on the page, and the verdict of a round is shown."""

from typing import Any

import pytest
from page_driver import captions, ok, texts
from streamlit.testing.v1 import AppTest
from workflow_data import add_danger_run

from core.records import Round
from core.store import NewRound
from core.thresholds import Thresholds
from core.workflows import jobs
from core.workflows.pseudo_labels.ablation import gate
from core.workflows.pseudo_labels.ablation.plan import GatePlan
from core.workflows.workspace import Workspace, now

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("english")]


def panel(run_id: str) -> None:
    from core.thresholds import Thresholds
    from core.ui.frame import workspace
    from core.ui.panels.pseudo_labels import gate
    from core.ui.panels.pseudo_labels.chosen import Chosen

    gate.show(Chosen(workspace().store.ledger.run(run_id), "danger", Thresholds()))


def opened(run_id: str) -> AppTest:
    return ok(AppTest.from_function(panel, default_timeout=60, args=(run_id,)).run())


def score(value: float, reach: float = 0.01) -> dict[str, float]:
    return {"value": value, "low": value - reach, "high": value + reach}


def verdict() -> dict[str, Any]:
    """Four points of macro-F1 with all 321 pseudo-labels, no effect of half of them."""
    arms = [("none", 0, 0.80), ("half", 160, 0.80), ("all", 321, 0.84)]
    return {
        "verdict": "helps", "by": "macro_f1", "scheme": "danger", "critical": "danger",
        "gold": {"set": "d1", "sha256": "ab" * 32, "n": 40, "n_groups": 38},
        "pseudo_labels": {"given": 330, "used": 321, "left_out": 9, "mean_weight": 0.5},
        "arms": [{"name": name, "pseudo_labels": n, "train": 96 + n, "n": 40, "n_groups": 38,
                  **{key: score(value) for key in ("accuracy", "macro_f1", "recall")}} for name, n, value in arms],
        "differences": {"half": {"macro_f1": score(0.0, 0.02)}, "all": {"macro_f1": score(0.04, 0.02)}},
    }  # fmt: skip


def proposed(ws: Workspace, run: str, thresholds: Thresholds) -> Round:
    return ws.store.rounds.propose(NewRound("danger", run, thresholds.to_json()), "ann", now())


def test_a_person_starts_a_gate_for_the_thresholds_on_the_page(ws: Workspace) -> None:
    run = add_danger_run(ws)
    app = opened(run)
    (choice,) = [box for box in app.selectbox if box.label == "Round"]
    assert choice.options == ["The thresholds on this page"]
    (button,) = [button for button in app.button if button.label == "Measure the effect"]
    app = ok(button.click().run())
    live = jobs.running(ws, gate.KIND)
    assert live is not None
    (made,) = ws.store.rounds.list("danger", run)
    assert (made.state, dict(made.thresholds)) == ("proposed", Thresholds().to_json())
    plan = GatePlan.from_dict(live.params)
    assert (plan.round_id, plan.snapshot, plan.recipe, plan.gold, plan.seed) == (made.id, "d1", "danger-text", None, 0)
    assert [button.label for button in app.button] == ["Cancel"]
    assert "Recipe of the student" not in [box.label for box in app.selectbox]
    assert [box.value for box in app.info] == ["This round has not been measured yet."]


def test_the_verdict_of_a_round_is_shown_with_its_intervals_and_a_refusal_is_told(ws: Workspace) -> None:
    run = add_danger_run(ws)
    ws.store.rounds.set_verdict(proposed(ws, run, Thresholds()).id, verdict(), "ab" * 32)
    app = opened(run)
    shown = [text.replace("\\", "") for text in (*texts(app.markdown), *captions(app))]
    assert (
        ":material/trending_up: **The pseudo-labels help: +4.0 points of macro-F1 with all 321 of them (95% interval "
        "+2.0 to +6.0).**"
    ) in shown
    assert "With half of them: +0.0 points of macro-F1 (95% interval -2.0 to +2.0)." in shown
    assert any(text.startswith("Gold set: 40 items in 38 groups of d1, seen by neither") for text in shown)
    assert "9 pseudo-labels were left out: they are too near to a held-out item." in shown
    (table,) = [frame.value for frame in app.dataframe]
    assert list(table["Student"]) == ["Without", "Half", "All"]
    assert list(table["Recall of Danger"])[-1] == "0.840 (0.830 – 0.850)"
    (ws.run_folder(run) / "config.toml").unlink()  # as of a run that was imported
    (recipe,) = [box for box in ok(app.run()).selectbox if box.label == "Recipe of the student"]
    assert recipe.value == "danger-text"
    assert "Any scheme, text" in recipe.options
    assert "Urgency, text" not in recipe.options
    app.session_state["gate_trouble"] = "run r has seen 1 of the 2 items of g"
    assert [box.value for box in ok(app.run()).error] == ["run r has seen 1 of the 2 items of g"]
