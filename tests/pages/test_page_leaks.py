"""Evaluate: the leak meter is started for a run, its picture and sentences are shown, a failure is told."""

from typing import Any

import pytest
from page_driver import captions, ok, page, texts
from streamlit.testing.v1 import AppTest
from workflow_data import add_danger_run

from core.files import write_json
from core.workflows import jobs
from core.workflows.leaks import meter, results
from core.workflows.leaks.plan import LeakPlan
from core.workflows.workspace import Workspace

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("english")]

VALUES = {("lineage", False): 0.60, ("rows", False): 0.62, ("lineage", True): 0.60, ("rows", True): 0.70}


def scores(value: float) -> dict[str, Any]:
    score = {"value": value, "low": value - 0.03, "high": value + 0.03}
    return {"accuracy": score, "macro_f1": score, "recall": score}


def store_document(ws: Workspace) -> None:
    """A finished measurement of the run's snapshot: 10 points of accuracy, all of them leakage."""
    differences = {"leakage_without": 0.02, "apparent": 0.10, "leakage": 0.10, "gain": 0.0}
    made = {"n": 1234, "source": "made", "operations": ["random-deletion"], "refused": {"equal": 2}, "why": None}
    document = {
        "id": "m1", "made_at": "2026-01-02T03:04:05+00:00", "snapshot": "d1", "recipe": "danger-text",
        "encoder": "ngram", "scheme": "danger", "critical": "danger", "unseen": "groups", "augmentation": made,
        "arms": [{"split": split, "augmented": augmented, "n": 40, "sides": {"train": 96}} | scores(value)
                 for (split, augmented), value in VALUES.items()],
        "differences": {name: scores(value) for name, value in differences.items()},
    }  # fmt: skip
    results.folder(ws).mkdir()
    write_json(results.folder(ws) / "m1.json", document)


def buttons(app: AppTest) -> list[Any]:
    return [button for button in app.button if button.label == "Measure leakage"]


def test_a_person_starts_a_measurement_and_sees_a_finished_one(ws: Workspace) -> None:
    run = add_danger_run(ws)
    store_document(ws)
    app = page("evaluate", run=run)
    assert "Leak meter" in texts(app.header)
    shown = [text.replace("\\", "") for text in (*texts(app.markdown), *captions(app))]
    assert (
        "**Of the +10.0 points of accuracy that augmenting first and splitting random rows then seems to bring, 10.0 "
        "are leakage (95% interval +7.0 to +13.0).**"
    ) in shown
    assert any(text.startswith("1,234 variants were made for this measurement by random-deletion") for text in shown)
    (table,) = [frame.value for frame in app.dataframe if "Augmentation" in frame.value]
    assert list(table["Augmentation"]) == ["without", "without", "with", "with"]
    assert list(table["Recall of Danger"]) == [
        "0.600 (0.570 – 0.630)", "0.620 (0.590 – 0.650)", "0.600 (0.570 – 0.630)", "0.700 (0.670 – 0.730)",
    ]  # fmt: skip
    app.multiselect(key="leak_operations").set_value(["punctuation-insertion"])
    app.number_input(key="leak_factor").set_value(3.0)
    app.session_state["leakmeter_trouble"] = "no space is left"
    app = ok(buttons(app)[0].click().run())
    assert [box.value for box in app.error] == ["no space is left"]
    live = jobs.running(ws, meter.KIND)
    assert live is not None
    plan = LeakPlan.from_dict(live.params)
    assert (plan.snapshot, plan.recipe, plan.encoder, plan.operations, plan.factor) == (
        "d1", "danger-text", "ngram", ("punctuation-insertion",), 3.0,
    )  # fmt: skip
    assert buttons(app) == [], "one measurement at a time"
