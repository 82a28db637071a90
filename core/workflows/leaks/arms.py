"""The arms of a leak meter: the same rows split in two ways, each without and with variants, and a training on each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.runs.folder import read_predictions
from core.schemes.target import Target
from core.scores.leakage import ScoredRows
from core.scores.multi import THRESHOLD
from core.snapshots.arrangements import Split, arranged, by_lineage, by_rows
from core.snapshots.format import Snapshot, write
from core.snapshots.items import Items
from core.training import engine

SNAPSHOTS, RUNS = "snapshots", "runs"  # below the folder of a measurement


@dataclass(frozen=True)
class Arm:
    """One training: how its rows are split, and whether variants are among them."""

    split: Split
    augmented: bool

    @property
    def name(self) -> str:
        """The name of its folder and of its scores."""
        return f"{self.split}-augmented" if self.augmented else self.split


PLAIN, LEAKY = Arm("lineage", False), Arm("rows", False)
AUGMENTED, NAIVE = Arm("lineage", True), Arm("rows", True)


def arrange(arm: Arm, originals: Items, variants: Items, reads_text: bool, seed: int) -> tuple[Items, int]:
    """The rows of an arm with their sides, and how many variants of training rows were left out as repeats."""
    variants = variants if arm.augmented else variants.part(0, 0)
    if arm.split == "rows":
        return by_rows(originals, variants, seed), 0
    return by_lineage(originals, variants, reads_text)


def train(
    arm: Arm,
    base: Snapshot,
    items: Items,
    spec: engine.TrainSpec,
    folder: Path,
    report: Callable[[dict[str, Any]], None] = lambda progress: None,
) -> None:
    """Train `spec` on the rows of an arm, in a folder of its own below `folder`; a second call goes on with it."""
    train_apart(arranged(base, arm.name, items, arm.split), spec, folder, report)


def train_apart(
    frozen: Snapshot,
    spec: engine.TrainSpec,
    folder: Path,
    report: Callable[[dict[str, Any]], None] = lambda progress: None,
) -> None:
    """Train `spec` on a snapshot that is no snapshot of the workspace: both it and the run are written below `folder`.

    A second call goes on with the training.
    """
    place = folder / SNAPSHOTS / frozen.name
    if not place.exists():
        write(frozen, place)
    runs = str(folder / RUNS)
    engine.train(replace(spec, run_id=frozen.name, snapshot_folder=str(place), runs_folder=runs), report)


def groups_of(*parts: Items) -> dict[str, str]:
    """The group that each row has by its lineage, by its key."""
    groups: dict[str, str] = {}
    for items in parts:
        groups |= zip(items.column("key"), items.column("group"), strict=True)
    return groups


def predicted_test_rows(name: str, folder: Path, target: Target, groups: Mapping[str, str]) -> ScoredRows:
    """What the model of the arm `name` predicted on its test rows, with the group of each row."""
    rows = [row for row in read_predictions(folder / RUNS / name, target.name) if row["side"] == "test"]
    answers = target.answers([row["gold"] for row in rows])
    probs = np.array([row["probs"] for row in rows], dtype=np.float64)
    owners = [groups[row["key"]] for row in rows]
    if target.multi:
        return ScoredRows(answers > 0, probs >= THRESHOLD, owners)
    classes = np.eye(len(target.codes), dtype=bool)
    return ScoredRows(classes[answers], classes[probs.argmax(axis=1)], owners)
