"""Evaluate, Predict: a person lets a run serve, reads its model card, and sees that an imported run has no snapshot."""

from dataclasses import replace
from pathlib import Path

import pytest
from page_driver import captions, ok, page
from streamlit.testing.v1 import AppTest
from workflow_data import trained

from core.workflows.handover.export import export_run
from core.workflows.handover.imports import import_run
from core.workflows.models import train
from core.workflows.workspace import Workspace, open_workspace

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("english")]

UNCHOSEN = "In use because it is the newest: nobody has chosen a run for this scheme."


def press(app: AppTest, key: str) -> AppTest:
    return ok(app.button(key=key).click().run())


def test_a_button_lets_a_run_serve(ws: Workspace, tmp_path: Path) -> None:
    first = trained(ws, tmp_path)
    newest = train.plan(ws, "text", "s1")
    train.run(ws, newest)
    assert UNCHOSEN in captions(page("evaluate", run=newest.run_id))
    app = page("evaluate", run=first)
    assert "Not in use: another run serves this scheme." in captions(app)
    app = press(app, f"use-{first}")
    (choice,) = ws.store.in_use.list()
    assert choice.run_id == first
    assert any(text.startswith(f"In use: chosen by {choice.chosen_by}, ") for text in captions(app))
    assert app.button(key=f"use-{first}").disabled


def test_the_model_card_opens_behind_a_button(ws: Workspace, tmp_path: Path) -> None:
    run = trained(ws, tmp_path)
    app = page("evaluate", run=run)
    assert app.code == []
    assert "## 알려진 한계" in press(app, f"card-{run}").code[0].value


def test_an_imported_run_says_that_its_snapshot_is_elsewhere(ws: Workspace, tmp_path: Path) -> None:
    home = tmp_path / "other"
    other = open_workspace(replace(ws.settings, home=home, database_url=f"sqlite:///{home / 'gwidama.db'}"))
    run = trained(other, tmp_path)
    export_run(other, run, tmp_path / "run.zip")
    import_run(ws, tmp_path / "run.zip")
    app = page("evaluate", run=run)
    assert any("This run was imported" in box.value for box in app.info)
    assert UNCHOSEN in captions(app)
