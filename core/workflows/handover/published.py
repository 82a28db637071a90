"""Import a published checkpoint as a run: a person says what its labels mean, a snapshot here calibrates and tests it.

It is scored on the held-out sides of a snapshot of this workspace, as a run that was trained here. Whether its makers
trained on the same items is not known, so such a score is worth as much as their word.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.errors import InputError
from core.files import make_folder, move_into_place, remove, temporary_path
from core.messages import SchemeName
from core.models.pretrained.local_weights import local_folder
from core.models.pretrained.published import Published, read_published, reconciled, write_model
from core.records import RunInfo
from core.runs.card import write_targets
from core.runs.folder import RunFolder
from core.schemes import scheme
from core.schemes.target import Target
from core.snapshots.format import read
from core.workflows.models import train
from core.workflows.workspace import Workspace

RECIPES = {"text-encoder": "text", "audio-encoder": "voice"}


def import_published(
    ws: Workspace, path: str, scheme_name: str, snapshot: str, labels: Mapping[str, str], overrides: Mapping[str, str]
) -> RunInfo:
    """Add the classifier as a run and score it on `snapshot`; `labels` are pairs their label -> our class.

    `InputError` where the labels are ambiguous (both lists are named), where the snapshot is of another scheme, and for
    a folder that is no classifier in safetensors.
    """
    folder = local_folder(path)
    if folder is None:
        raise InputError(
            "{path}: no such folder with config.json and safetensors, nor in the cache of the hub", path=path
        )
    published, chosen = read_published(folder), scheme(scheme_name)
    targets = read(ws.snapshot_folder(snapshot)).targets
    if [target.name for target in targets] != [chosen.name]:
        raise InputError(
            "snapshot {name} is not of scheme {scheme} alone", name=snapshot, scheme=SchemeName(chosen.name)
        )
    rows = reconciled(published, chosen, labels)
    spec = train.plan(ws, RECIPES[published.architecture], snapshot, str(folder), overrides)

    def step(name: str, fn: Callable[[], Any]) -> Any:
        """The steps of a training, with the published model in place of the fit."""
        return _place(RunFolder(spec.run_folder), published, rows, targets) if name == "fit" else fn()

    train.run(ws, spec, step=step)
    return ws.store.ledger.run(spec.run_id)


def _place(run: RunFolder, published: Published, rows: Sequence[int], targets: tuple[Target, ...]) -> None:
    """Put the model where the engine finds the best one of a fit that ended after one epoch."""
    place = run.best_model(1)
    temporary = temporary_path(place)
    try:
        make_folder(temporary)
        write_model(published, targets[0], rows, temporary)
        write_targets(temporary, targets)
        remove(place)
        move_into_place(temporary, place)
    finally:
        remove(temporary)
    run.record({"epoch": 1, "best": 1, "stop": True, "published": True})
