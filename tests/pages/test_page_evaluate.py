"""Evaluate: a run by its name, an unknown run said, cells from a list and in Review, two runs beside each other."""

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from page_driver import captions, ok, page
from workflow_data import trained

from core.runs.folder import RunFolder, read_predictions
from core.snapshots.format import Item
from core.ui.panels import runs as run_panel
from core.ui.panels.evaluation import cells
from core.workflows.evaluation import compare, evaluate
from core.workflows.models import train
from core.workflows.review import queues
from core.workflows.workspace import Workspace

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("english")]


def test_equal_names_of_runs_are_told_apart(ws: Workspace, tmp_path: Path) -> None:
    run = ws.store.ledger.run(trained(ws, tmp_path))
    titles = run_panel.titles([replace(run, id="b"), replace(run, id="a")])
    assert titles["a"] == f"{run_panel.title(run)} (1)"
    assert titles["b"] == f"{run_panel.title(run)} (2)"
    assert run.id not in run_panel.title(run)
    assert "Danger" in run_panel.title(run)


def test_an_unknown_run_says_so_until_another_one_is_chosen(ws: Workspace, tmp_path: Path) -> None:
    run = trained(ws, tmp_path)
    app = page("evaluate", run="gone-1")
    assert [box.value for box in app.warning] == [r"The run that the address names is not in this workspace: gone\-1"]
    assert not app.metric
    assert app.query_params["run"] in ("gone-1", ["gone-1"])
    app = ok(app.selectbox(key="other_run").select(run).run())
    assert not app.warning
    assert app.selectbox(key="run").value == run
    assert app.query_params["run"] in (run, [run])


def wrong_twice(ws: Workspace, run_id: str) -> None:
    """Make two test predictions of a run wrong, in its file and its matrix: the sentences are easy for any recipe."""
    rows = read_predictions(ws.run_folder(run_id))
    dangers = [row for row in rows if row["side"] == "test" and row["gold"] == "danger"]
    for row in dangers[:2]:
        row["probs"] = sorted(row["probs"], reverse=True)  # normal comes first
    items = [Item(id=r["id"], key=r["key"], group="", text="", code=r["gold"], side=r["side"]) for r in rows]
    probs = np.array([row["probs"] for row in rows])
    RunFolder(ws.run_folder(run_id)).write_predictions([("danger", items, probs)])
    metrics = copy.deepcopy(dict(ws.store.ledger.run(run_id).metrics))
    n_danger = len(dangers)
    for place in (metrics["test"], metrics["targets"]["danger"]["test"] if "targets" in metrics else {}):
        place["confusion"] = [place["confusion"][0], [2, n_danger - 2]] if place else []
    ws.store.ledger.set_run(run_id, "done", metrics)


def test_cells_and_differences_open_in_review(ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = trained(ws, tmp_path)
    spec = train.plan(ws, "danger-text", "s1")
    train.run(ws, spec)
    wrong_twice(ws, spec.run_id)
    result = compare.compare(ws, spec.run_id, first)
    assert result.matrices[0][1][0] == 2
    assert result.matrices[1][1][0] == 0
    assert [sum(map(sum, matrix)) for matrix in result.matrices] == [result.scores["n"]] * 2

    app = page("evaluate", run=spec.run_id, **{"with": first})
    (button,) = [button for button in app.button if str(button.key).startswith("cell-")]
    assert button.label.replace("\\", "") == "Danger taken for Normal: 2"
    app = ok(button.click().run())
    assert app.selectbox(key="cell").value == "1-0"
    assert any(text.startswith("First run: ") for text in captions(app))
    assert [tab.label for tab in app.tabs] == ["The second run mended: 2", "The second run broke: 0"]
    kind = app.selectbox(key="wrong_to_right")
    assert list(kind.options) == ["All changes: 2", "Danger: Normal before, Danger now · 2"]
    app.button(key="open-wrong_to_right").click().run()  # AppTest cannot follow to the other page
    (name,) = (name for name in ws.store.queues.built() if name.startswith(f"{queues.LIST}:"))
    opened = queues.opened_list(ws, name.removeprefix(f"{queues.LIST}:"))
    assert opened
    assert (opened.count, opened.title) == (2, "Mended by the second run")


def test_a_cell_counts_all_of_its_utterances_however_few_are_shown(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained(ws, tmp_path)
    n = len(evaluate.mistakes(ws, run, "danger", "danger"))
    assert n > 2
    monkeypatch.setattr(cells, "SHOWN", 1)
    monkeypatch.setattr(evaluate.cell, "__defaults__", (1, None))  # what is read at once counts nothing
    app = ok(page("evaluate", run=run, cell="1-1"))
    assert f"Danger taken for Danger: {n}" in [header.value for header in app.header]
    assert f"{n - 1} more" in captions(app)
