"""Training in steps that can each be run again: `prepare`, `run_epoch` 1, 2, ..., `finish`; `train` drives them.

All state is on disk in the run's folder, nothing is kept in memory between steps, and an epoch run twice gives the
same weights; so a killed training goes on from its last finished step. Progress goes to `report`, which may raise
`Cancelled` to stop between two batches. Reads one Snapshot folder (and its audio), writes one Run folder; knows
neither the store nor jobs.
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
from core.models.checkpoint import Calibration, Card, weights_bytes, write_checkpoint
from core.records import Side
from core.schemes import SCHEMES
from core.scores import evaluate
from core.split import SIDES
from core.training.inputs import Inputs, chosen, texts, voices
from core.training.recipes import Recipe, config_for, recipe, trainer_type
from core.training.run import RunFolder, code_version
from core.training.snapshot import Snapshot, check_trainable, read
from core.training.trainers import Trainer

Report = Callable[[dict[str, Any]], None]
Step = Callable[[str, Callable[[], Any]], Any]

# Sums of floats depend on how many threads share them, and thirty epochs make much of little: on one thread the same
# snapshot and seed give the same run on a machine of any size. The models are small enough to lose nothing by it.
_one_thread = threadpool_limits.wrap(limits=1)

_RUN_ID = re.compile(r"[\w-][\w.-]{0,99}")


@dataclass(frozen=True)
class TrainSpec:
    """One training, JSON-able both ways. `workspace` is what audio paths are relative to."""

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
        return Path(self.runs_folder) / self.run_id

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TrainSpec":
        return cls(**values)


@dataclass(frozen=True)
class _Work:
    """What every step needs, read afresh by each."""

    spec: TrainSpec
    recipe: Recipe
    snapshot: Snapshot
    config: Any
    trainer: Trainer
    folder: RunFolder

    @classmethod
    def open(cls, spec: TrainSpec) -> "_Work":
        found, snapshot = recipe(spec.recipe), _snapshot(spec.snapshot_folder)
        found.check_scheme(snapshot.scheme)
        config = config_for(found, spec.encoder, spec.overrides)
        trainer = trainer_type(found, spec.encoder)(config, len(snapshot.codes), spec.seed)
        return cls(spec, found, snapshot, config, trainer, RunFolder(spec.run_folder))

    def asked(self) -> dict[str, Any]:
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
        items = chosen(self.snapshot.items, self.recipe.speakers)
        if self.recipe.modality == "text":
            return texts(items)

        def clips(done: int, total: int) -> None:
            report(self.progress(done, total, "clip", 0, None))

        cache = self.folder.checkpoint / "features.safetensors"
        return voices(items, Path(self.spec.workspace), cache, clips)

    def progress(self, done: int, total: int, unit: str, epoch: int, loss: float | None) -> dict[str, Any]:
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
    """Check the snapshot, write config.toml and the features; the number of epochs at most.

    `InputError` and `NotEnoughData` say why the snapshot is refused, or that the run id was used for another training.
    """
    work = _Work.open(spec)
    begun = work.folder.config()
    if begun is not None and begun != work.asked():
        raise InputError("run {run_id} was begun with other settings; choose another run id", run_id=spec.run_id)
    if work.folder.finished:
        return len(work.folder.history())
    check_trainable(work.snapshot)
    _check_reads(work.recipe, work.snapshot)
    work.folder.write_config(work.asked())
    _check_inputs(work.inputs(report), work.snapshot.name)
    return work.trainer.epochs


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
    """What a recipe leaves out must not leave a side empty."""
    reasons = Counter(skip.reason for skip in inputs.skipped)
    most = reasons.most_common(1)[0][0] if reasons else ""
    why = (
        Message("; {n} left out, most often: {reason}", n=len(inputs.skipped), reason=Message(most)) if reasons else ""
    )
    for side in SIDES:
        if not any(item.side == side for item in inputs.items):
            raise NotEnoughData(
                "snapshot {name}: nothing usable on the {side} side{why}", name=name, side=Word(side), why=why
            )
    classes = {item.code for item in inputs.items if item.side == "train"}
    if len(classes) < 2:
        raise NotEnoughData(
            "snapshot {name}: usable training items are all of class {classes}{why}",
            name=name,
            classes=", ".join(classes),
            why=why,
        )


@_one_thread
def run_epoch(spec: TrainSpec, epoch: int, report: Report) -> dict[str, Any]:
    """Train `epoch` (1, 2, ...) from the checkpoint before it, score the validation side, keep checkpoint and line.

    The line: epoch, loss, validation_loss, macro_f1, best (epoch so far) and stop (no better one for long enough).
    """
    work = _Work.open(spec)
    if work.folder.finished:
        return work.folder.history()[epoch - 1]
    inputs = work.inputs()
    train = inputs.on("train")
    state = work.folder.state(epoch - 1) if epoch > 1 else None

    def steps(done: int, total: int, loss: float | None) -> None:
        report(work.progress((epoch - 1) * total + done, work.trainer.epochs * total, "step", epoch, loss))

    state, loss = work.trainer.run_epoch(epoch, state, train.values, train.labels(), steps)
    validation = _score(work.trainer.model(state), inputs.on("validation"), work.snapshot.codes)
    entry = {"epoch": epoch, "loss": loss} | validation
    earlier = [line for line in work.folder.history() if line["epoch"] < epoch]
    entry["best"] = _best([*earlier, entry])
    entry["stop"] = epoch - entry["best"] >= work.trainer.patience
    work.folder.write_state(epoch, state)
    work.folder.record(entry)
    work.folder.keep_states({epoch - 1, epoch, entry["best"]})
    report({"history": [*earlier, entry]})
    return entry


def _score(model: Model, rows: Inputs, codes: tuple[str, ...]) -> dict[str, Any]:
    found = evaluate(
        rows.labels(), np.exp(model.log_probs(rows.values)), [i.group for i in rows.items], codes, resamples=0
    )
    return {"validation_loss": found["log_loss"], "macro_f1": found["macro_f1"]["value"]}


def _best(history: list[dict[str, Any]]) -> int:
    """The epoch of the highest validation macro-F1; between equals the lower validation loss, if by .001 or more."""
    return int(min(history, key=lambda e: (-e["macro_f1"], round(e["validation_loss"], 3), e["epoch"]))["epoch"])


@_one_thread
def finish(spec: TrainSpec, report: Report, now: Callable[[], str] | None = None) -> dict[str, Any]:
    """Calibrate the best epoch on validation, score it on test, write the Checkpoint; the metrics.

    Keys: test and validation (`core.scores.evaluate`), by_recording (the same over recordings of the test side, None
    for a scheme of utterances), calibration, used {side: n}, skipped {reason: n}, best_epoch, epochs.
    """
    work = _Work.open(spec)
    if work.folder.finished:
        work.folder.drop_checkpoint()
        return work.folder.metrics()
    report({"unit": "scoring"})
    history = work.folder.history()
    best = _best(history)
    model = work.trainer.model(work.folder.state(best))
    inputs = work.inputs()
    validation, test = inputs.on("validation"), inputs.on("test")
    calibration, probs = _calibrated(model, validation, test, work.snapshot.codes)
    metrics = {
        "test": _evaluate(test, probs["test"], work),
        "validation": _evaluate(validation, probs["validation"], work),
        "by_recording": _by_recording(test, probs["test"], work),
        "calibration": asdict(calibration),
        "used": {side: len(inputs.on(side).items) for side in SIDES},
        "skipped": dict(Counter(skip.reason for skip in inputs.skipped)),
        "best_epoch": best,
        "epochs": len(history),
        "persons_on_several_sides": work.snapshot.report.get("persons_on_several_sides", 0),
    }
    work.folder.write_predictions([*validation.items, *test.items], np.vstack([probs["validation"], probs["test"]]))
    work.folder.write_metrics(metrics)
    _write_checkpoint(work, model, calibration, metrics, (now or _utc)())
    work.folder.drop_checkpoint()
    return metrics


def _calibrated(
    model: Model, validation: Inputs, test: Inputs, codes: tuple[str, ...]
) -> tuple[Calibration, dict[Side, NDArray[np.float64]]]:
    """The temperature fitted on validation, and the probabilities (N, K) of both sides under it."""
    logs = model.log_probs(validation.values)
    temperature = fit_temperature(logs, validation.labels())
    probs: dict[Side, NDArray[np.float64]] = {
        "validation": apply_temperature(np.exp(logs), temperature),
        "test": apply_temperature(np.exp(model.log_probs(test.values)), temperature),
    }
    groups = [item.group for item in validation.items]
    before, after = (
        evaluate(validation.labels(), p, groups, codes, resamples=0)["ece"] for p in (np.exp(logs), probs["validation"])
    )
    return Calibration("temperature", temperature, "validation", len(logs), before, after), probs


def _evaluate(rows: Inputs, probs: NDArray[np.float64], work: _Work) -> dict[str, Any]:
    groups = [item.group for item in rows.items]
    return evaluate(rows.labels(), probs, groups, work.snapshot.codes, seed=work.spec.seed)


def _by_recording(rows: Inputs, probs: NDArray[np.float64], work: _Work) -> dict[str, Any] | None:
    """Scores of whole recordings: the mean of their utterances' log probabilities decides."""
    if work.snapshot.scheme not in SCHEMES or SCHEMES[work.snapshot.scheme].level != "recording":
        return None
    of: dict[str, list[int]] = {}
    for i, item in enumerate(rows.items):
        if item.recording is not None:
            of.setdefault(item.recording, []).append(i)
    if not of:
        return None
    pooled = np.stack([np.log(np.maximum(probs[at], 1e-12)).mean(axis=0) for at in of.values()])
    pooled = np.exp(pooled - pooled.max(axis=1, keepdims=True))
    first = [rows.items[at[0]] for at in of.values()]
    return evaluate(
        np.array([item.label for item in first], dtype=np.int64),
        pooled / pooled.sum(axis=1, keepdims=True),
        [item.group for item in first],
        work.snapshot.codes,
        seed=work.spec.seed,
    )


