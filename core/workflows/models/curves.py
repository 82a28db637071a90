"""The curves of trainings by epoch, and several runs beside each other; also as files for TensorBoard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.runs.folder import RunFolder
from core.training.trainer.tensorboard import write_events
from core.workflows.workspace import Workspace

SCORES = ("accuracy", "macro_f1", "weighted_f1")


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run in a comparison: what it was trained with, its scores on the test side, its curves by epoch.

    `scores` are {"value", "low", "high"} by name; they compare only runs of one snapshot, so `snapshot` stands beside.
    """

    run: str
    recipe: str
    encoder: str
    preset: str
    snapshot: str
    state: str
    epochs: int
    best_epoch: int | None
    scores: Mapping[str, Mapping[str, float | None]]
    settings: Mapping[str, Any]
    history: Sequence[Mapping[str, Any]]


def history(ws: Workspace, run_id: str) -> list[dict[str, Any]]:
    """One entry an epoch: epoch, loss, validation_loss, macro_f1 and more. Empty before the first epoch ends."""
    return RunFolder(ws.run_folder(run_id)).history()


def beside(ws: Workspace, run_ids: Sequence[str]) -> list[RunRow]:
    """The runs in the order given. `NotFound` for an unknown run."""
    return [_row(ws, run_id) for run_id in run_ids]


def different_settings(rows: Sequence[RunRow]) -> list[str]:
    """The settings that are not the same in all of `rows`, in the order of the first run's settings."""
    names = dict.fromkeys(name for row in rows for name in row.settings)
    return [name for name in names if len({str(row.settings.get(name)) for row in rows}) > 1]


def _row(ws: Workspace, run_id: str) -> RunRow:
    run = ws.store.ledger.run(run_id)
    folder = RunFolder(ws.run_folder(run_id))
    config, epochs = folder.config() or {}, folder.history()
    test = run.metrics.get("test", {})
    return RunRow(
        run=run.id,
        recipe=run.recipe,
        encoder=run.encoder,
        preset=str(config.get("preset", "default")),
        snapshot=run.snapshot,
        state=run.state,
        epochs=len(epochs),
        best_epoch=epochs[-1].get("best") if epochs else None,
        scores={name: test[name] for name in SCORES if name in test},
        settings=config.get("settings", {}),
        history=epochs,
    )


def to_tensorboard(ws: Workspace, run_ids: Sequence[str], folder: Path) -> dict[str, int]:
    """Write the curves of the runs into the new folder `folder`; returns the number of points of each run."""
    return write_events({run_id: history(ws, run_id) for run_id in run_ids}, folder)
