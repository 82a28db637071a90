"""Import a run that another workspace exported. It predicts here at once; its snapshot stays where it was frozen.

The run keeps its id. Its snapshot is known here as `name@` and the first digits of its hash, so that it is never taken
for a snapshot of this workspace: what needs the snapshot's items says that they are not here.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from core.errors import BadRecord, CheckpointMismatch, Conflict, InputError
from core.files import file_lock, make_folder, move_into_place, temporary_folder, write_bytes
from core.ingest.run_package import FOREIGN_PREDICTIONS, PREDICTIONS, RunPackage, read_package, scheme_file
from core.messages import ClassName, Names, SchemeName, Word
from core.records import RunInfo, SnapshotInfo
from core.runs.card import CARD, Card, read_card, read_model
from core.schemes import SCHEMES, Scheme
from core.schemes.files import parse_toml
from core.workflows.handover.checks import check_card, run_info
from core.workflows.workspace import Workspace, now

LOCK = ".import.lock"


@dataclass(frozen=True, slots=True)
class ImportedRun:
    """How an import ended. `scheme`: "known", or "proposed" if it came with the run and waits for a person."""

    run: RunInfo
    state: Literal["added", "known"]
    scheme: Literal["known", "proposed"]


def import_run(ws: Workspace, path: Path) -> ImportedRun:
    """Add the run in a zip or folder. Idempotent: a run that is here with the same content is "known".

    `InputError` for a hostile or incomplete package, and for a scheme that has other classes here;
    `CheckpointMismatch` if card and weights do not fit together; `Conflict` if another run has this id.
    """
    if not path.exists():
        raise InputError("{path}: no such file or folder", path=path)
    package = read_package(path.resolve())
    make_folder(ws.settings.runs)
    with file_lock(ws.settings.runs / LOCK), temporary_folder(ws.settings.runs) as temporary:
        check_card(package)
        came_along = _schemes(package)  # before the model is loaded: the clearest error first
        folder = temporary / "run"
        card = _unpacked(package, folder)
        info = run_info(package, card, foreign_name(card))
        if _is_known(ws, card, package.where):
            return ImportedRun(ws.store.ledger.run(card.run_id), "known", "known")
        for delivered in came_along:
            _propose(ws, delivered)
        _add(ws, info, card, folder)
    return ImportedRun(info, "added", "proposed" if came_along else "known")


def imported(ws: Workspace, run: RunInfo) -> bool:
    """Whether the run came from another workspace, so that its snapshot is not here."""
    return any(info.name == run.snapshot for info in ws.store.ledger.foreign_snapshots())


def foreign_name(card: Card) -> str:
    """The name of an imported run's snapshot; no snapshot of a workspace has an @ in its name."""
    return f"{card.snapshot}@{card.snapshot_sha256[:12]}"


def _unpacked(package: RunPackage, folder: Path) -> Card:
    """Write the package's files to `folder`, and load the model to see that they fit together; returns the card."""
    make_folder(folder)
    for name, content in package.files.items():
        place = folder / (FOREIGN_PREDICTIONS if name == PREDICTIONS else name)
        make_folder(place.parent)
        write_bytes(place, content)
    try:
        return read_model(folder)[0]
    except CheckpointMismatch as error:
        raise CheckpointMismatch("{where}: {error}", where=package.where, error=error) from error


def _is_known(ws: Workspace, card: Card, where: str) -> bool:
    """Whether this very run is here. `Conflict` if another run has its id."""
    here = next((run for run in ws.store.ledger.runs() if run.id == card.run_id), None)
    if here is None:
        return False
    if here.state == "done" and read_card(ws.settings.runs / here.id) == card:
        return True
    raise Conflict(
        "{where}: this workspace has another run called {run_id} (its card or weights differ); remove one of them",
        where=where,
        run_id=card.run_id,
    )


def _schemes(package: RunPackage) -> list[Scheme]:
    """The schemes to propose. `InputError` if one has other classes here, or did not come along."""
    card = package.document(CARD)
    targets = card.get("targets") or [{"name": card["scheme"], "codes": card["codes"], "kind": "single"}]
    schemes = (_scheme(package, scheme_file(n, target["name"]), target) for n, target in enumerate(targets))
    return [scheme for scheme in schemes if scheme is not None]


def _scheme(package: RunPackage, file: str, target: Mapping[str, Any]) -> Scheme | None:
    """The scheme of a Target to propose, None if there is one of its name here."""
    name, codes = target["name"], tuple(target["codes"])
    delivered = _delivered_scheme(package, file)
    own = SCHEMES.get(name)
    if own is not None:
        _check_same(own, delivered, codes, target["kind"], package.where)
        return None
    if delivered is None:
        raise InputError(
            "{where}: scheme {scheme} is not in this workspace, and the run came without {file}: add the scheme first",
            where=package.where,
            scheme=SchemeName(name),
            file=file,
        )
    if delivered.name != name or delivered.codes[: len(codes)] != codes or delivered.kind != target["kind"]:
        raise BadRecord(
            f"{package.where}/{file}", "is not the scheme of the run: {scheme} with the classes {codes}",
            scheme=SchemeName(name), codes=Names(codes),
        )  # fmt: skip
    return replace(delivered, state="proposed")


def _delivered_scheme(package: RunPackage, file: str) -> Scheme | None:
    if file not in package.files:
        return None
    where = f"{package.where}/{file}"
    try:
        return parse_toml(package.files[file].decode("utf-8-sig"), where)
    except UnicodeDecodeError as error:
        raise BadRecord(where, "is not UTF-8 (byte {start})", start=error.start) from error


def _check_same(own: Scheme, delivered: Scheme | None, codes: tuple[str, ...], kind: str, where: str) -> None:
    """`InputError` unless the scheme here begins with the run's classes, in this order, and is of the same level."""
    if own.codes[: len(codes)] != codes or own.kind != kind:
        raise InputError(
            "{where}: scheme {scheme} has other classes or another order here. Here: {here}. In the run: {codes}",
            where=where,
            scheme=SchemeName(own.name),
            here=Names(ClassName(own.name, code) for code in own.codes),
            codes=Names(codes),
        )
    if delivered is not None and delivered.level != own.level:
        raise InputError(
            "{where}: scheme {scheme} labels each {here} here and each {level} in the run",
            where=where,
            scheme=SchemeName(own.name),
            here=Word(own.level),
            level=Word(delivered.level),
        )


def _propose(ws: Workspace, delivered: Scheme) -> None:
    ws.store.schemes.put(delivered.name, lambda old: old or delivered, ws.settings.curator, now())


def _add(ws: Workspace, info: RunInfo, card: Card, folder: Path) -> None:
    """Move the run to its place and add its rows; without the rows the folder does not stay."""
    place = ws.settings.runs / info.id
    shutil.rmtree(place, ignore_errors=True)  # a process was killed after it moved the folder, before it wrote the row
    move_into_place(folder, place)
    try:
        ws.store.ledger.add_imported(
            info, SnapshotInfo(info.snapshot, card.scheme, card.snapshot_sha256, card.created_at, {})
        )
    except Exception:  # raised again: a folder without a row would block its run for ever
        shutil.rmtree(place)
        raise