def _write_checkpoint(
    work: _Work, model: Model, calibration: Calibration, metrics: Mapping[str, Any], created_at: str
) -> None:
    snapshot = work.snapshot
    weights = weights_bytes(model.arrays(), snapshot.scheme, snapshot.codes)
    keys = ("n", "n_groups", "accuracy", "macro_f1", "weighted_f1")
    card = Card(
        run_id=work.spec.run_id,
        recipe=work.recipe.name,
        encoder=work.spec.encoder,
        modality=work.recipe.modality,
        scheme=snapshot.scheme,
        codes=snapshot.codes,
        cleaning=snapshot.plan,
        config=asdict(work.config),
        snapshot=snapshot.name,
        snapshot_sha256=snapshot.sha256,
        weights_sha256=sha256(weights),
        calibration=calibration,
        scores={key: metrics["test"][key] for key in keys},
        code_version=code_version(),
        created_at=created_at,
    )
    write_checkpoint(work.folder.path, card, weights)


def _utc() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def train(spec: TrainSpec, report: Report, step: Step = lambda name, fn: fn()) -> dict[str, Any]:
    """All steps in order; each goes through `step(name, fn)`, so that a job runner can make it durable."""
    epochs = step("prepare", lambda: prepare(spec, report))
    for epoch in range(1, epochs + 1):
        entry = step(f"epoch {epoch}", lambda epoch=epoch: run_epoch(spec, epoch, report))  # type: ignore[misc]
        if entry["stop"]:
            break
    metrics: dict[str, Any] = step("finish", lambda: finish(spec, report))
    return metrics
