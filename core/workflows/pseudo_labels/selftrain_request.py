"""What a person asks of a self-training, from words as a command line gives them."""

import json
from dataclasses import replace

from core.errors import InputError, UnknownName
from core.messages import Names
from core.thresholds import MODES, Thresholds
from core.training.recipes import recipe, recipes
from core.workflows.pseudo_labels.selftrain import Trainee
from core.workflows.workspace import Workspace


def chosen_teacher(ws: Workspace, name: str | None, how: Trainee) -> Trainee | str:
    """The run called `name`, or `how` with the recipe called so; `how` itself without a name."""
    if name is None:
        return how
    if name in {run.id for run in ws.store.ledger.runs()}:
        return name
    try:
        return replace(how, recipe=recipe(name).name)
    except UnknownName as error:
        raise InputError(
            "{name} can teach neither as a run nor as a recipe; the recipes are {recipes}, the finished runs {runs}",
            name=name, recipes=Names(tuple(recipes())), runs=Names([run.id for run in ws.store.ledger.runs("done")]),
        ) from error  # fmt: skip


def chosen_snapshot(ws: Workspace, teacher: Trainee | str, name: str | None) -> str:
    """The snapshot `name`, or that of the run that teaches; `InputError` if neither is given."""
    if name is not None:
        return name
    if isinstance(teacher, str):
        return ws.store.ledger.run(teacher).snapshot
    raise InputError(
        "name the snapshot with the labels of people (--snapshot); there are {names}",
        names=Names([info.name for info in ws.store.ledger.snapshots()]),
    )


def chosen_thresholds(text: str, confidence: float, margin: float) -> Thresholds:
    """Thresholds from the name of a mode, with `confidence` and `margin` where it uses them, or from JSON."""
    if not text.lstrip().startswith("{"):
        if text not in MODES:
            raise UnknownName("mode", text, MODES)
        return Thresholds(mode=text, confidence=confidence, margin=margin)
    try:
        values = json.loads(text)
    except ValueError as error:
        raise InputError("these are no thresholds: {value}", value=text[:200]) from error
    return Thresholds.from_json(values)
