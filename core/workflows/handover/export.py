"""Export a run: a zip with its card, weights, scores, scheme and model card, which another workspace can import.

No utterance leaves the workspace. The predictions on validation and test data go along with numbers in place of the
utterances: the id is a running number, and the key is a hash under the snapshot's hash, so that two runs of one
snapshot can still be compared item by item. Predictions on unlabelled utterances stay.
"""

from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError
from core.export.run_package import write_package
from core.files import json_text, sha256
from core.inference.predictor import load
from core.ingest.run_package import FOREIGN_PREDICTIONS, FORMAT, MANIFEST, METRICS, MODEL_CARD, PREDICTIONS, scheme_file
from core.records import RunInfo
from core.runs.card import CARD, read_card
from core.runs.environment import environment
from core.runs.folder import prediction_bytes, read_predictions
from core.schemes import scheme
from core.schemes.files import to_toml
from core.snapshots.format import Item
from core.workflows.handover.model_card import model_card
from core.workflows.workspace import Workspace, now

AS_THEY_ARE = (CARD, METRICS, "config.toml", "history.jsonl")


def export_run(ws: Workspace, run_id: str, path: Path) -> dict[str, Any]:
    """Write the run to the zip `path`; returns {"run", "file", "sha256", "bytes", "files": {name: bytes}}.

    `InputError` for a run that is not finished; `CheckpointMismatch` if its files do not fit together.
    """
    run = ws.store.ledger.run(run_id)
    if run.state != "done":
        raise InputError("run {run_id} is not finished; it cannot be handed over", run_id=run_id)
    load(ws.run_folder(run_id))  # a run that cannot be loaded is not handed over
    files = _files(ws, run)
    manifest = {
        "format": FORMAT, "run": run.id, "started_at": run.started_at, "exported_at": now(),
        "environment": environment(), "files": {name: sha256(content) for name, content in files.items()},
    }  # fmt: skip
    files[MANIFEST] = json_text(manifest, 1).encode()
    write_package(path, run.id, files)
    sizes = {name: len(content) for name, content in files.items()}
    return {"run": run.id, "file": str(path), "sha256": sha256(path), "bytes": path.stat().st_size, "files": sizes}


def _files(ws: Workspace, run: RunInfo) -> dict[str, bytes]:
    folder = ws.run_folder(run.id)
    names = [*AS_THEY_ARE, *read_card(folder).files]
    files = {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}
    files |= {scheme_file(n, name): to_toml(scheme(name)).encode() for n, name in enumerate(run.schemes)}
    files[MODEL_CARD] = model_card(ws, run.id).encode()
    foreign = folder / FOREIGN_PREDICTIONS
    if foreign.is_file():
        files[PREDICTIONS] = foreign.read_bytes()
    elif (folder / PREDICTIONS).is_file():
        files[PREDICTIONS] = _nameless(folder, ws.store.ledger.snapshot(run.snapshot).sha256)
    return files


def _nameless(folder: Path, salt: str) -> bytes:
    """The predictions of a run without ids and keys of this workspace."""
    tables = []
    for target in read_card(folder).targets:
        rows = read_predictions(folder, target.name)
        items = [
            Item(n, sha256(f"{salt}\n{row['key']}".encode())[:16], "", "", row["gold"], side=row["side"])
            for n, row in enumerate(rows)
        ]
        tables.append((target.name, items, np.array([row["probs"] for row in rows], dtype=np.float64)))
    return prediction_bytes(tables)
