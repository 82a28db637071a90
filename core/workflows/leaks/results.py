"""The documents of finished leak meters, one JSON file each in the folder `leakmeters` of the workspace.

A document: {id, made_at, plan, snapshot, sha256, recipe, encoder, preset, scheme, critical, unseen ("groups" or
"speakers"), augmentation {n, source, operations, factor, class_factors, alpha, refused, why}, arms [{name, split
("lineage" or "rows"), augmented, sides, repeats_left_out, n, n_groups, accuracy, macro_f1, recall}], differences
{leakage_without, apparent, leakage, gain: {accuracy, macro_f1, recall}}, bootstrap}. A score is {value, low, high};
recall is there where the scheme has a class that must not be missed. Without variants the last three differences and
two arms are missing.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import CheckpointMismatch, NotFound
from core.workflows.workspace import Workspace

Document = Mapping[str, Any]


def folder(ws: Workspace) -> Path:
    """The folder of the documents; each measurement that runs has a folder of its own in it."""
    return ws.settings.home / "leakmeters"


def every(ws: Workspace) -> list[Document]:
    """The documents, the newest first."""
    read = [_read(path) for path in folder(ws).glob("*.json")]
    return sorted(read, key=lambda document: str(document["made_at"]), reverse=True)


def get(ws: Workspace, meter_id: str) -> Document:
    """The document of one leak meter; `NotFound` if there is none."""
    for document in every(ws):
        if document["id"] == meter_id:
            return document
    raise NotFound("there is no finished leak meter {meter_id}", meter_id=meter_id)


def of_snapshot(ws: Workspace, snapshot: str, recipe: str, encoder: str, scheme: str) -> list[Document]:
    """The documents about one recipe with one encoder on one snapshot, under one scheme; the newest first."""
    wanted = (snapshot, recipe, encoder, scheme)
    keys = ("snapshot", "recipe", "encoder", "scheme")
    return [document for document in every(ws) if tuple(document[key] for key in keys) == wanted]


def _read(path: Path) -> Document:
    try:
        document: Document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointMismatch("leak meter {name} cannot be read: {error}", name=path.name, error=error) from error
    return document
