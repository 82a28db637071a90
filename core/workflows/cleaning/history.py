"""Stores the facts of each cleaning run: its plan, its filter, who started it and when. Its proposals are in the store.

One JSON file per run in the workspace's cleaning/. The run's id is also the batch of its proposals and, if a page
started it, the id of its job.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from core import cleaning
from core.cleaning import Plan
from core.errors import NotFound
from core.files import make_folder, write_json
from core.messages import Message, message_from_json, message_to_json
from core.workflows.workspace import Workspace

FOLDER = "cleaning"


@dataclass(frozen=True, slots=True)
class Run:
    """A cleaning run. `plan` and `wanted` are documents; `left_out`: step that compares the corpus -> why it did not
    run.
    """

    id: str
    at: str
    curator: str
    plan: Mapping[str, Any]
    wanted: Mapping[str, Any]
    utterances: int = 0
    left_out: Mapping[str, str] = field(default_factory=dict)
    undone_at: str | None = None


def new_id() -> str:
    return f"clean-{secrets.token_hex(6)}"


def save(ws: Workspace, run: Run) -> Run:
    folder = ws.settings.home / FOLDER
    make_folder(folder)
    document = asdict(run) | {"left_out": {step: message_to_json(why) for step, why in run.left_out.items()}}
    write_json(folder / f"{run.id}.json", document)
    return run


def list_runs(ws: Workspace) -> list[Run]:
    """All runs, the latest first."""
    paths = (ws.settings.home / FOLDER).glob("*.json")
    return sorted(map(_read, paths), key=lambda run: (run.at, run.id), reverse=True)


def _read(path: Path) -> Run:
    document = json.loads(path.read_text(encoding="utf-8"))
    return Run(
        **document | {"left_out": {step: message_from_json(why) for step, why in document.get("left_out", {}).items()}}
    )


def get(ws: Workspace, run_id: str) -> Run:
    """The run with that id. `NotFound` for an unknown id; the message lists the latest ones."""
    runs = list_runs(ws)
    for run in runs:
        if run.id == run_id:
            return run
    known = ", ".join(run.id for run in runs[:5]) or Message("there is none yet")
    raise NotFound("no cleaning run {run_id!r}; the latest: {known}", run_id=run_id[:60], known=known)


def tally(ws: Workspace, run_id: str) -> dict[str, dict[str, int]]:
    """step -> {open, accepted, rejected} of a run's suggestions; steps without suggestions are left out."""
    return ws.store.cleanings.tally(run_id)


def update(ws: Workspace, run_id: str, **values: Any) -> Run:
    return save(ws, replace(get(ws, run_id), **values))


def plan_of(run: Run) -> Plan:
    return cleaning.from_document(run.plan, run.id)
