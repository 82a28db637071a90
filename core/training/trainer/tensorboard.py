"""Curves of finished or running trainings for TensorBoard: one folder with an event file for each run.

The curves come from history.jsonl, so runs that were trained without TensorBoard have them too.
"""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from core.errors import InputError, MissingBackend, NotEnoughData
from core.files import atomic_path

INSTALL = "pip install tensorboard==2.21.0"
NO_CURVE = ("epoch", "best", "stop")


def write_events(histories: Mapping[str, Sequence[Mapping[str, Any]]], folder: Path) -> dict[str, int]:
    """Write the histories, by run id, into the new folder `folder`; returns the number of points of each run.

    `MissingBackend` without the package tensorboard; `NotEnoughData` for a run without an epoch.
    """
    if find_spec("tensorboard") is None:
        raise MissingBackend("curves for TensorBoard need the package tensorboard: {install}", install=INSTALL)
    if folder.exists():
        raise InputError("{out} exists already; name a new folder", out=folder)
    for run_id, history in histories.items():
        if not history:
            raise NotEnoughData("run {run_id} has no epoch yet, so there is no curve", run_id=run_id)
    with atomic_path(folder) as temporary:
        return {run_id: _write(history, temporary / run_id) for run_id, history in histories.items()}


def _write(history: Sequence[Mapping[str, Any]], folder: Path) -> int:
    from torch.utils.tensorboard import SummaryWriter

    points = 0
    with SummaryWriter(str(folder)) as writer:
        for entry in history:
            for name, value in _curves(entry):
                writer.add_scalar(name, value, entry["epoch"])
                points += 1
    return points


def _curves(entry: Mapping[str, Any]) -> list[tuple[str, float]]:
    """The numbers of one epoch; those of several targets are named `target/score`."""
    flat: list[tuple[str, float]] = []
    for name, value in entry.items():
        if isinstance(value, Mapping):
            flat += [(f"{name}/{inner}", number) for inner, number in _curves(value)]
        elif name not in NO_CURVE and isinstance(value, int | float) and not isinstance(value, bool):
            flat.append((name, float(value)))
    return flat
