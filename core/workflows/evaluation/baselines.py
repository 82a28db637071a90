"""The trivial baselines of a run: from its metrics or, for a run of an earlier version, computed from its snapshot."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.errors import CheckpointMismatch, UnknownName
from core.records import RunInfo
from core.schemes.target import Target
from core.snapshots.format import Snapshot
from core.snapshots.items import Item, Items
from core.training.baselines import baseline_scores
from core.training.inputs import of_speakers
from core.training.recipes import recipe
from core.workflows.evaluation import seen
from core.workflows.evaluation.scored import scored
from core.workflows.workspace import Workspace


def of_run(ws: Workspace, run: RunInfo) -> Mapping[str, Any]:
    """The baselines of a finished run (`core.training.baselines`). `CheckpointMismatch` if its snapshot is needed and
    cannot be read.
    """
    stored: Mapping[str, Any] | None = run.metrics.get("baselines")
    return stored if stored is not None else _computed(ws, run)


def on_items(ws: Workspace, run: RunInfo, items: Sequence[Item]) -> dict[str, Any]:
    """The baselines of a run, scored on other `items`, whose labels are those of the run's classes."""
    target = _snapshot(ws, run).target(run.scheme)
    return baseline_scores(training_items(ws, run), items, target, run.modality)


def training_items(ws: Workspace, run: RunInfo) -> Items:
    """The items that the run was trained on; of a voice run also those whose sound turned out unusable.

    Their code is the answer under the run's scheme.
    """
    items = of_speakers(_snapshot(ws, run).under(run.scheme).items, speakers_of(run))
    read = items.column("text" if run.modality == "text" else "audio")
    return items.take([i for i, side in enumerate(items.column("side")) if side == "train" and read[i]])


def snapshot_items(ws: Workspace, name: str) -> Items:
    """All items of a snapshot, verified. `CheckpointMismatch` if it cannot be read or is not the registered one."""
    return seen.registered(ws, name).items


def _snapshot(ws: Workspace, run: RunInfo) -> Snapshot:
    return seen.registered(ws, run.snapshot)


def _computed(ws: Workspace, run: RunInfo) -> Mapping[str, Any]:
    info = ws.store.ledger.snapshot(run.snapshot)
    return _computed_once(ws, str(ws.snapshot_folder(info.name)), info.sha256, run.id, run.scheme)


@lru_cache(maxsize=16)
def _computed_once(ws: Workspace, folder: str, sha256: str, run_id: str, scheme: str) -> Mapping[str, Any]:
    """Computed once a process: a finished run and its snapshot never change."""
    data = scored(ws, run_id, scheme)
    by_key = {item.key: item for item in seen.verified(folder, sha256).under(scheme).items}
    if missing := [key for key in data.keys if key not in by_key]:
        raise CheckpointMismatch(
            "snapshot {snapshot} lacks {n} items that the run was scored on",
            snapshot=Path(folder).name,
            n=len(missing),
        )
    return baseline_scores(
        training_items(ws, data.run),
        [by_key[key] for key in data.keys],
        Target(data.target, data.codes),
        data.run.modality,
        by_recording=data.run.metrics.get("by_recording") is not None,
    )


def speakers_of(run: RunInfo) -> tuple[str, ...]:
    """The speakers that the run's recipe learns from; all for a recipe that no longer exists."""
    try:
        return recipe(run.recipe).speakers
    except UnknownName:
        return ()
