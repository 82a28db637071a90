"""What a run was scored on: the probabilities of its test side, the true classes, and the frozen items behind them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.errors import CheckpointMismatch, InputError, UnknownName
from core.messages import Message, SchemeName, Word
from core.records import RunInfo
from core.runs.folder import read_predictions
from core.snapshots.format import Item, read_some
from core.workflows.workspace import Workspace


@dataclass(frozen=True, eq=False)
class Scored:
    """N test items of a run: `ids`, `keys`, class ids `gold` int (N,), calibrated `probs` (N, K) of `codes`.

    `target` is the scheme that they answer.
    """

    run: RunInfo
    target: str
    codes: tuple[str, ...]
    ids: tuple[int, ...]
    keys: tuple[str, ...]
    gold: NDArray[np.int64]
    probs: NDArray[np.float64]

    @property
    def guess(self) -> NDArray[np.int64]:
        """The class ids that the run predicts, int (N,)."""
        return np.asarray(self.probs.argmax(axis=1))


def finished_run(ws: Workspace, run_id: str) -> RunInfo:
    """The run; `InputError` if it is not done."""
    info = ws.store.ledger.run(run_id)
    if info.state != "done":
        raise InputError("run {run_id} is {state}; it has no scores yet", run_id=run_id, state=Word(info.state))
    return info


def under(run: RunInfo, target: str) -> RunInfo:
    """The run seen by one of its schemes: `scheme` and `metrics` are those of that Target."""
    of_target = run.metrics.get("targets", {}).get(target, {})
    return replace(run, scheme=target, metrics={**run.metrics, **of_target})


def codes_of(run: RunInfo, target: str | None = None) -> tuple[str, ...]:
    """The classes of a finished run in the order of its columns, for one Target or the first."""
    return tuple(row["code"] for row in under(run, target or run.scheme).metrics["test"]["per_class"])


def target_of(run: RunInfo, target: str | None) -> str:
    """The Target `target` of a run, or its first; `UnknownName` lists those that it has."""
    if target is not None and target not in run.schemes:
        raise UnknownName(Message("target of run {run}", run=run.id), target, run.schemes)
    return target or run.scheme


def scored(ws: Workspace, run_id: str, target: str | None = None) -> Scored:
    """What the finished run predicted on its test side for one Target, or the first.

    `CheckpointMismatch` if its predictions cannot be read; `InputError` for a multi-label Target.
    """
    run = finished_run(ws, run_id)
    name = target_of(run, target)
    run = under(run, name)
    if run.metrics["test"].get("confusion") is None:
        raise InputError(
            "run {run}: {scheme} takes several classes an item, which this view cannot show",
            run=run_id,
            scheme=SchemeName(name),
        )
    codes = codes_of(run, name)
    rows = [row for row in read_predictions(ws.run_folder(run_id), name) if row["side"] == "test"]
    if not rows or any(row["gold"] not in codes or len(row["probs"]) != len(codes) for row in rows):
        raise CheckpointMismatch("run {run}: predictions.parquet does not fit its classes", run=run_id)
    return Scored(
        run,
        name,
        codes,
        tuple(row["id"] for row in rows),
        tuple(row["key"] for row in rows),
        np.array([codes.index(row["gold"]) for row in rows], dtype=np.int64),
        np.array([row["probs"] for row in rows], dtype=np.float64),
    )


def frozen_items(ws: Workspace, snapshot: str, ids: Sequence[int]) -> dict[str, Item]:
    """The items `ids` of a snapshot by key. `CheckpointMismatch` if it cannot be read or lacks one of them."""
    info = ws.store.ledger.snapshot(snapshot)
    items = read_some(ws.snapshot_folder(snapshot), ids, info.sha256).items
    if missing := [number for number in ids if number not in items]:
        raise CheckpointMismatch(
            "snapshot {snapshot} lacks {n} items that the run was scored on", snapshot=snapshot, n=len(missing)
        )
    return {item.key: item for item in items.values()}
