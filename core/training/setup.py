"""The request for a training, and what every step of it needs: recipe, snapshot, configuration, fit, inputs.

Nothing stays in memory between two steps: each reads the setup again from disk.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from core.errors import InputError
from core.runs.folder import RunFolder
from core.schemes.target import Target
from core.snapshots.format import Snapshot, read
from core.training.fits import Fit
from core.training.inputs import Inputs, Reading, of_speakers, read_inputs
from core.training.pace import Pace
from core.training.recipes import Recipe, config_for, fit_of, recipe
from core.training.scoring import Answered
from core.training.voice_copies import check_modality

Report = Callable[[dict[str, Any]], None]

_RUN_ID = re.compile(r"[\w-][\w.-]{0,99}")


@dataclass(frozen=True)
class TrainSpec:
    """The request for one training, JSON-able both ways. Audio paths are relative to the folder `workspace`."""

    run_id: str
    recipe: str
    encoder: str
    snapshot_folder: str
    runs_folder: str
    workspace: str
    overrides: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    preset: str = "default"

    def __post_init__(self) -> None:
        if not _RUN_ID.fullmatch(self.run_id):
            raise InputError("run id {run_id!r} cannot be a folder name", run_id=self.run_id)
        if self.seed < 0:
            raise InputError("seed {seed} must be at least 0", seed=self.seed)

    @property
    def run_folder(self) -> Path:
        """The folder of the run."""
        return Path(self.runs_folder) / self.run_id

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TrainSpec":
        return cls(**values)


@dataclass(frozen=True)
class Setup:
    """What every step needs; each step reads it again from disk."""

    spec: TrainSpec
    recipe: Recipe
    snapshot: Snapshot
    targets: tuple[Target, ...]
    config: Any
    fit: Fit
    reading: Reading
    folder: RunFolder

    @classmethod
    def open(cls, spec: TrainSpec) -> "Setup":
        """Read the recipe and the snapshot; `InputError` if they do not fit."""
        chosen, snapshot = recipe(spec.recipe), snapshot_of(spec.snapshot_folder)
        targets = tuple(target for target in snapshot.targets if chosen.learns(target.name))
        if not targets:
            chosen.check_scheme(snapshot.targets[0].name)
        config = config_for(chosen, spec.encoder, spec.overrides, spec.preset)
        architecture = chosen.architecture(spec.encoder)
        reading = Reading(chosen.modality, architecture, spec.encoder, asdict(config), spec.seed)
        check_modality(reading.config, chosen.modality)
        return cls(spec, chosen, snapshot, targets, config, fit_of(architecture)(), reading, RunFolder(spec.run_folder))

    @property
    def epochs(self) -> int:
        """The largest number of epochs."""
        return int(getattr(self.config, "epochs", 1))

    def run_config(self) -> dict[str, Any]:
        """The content of config.toml."""
        return {
            "run_id": self.spec.run_id,
            "recipe": self.recipe.name,
            "encoder": self.spec.encoder,
            "preset": self.spec.preset,
            "seed": self.spec.seed,
            "snapshot": {"name": self.snapshot.name, "sha256": self.snapshot.sha256},
            "targets": [target.name for target in self.targets],
            "settings": asdict(self.config),
        }

    def began(self, earlier: Mapping[str, Any]) -> bool:
        """Whether the config.toml `earlier` is of this training.

        A setting that the file lacks came with a later version: the training began with its default.
        """
        settings = asdict(type(self.config)()) | earlier["settings"]
        return {**earlier, "settings": settings} == self.run_config()

    def threads(self) -> AbstractContextManager[Any]:
        """One thread for small models.

        A sum of floats depends on the number of threads, and thirty epochs enlarge the difference. On one thread the
        same snapshot and seed give the same run on every machine. Small models lose no time; a large network says that
        it needs all threads.
        """
        return threadpool_limits(limits=1) if getattr(self.fit, "threads", 1) else nullcontext()

    def inputs(self, report: Report = lambda progress: None) -> Inputs:
        """The inputs of the model; what is prepared of voices is computed at the first call and cached."""
        items = of_speakers(self.snapshot.items, self.recipe.speakers)

        pace = Pace()

        def clips(done: int, total: int) -> None:
            report(self.progress(done, total, "clip", 0, None) | pace.at(done, total))

        cache = self.folder.checkpoint / "features.safetensors"
        return read_inputs(items, self.reading, Path(self.spec.workspace), cache, clips)

    def answered(self, items_of: Mapping[str, Inputs]) -> dict[str, dict[str, Answered]]:
        """Target -> side -> the rows that have an answer."""
        keys = self.snapshot.items.column("key")
        codes = {t.name: dict(zip(keys, self.snapshot.answers(t.name), strict=True)) for t in self.targets}
        return {
            target.name: {
                side: Answered.of(inputs.items, target, codes[target.name]) for side, inputs in items_of.items()
            }
            for target in self.targets
        }

    def progress(self, done: int, total: int, unit: str, epoch: int, loss: float | None) -> dict[str, Any]:
        """The progress document: `done` of `total` units (clip or step), epoch, epochs at most, loss so far."""
        return {"done": done, "total": total, "unit": unit, "epoch": epoch, "epochs": self.epochs, "loss": loss}


def snapshot_of(folder: str) -> Snapshot:
    """The snapshot, read and verified once a process for as long as its files stay as they are."""
    changed = tuple(path.stat().st_mtime_ns for path in sorted(Path(folder).glob("*")))
    return _verified(folder, changed)


@lru_cache(maxsize=1)
def _verified(folder: str, changed_ns: tuple[int, ...]) -> Snapshot:
    return read(folder)
