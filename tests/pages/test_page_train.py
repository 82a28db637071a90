"""The Train page: presets, the table of settings with their sources, runs beside each other."""

from pathlib import Path

import pytest
from page_driver import page as opened
from streamlit.testing.v1 import AppTest
from workflow_data import trained

from core.ui.panels import runs as run_panel
from core.workflows.corpus import schemes
from core.workflows.models import train
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration


def table(page: AppTest, column: str) -> list[dict[str, str]]:
    """The rows of the first table that has this column."""
    for shown in page.dataframe:
        if column in shown.value.columns:
            return shown.value.to_dict("records")
    raise AssertionError([list(shown.value.columns) for shown in page.dataframe])


@pytest.fixture
def english_box(monkeypatch: pytest.MonkeyPatch, english: None) -> str:
    return "Settings (key=value, separated by spaces)"


def test_every_setting_stands_with_its_value_and_its_source(ws: Workspace, tmp_path: Path, english_box: str) -> None:
    trained(ws, tmp_path)
    page = opened("train", lang="en")
    assert not page.exception
    rows = {row["Setting"]: row for row in table(page, "Where it comes from")}
    assert (rows["c"]["Value"], rows["c"]["Where it comes from"]) == ("5.0", "default of ngram")
    assert rows["c"]["Meaning"] == "inverse strength of regularisation: smaller is smoother"
    next(box for box in page.text_input if box.label == english_box).set_value("c=2 max_n=3").run()
    assert any("Set by you: c\\: 2 · max\\_n\\: 3" in caption.value for caption in page.caption)
    next(button for button in page.button if button.label == "Start training").click().run()
    assert not page.exception
    queued = next(run for run in ws.store.ledger.runs() if run.state == "queued")
    job = ws.store.board.get(queued.id)
    assert job.title.startswith("danger-text")


def test_a_wrong_setting_is_one_message(ws: Workspace, tmp_path: Path, english_box: str) -> None:
    trained(ws, tmp_path)
    page = opened("train", lang="en")
    next(box for box in page.text_input if box.label == english_box).set_value("nonsense=1").run()
    assert not page.exception
    assert any("nonsense" in error.value for error in page.error)
    assert next(button for button in page.button if button.label == "Start training").disabled
    assert "Jobs" in [header.value for header in page.header]  # the rest of the page stays
    assert page.query_params["settings"] in ("nonsense=1", ["nonsense=1"])


def test_a_reload_keeps_what_was_chosen(ws: Workspace, tmp_path: Path, english_box: str) -> None:
    trained(ws, tmp_path)
    page = opened("train", lang="en", recipe="text", settings="c=3", set=["max_n:2"], snapshot_name="mine")
    assert page.selectbox(key="recipe").value == "text"
    caption = next(caption.value for caption in page.caption if caption.value.startswith("Set by you: "))
    assert caption.replace("\\", "") == "Set by you: max_n: 2 · c: 3"
    assert page.text_input(key="snapshot_name").value == "mine"
    usual = page.selectbox(key="encoder").value
    page.selectbox(key="recipe").set_value("danger-text").run()
    assert not page.exception
    assert "recipe" not in page.query_params
    assert page.selectbox(key="encoder").value == train.recipes()["danger-text"].usual_encoder()
    assert usual


def test_a_name_is_suggested_and_an_error_leaves_the_page(ws: Workspace, tmp_path: Path, english_box: str) -> None:
    trained(ws, tmp_path)
    page = opened("train", lang="en")
    assert page.text_input(key="snapshot_name").value.startswith("danger-20")
    page.text_input(key="snapshot_split").set_value("1/2").run()
    page.button(key="freeze").click().run()
    assert len(page.error) == 1
    assert "Jobs" in [header.value for header in page.header]
    page.text_input(key="snapshot_split").set_value("70/15/15").run()
    name = page.text_input(key="snapshot_name").value
    page.button(key="freeze").click().run()
    assert [info.name for info in ws.store.ledger.snapshots()].count(name) == 1
    page.run()  # what was frozen stays in sight
    assert any(name in box.value.replace("\\", "") for box in page.success)


def test_runs_stand_beside_each_other_with_what_differs(ws: Workspace, tmp_path: Path, english_box: str) -> None:
    first = trained(ws, tmp_path)
    assert not [
        box for box in opened("train", lang="en").multiselect if box.label == "Trained runs"
    ]  # one run: nothing to compare
    spec = train.plan(ws, "danger-text", "s1", overrides={"max_n": "2"})
    train.run(ws, spec)
    page = opened("train", lang="en")
    next(box for box in page.multiselect if box.label == "Trained runs").set_value([first, spec.run_id]).run()
    assert not page.exception
    rows = table(page, "Macro-F1")
    titles = run_panel.titles(ws.store.ledger.runs())
    assert [(row["Run"], row["max_n"], row["Preset"]) for row in rows] == [
        (titles[first], "4", "default"), (titles[spec.run_id], "2", "default"),
    ]  # fmt: skip
    assert all("[" in row["Macro-F1"] for row in rows)
    assert len(page.get("plotly_chart")) >= 1


def test_a_broken_recipe_file_is_named_and_the_rest_works(ws: Workspace, tmp_path: Path, english_box: str) -> None:
    trained(ws, tmp_path)
    (ws.settings.home / "recipes").mkdir()
    (ws.settings.home / "recipes" / "mine.toml").write_text("name = 3")
    page = opened("train", lang="en")
    assert not page.exception
    assert any("mine" in warning.value and "must be a text" in warning.value for warning in page.warning)
    assert "Danger, text" in next(box for box in page.selectbox if box.label == "Recipe").options


def test_why_a_training_cannot_go_on_stays_under_its_job(
    ws: Workspace, tmp_path: Path, english_box: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = trained(ws, tmp_path)
    ws.store.board.add(run_id, "train", "danger-text", {"run_id": run_id}, "2026-01-01T00:00:00+00:00")
    ws.store.board.update(run_id, "2026-01-01T00:00:01+00:00", state="failed")
    ws.store.ledger.set_run(run_id, "failed")
    page = opened("train", lang="en")
    ws.store.ledger.set_run(run_id, "done")  # another tab has let it go on, and it has ended
    monkeypatch.setattr(train, "resumable", lambda _ws: {run_id})
    page.button(key=f"resume-{run_id}").click().run()
    page.run()  # the board is drawn again each second
    assert not page.exception
    assert [box.value for box in page.error if "only a training that was cancelled" in box.value]


def test_a_scheme_that_was_rejected_meanwhile_is_no_longer_chosen(
    ws: Workspace, tmp_path: Path, english_box: str
) -> None:
    trained(ws, tmp_path)
    schemes.propose(ws, "mood", ["good", "bad"])
    page = opened("train", lang="en")
    page.multiselect(key="snapshot_schemes").set_value(["danger", "mood"]).run()
    assert not page.exception
    schemes.reject(ws, "mood", "kim")
    page.run()
    assert not page.exception
    assert page.multiselect(key="snapshot_schemes").value == ["danger"]
