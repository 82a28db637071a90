"""Which run serves a scheme: the one that a person chose, or the newest finished run while nobody has chosen.

A choice holds for one scheme and one modality. It is read at each prediction, so a change counts at once. While nobody
has chosen, an imported run serves only a scheme for which no run was trained here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import InputError
from core.messages import Word
from core.records import RunInfo
from core.store import RunChoice
from core.workflows.workspace import Workspace, now

Slot = tuple[str, str]  # scheme and modality


@dataclass(frozen=True, slots=True)
class Serving:
    """A run that serves `schemes`; `choice` says who chose it and when, None: it is the newest, nobody has chosen."""

    run: RunInfo
    choice: RunChoice | None
    schemes: tuple[str, ...]

    @property
    def chosen(self) -> bool:
        return self.choice is not None


def use(ws: Workspace, run_id: str, who: str) -> RunChoice:
    """Let a finished run serve its scheme from now on. `InputError` for a run that is not finished."""
    run = ws.store.ledger.run(run_id)
    if run.state != "done":
        raise InputError("run {run_id} is {state}; only a finished run can serve", run_id=run_id, state=Word(run.state))
    return ws.store.in_use.choose(run, who, now())


def serving(ws: Workspace) -> list[Serving]:
    """The run that serves each scheme and modality, the newest run first."""
    foreign = {info.name for info in ws.store.ledger.foreign_snapshots()}
    runs = sorted(ws.store.ledger.runs("done"), key=lambda run: run.snapshot in foreign)  # own runs first
    choices: dict[Slot, RunChoice] = {(c.scheme, c.modality): c for c in ws.store.in_use.list()}
    newest: dict[Slot, str] = {}
    for run in runs:
        for name in run.schemes:
            newest.setdefault((name, run.modality), run.id)
    ids = newest | {slot: choice.run_id for slot, choice in choices.items()}
    slots = {run.id: [slot for name in run.schemes if ids[slot := (name, run.modality)] == run.id] for run in runs}
    return [
        Serving(run, _choice(choices, slots[run.id]), tuple(name for name, _ in slots[run.id]))
        for run in runs
        if slots[run.id]
    ]


def _choice(choices: Mapping[Slot, RunChoice], slots: Sequence[Slot]) -> RunChoice | None:
    return next((choices[slot] for slot in slots if slot in choices), None)


def by_run(ws: Workspace) -> dict[str, Serving]:
    """Run id -> how the run serves; a run that does not serve is left out."""
    return {item.run.id: item for item in serving(ws)}
