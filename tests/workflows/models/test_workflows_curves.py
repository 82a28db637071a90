"""core.workflows.models.curves: several runs beside each other; their curves as event files."""

from pathlib import Path

import pytest
from cli_driver import answer, failure
from workflow_data import trained

from core.errors import NotFound
from core.files import json_text
from core.runs.folder import RunFolder
from core.training.trainer.tensorboard import write_events
from core.workflows.models import curves, train
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration


@pytest.fixture
def two(ws: Workspace, tmp_path: Path) -> list[str]:
    first = trained(ws, tmp_path)
    spec = train.plan(ws, "danger-text", "s1", overrides={"max_n": "2"})
    train.run(ws, spec)
    return [first, spec.run_id]


def test_runs_stand_beside_each_other(ws: Workspace, two: list[str]) -> None:
    rows = curves.beside(ws, two)
    assert [row.run for row in rows] == two
    assert [(row.snapshot, row.state, row.preset, row.epochs, row.best_epoch) for row in rows] == [
        ("s1", "done", "default", 1, 1)
    ] * 2
    assert set(rows[0].scores) == set(curves.SCORES)
    assert curves.different_settings(rows) == ["max_n"]
    assert rows[1].settings["max_n"] == 2
    assert rows[0].history[0]["macro_f1"] > 0
    with pytest.raises(NotFound, match="nope"):
        curves.beside(ws, ["nope"])


def test_curves_for_tensorboard(ws: Workspace, two: list[str], tmp_path: Path) -> None:
    event_accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="pip install tensorboard"
    )
    history = [{"epoch": n, "loss": 1 / n, "macro_f1": 0.5, "best": 1, "stop": False} for n in (1, 2, 3)]
    lines = [*history[:2], history[2] | {"targets": {"danger": {"macro_f1": 0.25}}}]
    folder = RunFolder(ws.run_folder(two[0])).path
    (folder / "history.jsonl").write_text("".join(json_text(line) + "\n" for line in lines))
    shown = answer("runs", "tensorboard", *two, "--to", tmp_path / "logs")
    assert shown["runs"][two[0]] == 7
    read = event_accumulator.EventAccumulator(str(tmp_path / "logs" / two[0])).Reload()
    assert [(e.step, round(e.value, 3)) for e in read.Scalars("loss")] == [(1, 1.0), (2, 0.5), (3, 0.333)]
    assert [e.step for e in read.Scalars("targets/danger/macro_f1")] == [3]
    assert "best" not in read.Tags()["scalars"]
    assert "exists already" in failure("runs", "tensorboard", two[0], "--to", tmp_path / "logs")
    assert failure("runs", "tensorboard", "nope", "--to", tmp_path / "x").startswith("no run 'nope'")


def test_without_the_package_the_command_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.errors import MissingBackend, NotEnoughData
    from core.training.trainer import tensorboard

    monkeypatch.setattr(tensorboard, "find_spec", lambda name: None)
    with pytest.raises(MissingBackend, match="need the package tensorboard: pip install tensorboard"):
        write_events({"r": []}, tmp_path / "x")
    monkeypatch.undo()
    if tensorboard.find_spec("tensorboard"):
        with pytest.raises(NotEnoughData, match="run r has no epoch yet"):
            write_events({"r": []}, tmp_path / "x")
