"""Small workspaces for the tests of workflows and shell: sentences with one decisive word each, and a delivered
call.
"""

import csv
import random
from pathlib import Path

from aihub119_files import deliver
from training_corpus import TELLING, sentence

from core.workflows.imports import aihub119
from core.workflows.models import train
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace


def sentence_file(path: Path, n: int = 120) -> Path:
    """Write a CSV of `n` labelled sentences, danger and normal in turn."""
    rng = random.Random(7)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "text", "label", "kind"])
        for i in range(n):
            code = ("normal", "danger")[i % 2]
            rows.writerow([f"u{i:03d}", sentence(rng, TELLING[code]), code, "plain"])
    return path


def import_sentences(ws: Workspace, folder: Path, n: int = 120) -> aihub119.ImportResult:
    return aihub119.ingest_sentences(ws, sentence_file(folder / "sentences.csv", n), "sentences", "ours")


def import_calls(ws: Workspace, folder: Path, n: int = 2) -> aihub119.ImportResult:
    return aihub119.ingest_aihub119(ws, deliver(folder, range(1, n + 1)))


def trained(ws: Workspace, folder: Path) -> str:
    """Import sentences, freeze snapshot `s1`, train danger-text on it; returns the run's id."""
    import_sentences(ws, folder)
    snapshot.create(ws, "s1", "danger")
    spec = train.plan(ws, "danger-text", "s1")
    train.run(ws, spec)
    return spec.run_id
