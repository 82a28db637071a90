"""Small workspaces for the tests of workflows and shell: sentences with one decisive word each, and a delivered
call.
"""

import csv
import random
from pathlib import Path

from aihub119_files import deliver
from training_corpus import TELLING, danger_items, sentence

from core.records import NewRecording, NewUtterance
from core.workflows.imports import aihub119
from core.workflows.models import train
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace, now


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


def add_danger_run(ws: Workspace) -> str:
    """Add labelled sentences, the snapshot `d1` of them, and a run that judges danger in texts; returns its id."""
    source = ws.store.corpus.add_source("s", "test", "ours", "0" * 64, now())
    items = [NewUtterance(i.key, i.text, i.group, labels={"danger": i.code}) for i in danger_items()]
    ws.store.corpus.add_sentences(source, items, now())
    snapshot.create(ws, "d1", "danger", "60/20/20", 1)
    spec = train.plan(ws, "danger-text", "d1")
    train.run(ws, spec)
    return spec.run_id


def add_whole_calls(ws: Workspace, labelled: int, unlabelled: int) -> None:
    """Calls of a taker's turn, which comes second in the file, and two of the caller; the class is in every turn."""
    rng = random.Random(0)
    source = ws.store.corpus.add_source("calls", "calls", "ours", "0", now())
    calls = []
    for n in range(labelled + unlabelled):
        low = n % 2 == 0
        said = [f"{TELLING['normal' if low else 'danger']} {rng.randrange(10**6)}번지" for _ in range(2)]
        turns = tuple(
            NewUtterance(f"c{n}:{at}", text, f"c{n}", start, start + 900, who)
            for at, (start, who, text) in enumerate(
                [(1000, "caller", said[0]), (0, "taker", "네 119입니다"), (2000, "caller", said[1])]
            )
        )
        labels = {"urgency": "low" if low else "high"} if n < labelled else {}
        calls.append(NewRecording(f"c{n}", 3000, 16_000, None, None, turns, labels))
    ws.store.corpus.add_recordings(source, calls, now())


def trained(ws: Workspace, folder: Path) -> str:
    """Import sentences, freeze snapshot `s1`, train danger-text on it; returns the run's id."""
    import_sentences(ws, folder)
    snapshot.create(ws, "s1", "danger")
    spec = train.plan(ws, "danger-text", "s1")
    train.run(ws, spec)
    return spec.run_id
