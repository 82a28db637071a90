"""What is remembered of each cleaning run beside its proposals: the plan as it was, the filter, who started it.

One JSON file a run in the workspace's cleaning/. The run's id is the batch of its proposals and, on the page, its job.
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
from core.messages import Message, packed, unpacked
from core.workflows.workspace import Workspace

FOLDER = "cleaning"


@dataclass(frozen=True, slots=True)
class Run:
    """`plan` and `wanted` as documents; `left_out`: step of the corpus -> why it was not run."""

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


def keep(ws: Workspace, run: Run) -> Run:
    folder = ws.settings.home / FOLDER
    make_folder(folder)
    document = asdict(run) | {"left_out": {step: packed(why) for step, why in run.left_out.items()}}
    write_json(folder / f"{run.id}.json", document)
    return run


def every(ws: Workspace) -> list[Run]:
    """The runs, the latest first."""
    paths = (ws.settings.home / FOLDER).glob("*.json")
    return sorted(map(_read, paths), key=lambda run: (run.at, run.id), reverse=True)


def _read(path: Path) -> Run:
    document = json.loads(path.read_text(encoding="utf-8"))
    return Run(**document | {"left_out": {step: unpacked(why) for step, why in document.get("left_out", {}).items()}})


def get(ws: Workspace, run_id: str) -> Run:
    """`NotFound` for an unknown id, with the latest ones."""
    runs = every(ws)
    for run in runs:
        if run.id == run_id:
            return run
    known = ", ".join(run.id for run in runs[:5]) or Message("there is none yet")
    raise NotFound("no cleaning run {run_id!r}; the latest: {known}", run_id=run_id[:60], known=known)


def tally(ws: Workspace, run_id: str) -> dict[str, dict[str, int]]:
    """step -> {open, accepted, rejected} of what a run suggested; steps that suggested nothing are left out."""
    return ws.store.cleanings.tally(run_id)


def change(ws: Workspace, run_id: str, **values: Any) -> Run:
    return keep(ws, replace(get(ws, run_id), **values))


def plan_of(run: Run) -> Plan:
    return cleaning.from_document(run.plan, run.id)
