"""Stores the report of each run of the augmentation: its plan, who started it, what it made and what was refused.

One JSON file a run in the workspace's augment/runs. The id of the run is also the batch of its Proposals and the id of
its job.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from core.errors import NotFound
from core.files import make_folder, write_json
from core.messages import Message
from core.store import Choice
from core.workflows.augment.plan import KIND
from core.workflows.workspace import Workspace

FOLDER = ("augment", "runs")


@dataclass(frozen=True, slots=True)
class Batch:
    """A run: `sources` got variants, `wanted` were to be made, `made` are new. `refused` counts by reason.

    `plan` is a document. `checked_by` is the run that checked the labels, None if no run is in use. `finished_at` is
    None while the run is at work, or if it was cancelled.
    """

    id: str
    at: str
    curator: str
    plan: Mapping[str, Any]
    sources: int = 0
    wanted: int = 0
    made: int = 0
    flagged: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    checked_by: str | None = None
    finished_at: str | None = None


def new_id() -> str:
    return f"augment-{secrets.token_hex(6)}"


def save(ws: Workspace, batch: Batch) -> Batch:
    folder = _folder(ws)
    make_folder(folder)
    write_json(folder / f"{batch.id}.json", asdict(batch))
    return batch


def every(ws: Workspace) -> list[Batch]:
    """All runs, the latest first."""
    return [_counted(ws, run) for run in _stored(ws)]


def get(ws: Workspace, batch_id: str) -> Batch:
    """The run with that id. `NotFound` for an unknown id; the message lists the latest ones."""
    runs = _stored(ws)
    for run in runs:
        if run.id == batch_id:
            return _counted(ws, run)
    known = ", ".join(run.id for run in runs[:5]) or Message("there is none yet")
    raise NotFound("no augmentation run {run_id!r}; the latest: {known}", run_id=batch_id[:60], known=known)


def _stored(ws: Workspace) -> list[Batch]:
    """All runs as their files say, the latest first."""
    runs = (Batch(**json.loads(path.read_text(encoding="utf-8"))) for path in _folder(ws).glob("*.json"))
    return sorted(runs, key=lambda run: (run.at, run.id), reverse=True)


def _counted(ws: Workspace, batch: Batch) -> Batch:
    """The run; if it is unfinished or was cancelled, what it has made and flagged is counted now."""
    if batch.finished_at is not None:
        return batch
    tally = ws.store.candidates.tally(Choice(KIND, batch=(batch.id,))).values()
    made = sum(row[state] for row in tally for state in ("open", "accepted", "rejected"))
    return replace(batch, made=made, flagged=sum(row["flagged"] for row in tally))


def _folder(ws: Workspace) -> Path:
    return ws.settings.home.joinpath(*FOLDER)
