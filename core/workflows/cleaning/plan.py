"""The workspace's cleaning plan, and whether its texts may leave the machine.

`cleaning.toml` holds the steps that run, `cleaning.off.toml` those that are switched off, so that their settings are
kept until they are switched on again. Without `cleaning.toml` the bundled plan is used. `remote.json` says who accepted
that texts go to a spelling service, and when.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core import cleaning
from core.cleaning import STEP_KINDS, Plan, Step, Suggestion
from core.cleaning.proposing import cleaner
from core.errors import InputError
from core.files import write_json, write_text
from core.workflows.beside import BESIDE
from core.workflows.workspace import Workspace, now

FILE, OFF = "cleaning.toml", "cleaning.off.toml"
ACCEPTED = "remote.json"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Who accepted that masked texts leave this machine, and when."""

    by: str
    at: str


def load(ws: Workspace) -> Plan:
    """The plan of the workspace, or the bundled plan if none was saved. `BadRecord` if the file cannot be read."""
    path = ws.settings.home / FILE
    return cleaning.read(path) if path.is_file() else cleaning.default_plan()


def switched_off(ws: Workspace) -> tuple[Step, ...]:
    """The steps that do not run: as they were when they were switched off, else as in the bundled plan."""
    path = ws.settings.home / OFF
    saved = {step.name: step for step in cleaning.read(path).steps} if path.is_file() else {}
    bundled = {step.name: step for step in cleaning.default_plan().steps}
    running = {step.name for step in load(ws).steps}
    return tuple(
        saved.get(name) or bundled.get(name) or _default_step(name) for name in STEP_KINDS if name not in running
    )


def checked(rows: Sequence[Mapping[str, Any]], name: str, where: str = FILE) -> Plan:
    """The plan of those steps in that order. `BadRecord` names the step and the key that is wrong."""
    return cleaning.from_document({"name": name, "steps": [dict(row) for row in rows]}, where)


def save(ws: Workspace, rows: Sequence[Mapping[str, Any]], off: Sequence[Mapping[str, Any]], name: str) -> Plan:
    """Save both lists of steps, if both are valid; returns the plan that runs from now on."""
    plan = checked(rows, name)
    rest = checked(off, name, OFF) if off else None
    write_text(ws.settings.home / FILE, cleaning.to_toml(plan))
    if rest is None:
        (ws.settings.home / OFF).unlink(missing_ok=True)
    else:
        write_text(ws.settings.home / OFF, cleaning.to_toml(rest))
    return plan


def reset(ws: Workspace) -> Plan:
    """Remove the workspace's plan; returns the bundled one, which holds again."""
    for name in (FILE, OFF):
        (ws.settings.home / name).unlink(missing_ok=True)
    return cleaning.default_plan()


def try_out(ws: Workspace, plan: Plan, text: str) -> list[Suggestion]:
    """The suggestions of `plan` for one text, step by step."""
    allow = may_leave(ws, plan)
    for step in plan.steps:
        if not step.of_corpus:
            cleaner(step, allow_remote=allow)  # an absent backend is named before another process looks for it
    return BESIDE.call(cleaning.suggest, plan, text, allow_remote=allow)


def acceptance(ws: Workspace) -> Acceptance | None:
    """Who accepted that texts leave the machine; None if nobody did, or if it was withdrawn."""
    path = ws.settings.home / ACCEPTED
    return Acceptance(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def accept(ws: Workspace, curator: str) -> None:
    write_json(ws.settings.home / ACCEPTED, {"by": curator, "at": now()})


def withdraw(ws: Workspace) -> None:
    (ws.settings.home / ACCEPTED).unlink(missing_ok=True)


def may_leave(ws: Workspace, plan: Plan) -> bool:
    """Whether texts may leave the machine for `plan`. `InputError` if the plan needs that and nobody accepted it."""
    accepted = acceptance(ws) is not None
    if plan.remote and not accepted:
        raise InputError(
            "step {step!r} of plan {plan!r} sends texts to a third party: tick the box on the "
            "Clean page that accepts it, or choose the backend 'offline'",
            step=plan.remote[0],
            plan=plan.name,
        )
    return accepted


def _default_step(name: str) -> Step:
    return checked([{"name": name}], "one").steps[0]
