"""Training in steps that can each be run again: `prepare`, `run_epoch` 1, 2, ..., `finish`; `train` runs them all.

All state is on disk in the run's folder and nothing stays in memory between steps. An epoch that is run twice gives the
same weights, so a killed training continues from its last finished step. `report` receives the progress; it may raise
`Cancelled` to stop between two batches. This module reads one Snapshot folder (and its audio) and writes one Run
folder. It does not use the store or jobs.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from core.confidence import apply_temperature, fit_temperature
from core.errors import InputError, NotEnoughData
from core.files import sha256
from core.messages import Message, Word
from core.models import Model
from core.records import Side
from core.runs.card import Calibration, Card, weights_bytes, write_checkpoint
from core.runs.environment import environment
from core.runs.folder import RunFolder, code_version
from core.schemes import SCHEMES
from core.scores import evaluate
from core.scores.pooled import pool
from core.snapshots.format import Snapshot, check_trainable, read
from core.snapshots.items import Items
from core.split import SIDES
from core.training.baselines import baseline_scores
from core.training.inputs import Inputs, of_speakers, text_inputs, voice_inputs
from core.training.recipes import Recipe, config_for, recipe, trainer_type
from core.training.trainers import Trainer

Report = Callable[[dict[str, Any]], None]
Step = Callable[[str, Callable[[], Any]], Any]

# A sum of floats depends on the number of threads, and thirty epochs enlarge the difference. On one thread the same
# snapshot and seed give the same run on every machine. The models are so small that this costs no time.
_one_thread = threadpool_limits.wrap(limits=1)

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
class _Setup:
    """What every step needs; each step reads it again from disk."""

    spec: TrainSpec
    recipe: Recipe
    snapshot: Snapshot
    config: Any
    trainer: Trainer
    folder: RunFolder

    @classmethod
    def open(cls, spec: TrainSpec) -> "_Setup":
        """Read the recipe and the snapshot; `InputError` if they do not fit."""
        chosen, snapshot = recipe(spec.recipe), _snapshot(spec.snapshot_folder)
        chosen.check_scheme(snapshot.scheme)
        config = config_for(chosen, spec.encoder, spec.overrides)
        trainer = trainer_type(chosen, spec.encoder)(config, len(snapshot.codes), spec.seed)
        return cls(spec, chosen, snapshot, config, trainer, RunFolder(spec.run_folder))

    def run_config(self) -> dict[str, Any]:
        """The content of config.toml."""
        return {
            "run_id": self.spec.run_id,
            "recipe": self.recipe.name,
            "encoder": self.spec.encoder,
            "seed": self.spec.seed,
            "snapshot": {"name": self.snapshot.name, "sha256": self.snapshot.sha256},
            "settings": asdict(self.config),
        }

    def inputs(self, report: Report = lambda progress: None) -> Inputs:
        """The inputs of the model; audio features are computed at the first call and cached."""
        items = of_speakers(self.snapshot.items, self.recipe.speakers)
        if self.recipe.modality == "text":
            return text_inputs(items)

        def clips(done: int, total: int) -> None:
            report(self.progress(done, total, "clip", 0, None))

        cache = self.folder.checkpoint / "features.safetensors"
        return voice_inputs(items, self.spec.encoder, Path(self.spec.workspace), cache, clips)

    def progress(self, done: int, total: int, unit: str, epoch: int, loss: float | None) -> dict[str, Any]:
        """The progress document: `done` of `total` units (clip or step), epoch, epochs at most, loss so far."""
        epochs = self.trainer.epochs
        return {"done": done, "total": total, "unit": unit, "epoch": epoch, "epochs": epochs, "loss": loss}


def _snapshot(folder: str) -> Snapshot:
    """The snapshot, read and verified once a process for as long as its files stay as they are."""
    changed = tuple(path.stat().st_mtime_ns for path in sorted(Path(folder).glob("*")))
    return _verified(folder, changed)


@lru_cache(maxsize=1)
def _verified(folder: str, changed_ns: tuple[int, ...]) -> Snapshot:
    return read(folder)


@_one_thread
def prepare(spec: TrainSpec, report: Report) -> int:
    """Check the snapshot, write config.toml and the features; returns the largest number of epochs.

    `InputError` or `NotEnoughData` if the snapshot cannot be trained on; `InputError` if the run id was used before for
    another training.
    """
    setup = _Setup.open(spec)
    earlier = setup.folder.config()
    if earlier is not None and earlier != setup.run_config():
        raise InputError("run {run_id} was begun with other settings; choose another run id", run_id=spec.run_id)
    if setup.folder.finished:
        return len(setup.folder.history())
    check_trainable(setup.snapshot)
    _check_reads(setup.recipe, setup.snapshot)
    setup.folder.write_config(setup.run_config())
    _check_inputs(setup.inputs(report), setup.snapshot.name)
    return setup.trainer.epochs


def _check_reads(chosen: Recipe, snapshot: Snapshot) -> None:
    """Refuse a recipe that reads texts on a snapshot whose texts may repeat across sides."""
    if chosen.modality == "text" and snapshot.inputs == "voice":
        raise InputError(
            "snapshot {name} was frozen for models that read the voice alone: its texts may stand on several sides; "
            "recipe {recipe} reads texts, freeze a snapshot with --inputs text",
            name=snapshot.name,
            recipe=chosen.name,
        )


def _check_inputs(inputs: Inputs, name: str) -> None:
    """`NotEnoughData` if a side has no usable item or the training side has fewer than two classes."""
    reasons = Counter(skip.reason for skip in inputs.skipped)
    most = reasons.most_common(1)[0][0] if reasons else ""
    why = (
        Message("; {n} left out, most often: {reason}", n=len(inputs.skipped), reason=Message(most)) if reasons else ""
    )
    sides = inputs.items.column("side")
    for side in SIDES:
        if side not in sides:
            raise NotEnoughData(
                "snapshot {name}: nothing usable on the {side} side{why}", name=name, side=Word(side), why=why
            )
    classes = {code for code, side in zip(inputs.items.column("code"), sides, strict=True) if side == "train"}
    if len(classes) < 2:
        raise NotEnoughData(
            "snapshot {name}: usable training items are all of class {classes}{why}",
            name=name,
            classes=", ".join(classes),
            why=why,
        )


@_one_thread
def run_epoch(spec: TrainSpec, epoch: int, report: Report) -> dict[str, Any]:
    """Train `epoch` (1, 2, ...) from the checkpoint before it, score the validation side, write checkpoint and history.

    Returns the history entry: epoch, loss, validation_loss, macro_f1, best (the best epoch so far) and stop (True if
    `patience` epochs brought no better score).
    """
    setup = _Setup.open(spec)
    if setup.folder.finished:
        return setup.folder.history()[epoch - 1]
    inputs = setup.inputs()
    train = inputs.on("train")
    state = setup.folder.state(epoch - 1) if epoch > 1 else None

    def steps(done: int, total: int, loss: float | None) -> None:
        report(setup.progress((epoch - 1) * total + done, setup.trainer.epochs * total, "step", epoch, loss))

    state, loss = setup.trainer.run_epoch(epoch, state, train.values, train.labels(), steps)
    validation = _score(setup.trainer.model(state), inputs.on("validation"), setup.snapshot.codes)
    entry = {"epoch": epoch, "loss": loss} | validation
    earlier = [line for line in setup.folder.history() if line["epoch"] < epoch]
    entry["best"] = _best([*earlier, entry])
    entry["stop"] = epoch - entry["best"] >= setup.trainer.patience
    setup.folder.write_state(epoch, state)
    setup.folder.record(entry)
    setup.folder.keep_states({epoch - 1, epoch, entry["best"]})
    report({"history": [*earlier, entry]})
    return entry


def _score(model: Model, rows: Inputs, codes: tuple[str, ...]) -> dict[str, Any]:
    scores = evaluate(
        rows.labels(), np.exp(model.log_probs(rows.values)), rows.items.column("group"), codes, resamples=0
    )
    return {"validation_loss": scores["log_loss"], "macro_f1": scores["macro_f1"]["value"]}


def _best(history: list[dict[str, Any]]) -> int:
    """The epoch of the highest validation macro-F1; of equal ones the one of lowest loss (to .001), then the first."""
    return int(min(history, key=lambda e: (-e["macro_f1"], round(e["validation_loss"], 3), e["epoch"]))["epoch"])


@_one_thread
def finish(spec: TrainSpec, report: Report, now: Callable[[], str] | None = None) -> dict[str, Any]:
    """Calibrate the best epoch on the validation side, score it on the test side, write the Checkpoint.

    Returns the metrics: test and validation (`core.scores.evaluate`), by_recording (the same over the recordings of the
    test side; None for an utterance scheme), baselines (`core.training.baselines`), calibration, used {side: n},
    skipped {reason: n}, best_epoch, epochs.
    """
    setup = _Setup.open(spec)
    if setup.folder.finished:
        setup.folder.drop_checkpoint()
        return setup.folder.metrics()
    report({"unit": "scoring"})
    history = setup.folder.history()
    best = _best(history)
    model = setup.trainer.model(setup.folder.state(best))
    inputs = setup.inputs()
    validation, test = inputs.on("validation"), inputs.on("test")
    calibration, probs = _calibrated(model, validation, test, setup.snapshot.codes)
    by_recording = _by_recording(test, probs["test"], setup)
    metrics = {
        "test": _evaluate(test, probs["test"], setup),
        "validation": _evaluate(validation, probs["validation"], setup),
        "by_recording": by_recording,
        "baselines": baseline_scores(
            inputs.on("train").items,
            test.items,
            setup.snapshot.codes,
            setup.recipe.modality,
            seed=setup.spec.seed,
            by_recording=by_recording is not None,
        ),
        "calibration": asdict(calibration),
        "used": {side: len(inputs.on(side).items) for side in SIDES},
        "skipped": dict(Counter(skip.reason for skip in inputs.skipped)),
        "best_epoch": best,
        "epochs": len(history),
        "persons_on_several_sides": setup.snapshot.report.get("persons_on_several_sides", 0),
        "official": setup.snapshot.report.get("official"),
        "environment": environment(),
    }
    setup.folder.write_predictions(
        Items.join(validation.items, test.items), np.vstack([probs["validation"], probs["test"]])
    )
    setup.folder.write_metrics(metrics)
    _write_checkpoint(setup, model, calibration, metrics, (now or _utc)())
    setup.folder.drop_checkpoint()
    return metrics


def _calibrated(
    model: Model, validation: Inputs, test: Inputs, codes: tuple[str, ...]
) -> tuple[Calibration, dict[Side, NDArray[np.float64]]]:
    """The temperature fitted on the validation side, and the calibrated probabilities (N, K) of both sides."""
    logs = model.log_probs(validation.values)
    temperature = fit_temperature(logs, validation.labels())
    probs: dict[Side, NDArray[np.float64]] = {
        "validation": apply_temperature(np.exp(logs), temperature),
        "test": apply_temperature(np.exp(model.log_probs(test.values)), temperature),
    }
    groups = validation.items.column("group")
    before, after = (
        evaluate(validation.labels(), p, groups, codes, resamples=0)["ece"] for p in (np.exp(logs), probs["validation"])
    )
    return Calibration("temperature", temperature, "validation", len(logs), before, after), probs


def _evaluate(rows: Inputs, probs: NDArray[np.float64], setup: _Setup) -> dict[str, Any]:
    return evaluate(rows.labels(), probs, rows.items.column("group"), setup.snapshot.codes, seed=setup.spec.seed)


def _by_recording(rows: Inputs, probs: NDArray[np.float64], setup: _Setup) -> dict[str, Any] | None:
    """Scores of whole recordings: each is judged by the mean log probabilities of its utterances."""
    if setup.snapshot.scheme not in SCHEMES or SCHEMES[setup.snapshot.scheme].level != "recording":
        return None
    at, pooled = pool(probs, rows.items.column("recording"))
    if not at:
        return None
    first = [rows.items[i] for i in at]
    return evaluate(
        np.array([item.label for item in first], dtype=np.int64),
        pooled,
        [item.group for item in first],
        setup.snapshot.codes,
        seed=setup.spec.seed,
    )


def _write_checkpoint(
    setup: _Setup, model: Model, calibration: Calibration, metrics: Mapping[str, Any], created_at: str
) -> None:
    snapshot = setup.snapshot
    weights = weights_bytes(model.arrays(), snapshot.scheme, snapshot.codes)
    keys = ("n", "n_groups", "accuracy", "macro_f1", "weighted_f1")
    card = Card(
        run_id=setup.spec.run_id,
        recipe=setup.recipe.name,
        encoder=setup.spec.encoder,
        modality=setup.recipe.modality,
        scheme=snapshot.scheme,
        codes=snapshot.codes,
        cleaning=snapshot.plan,
        config=asdict(setup.config),
        snapshot=snapshot.name,
        snapshot_sha256=snapshot.sha256,
        weights_sha256=sha256(weights),
        calibration=calibration,
        scores={key: metrics["test"][key] for key in keys},
        code_version=code_version(),
        created_at=created_at,
    )
    write_checkpoint(setup.folder.path, card, weights)


def _utc() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def train(spec: TrainSpec, report: Report, step: Step = lambda name, fn: fn()) -> dict[str, Any]:
    """Run all steps and return the metrics. Each runs through `step(name, fn)`, which a job makes durable."""
    epochs = step("prepare", lambda: prepare(spec, report))
    for epoch in range(1, epochs + 1):
        entry = step(f"epoch {epoch}", lambda epoch=epoch: run_epoch(spec, epoch, report))  # type: ignore[misc]
        if entry["stop"]:
            break
    metrics: dict[str, Any] = step("finish", lambda: finish(spec, report))
    return metrics
