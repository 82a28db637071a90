"""Training in three steps that can each be run again: `prepare`, `fit`, `finish`; `train` runs them all.

All state is on disk in the run's folder and nothing stays in memory between steps. A fit that is called again after a
kill continues from its last checkpoint. `report` receives the progress; it may raise `Cancelled` to stop. This module
reads one Snapshot folder (and its audio) and writes one Run folder. It does not use the store or jobs.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import InputError, NotEnoughData
from core.files import make_folder, move_into_place, remove, temporary_path
from core.messages import Message, Word
from core.models import Model
from core.runs.card import write_targets
from core.schemes.target import Target
from core.snapshots.format import Snapshot, check_trainable
from core.snapshots.weights import weights_of
from core.split import SIDES
from core.training.finishing import finish
from core.training.fits import Fitting, Rows
from core.training.inputs import Inputs
from core.training.pace import Pace
from core.training.recipes import Recipe
from core.training.scoring import Answered, epoch_scores
from core.training.setup import Report, Setup, TrainSpec

__all__ = ["TrainSpec", "finish", "fit", "prepare", "train", "train_together"]

Step = Callable[[str, Callable[[], Any]], Any]


def prepare(spec: TrainSpec, report: Report) -> int:
    """Check the snapshot, write config.toml and the features; returns the largest number of epochs.

    `InputError` or `NotEnoughData` if the snapshot cannot be trained on; `InputError` if the run id was used before for
    another training.
    """
    setup = Setup.open(spec)
    earlier = setup.folder.config()
    if earlier is not None and not setup.began(earlier):
        raise InputError("run {run_id} was begun with other settings; choose another run id", run_id=spec.run_id)
    if setup.folder.finished:
        return len(setup.folder.history())
    check_trainable(setup.snapshot)
    _check_reads(setup.recipe, setup.snapshot)
    setup.folder.write_config(setup.run_config())
    with setup.threads():
        _check_inputs(setup, setup.inputs(report))
    return setup.epochs


def _check_reads(chosen: Recipe, snapshot: Snapshot) -> None:
    """Refuse a recipe that reads texts on a snapshot whose texts may repeat across sides."""
    if chosen.modality != "voice" and snapshot.inputs == "voice":
        raise InputError(
            "snapshot {name} was frozen for models that read the voice alone: its texts may stand on several sides; "
            "recipe {recipe} reads texts, freeze a snapshot with --inputs text",
            name=snapshot.name,
            recipe=chosen.name,
        )


def _check_inputs(setup: Setup, inputs: Inputs) -> None:
    """`NotEnoughData` if a side has no usable item of a Target or its training side has fewer than two classes."""
    name = setup.snapshot.name
    reasons = Counter(skip.reason for skip in inputs.skipped)
    most = reasons.most_common(1)[0][0] if reasons else ""
    why = (
        Message("; {n} left out, most often: {reason}", n=len(inputs.skipped), reason=Message(most)) if reasons else ""
    )
    for rows in setup.answered({side: inputs.on(side) for side in SIDES}).values():
        for side in SIDES:
            if not len(rows[side].rows):
                raise NotEnoughData(
                    "snapshot {name}: nothing usable on the {side} side{why}", name=name, side=Word(side), why=why
                )
        classes = set(rows["train"].items.column("code"))
        if len(classes) < 2:
            raise NotEnoughData(
                "snapshot {name}: usable training items are all of class {classes}{why}",
                name=name,
                classes=", ".join(classes),
                why=why,
            )


def fit(spec: TrainSpec, report: Report, first: bool = True) -> int:
    """Train the model, from the last checkpoint if there is one; returns the number of epochs.

    After each epoch the validation side is scored, history.jsonl gets a line (epoch, loss, validation_loss, macro_f1,
    best: the best epoch so far, stop: `patience` epochs brought no better score), and the best model is kept. Of
    several processes that train together only the `first` one writes.
    """
    setup = Setup.open(spec)
    if setup.folder.finished:
        return len(setup.folder.history())
    with setup.threads():
        inputs = setup.inputs()
        train, validation = inputs.on("train"), inputs.on("validation")
        rows = setup.answered({"train": train, "validation": validation})
        held_out = {name: sides["validation"] for name, sides in rows.items()}
        training = _training_rows(setup, train, {name: sides["train"] for name, sides in rows.items()})
        _Fitted(setup, validation, held_out, report, first, setup.folder.history()).run(training)
    return len(setup.folder.history())


def _training_rows(setup: Setup, train: Inputs, rows: Mapping[str, Answered]) -> Rows:
    """The training side with the answers of every Target and their weights; a row without an answer is masked."""
    answers = {}
    for target in setup.targets:
        table = target.answers([None] * len(train.items))
        table[rows[target.name].rows] = rows[target.name].answers
        answers[target.name] = table
    weights = {target.name: weights_of(train.items, target.name) for target in setup.targets}
    known = {name: column for name, column in weights.items() if column is not None}
    return Rows(train.values, answers, train.items.column("speaker"), known)


@dataclass(frozen=True, eq=False)
class _Fitted:
    """Runs the fit of a setup and takes note of each of its epochs."""

    setup: Setup
    validation: Inputs
    rows: Mapping[str, Answered]
    report: Report
    first: bool
    history: list[dict[str, Any]]
    pace: Pace = field(default_factory=Pace)

    def run(self, rows: Rows) -> None:
        setup, state = self.setup, self.setup.folder.checkpoint / "state"
        make_folder(state)
        job = Fitting(state, setup.spec.seed, self._step, self._epoch_end)
        setup.fit(rows, setup.targets, setup.spec.encoder, setup.config, job)

    def _step(self, done: int, total: int, epoch: int, loss: float | None) -> None:
        self.report(self.setup.progress(done, total, "step", epoch, loss) | self.pace.at(done, total))

    def _epoch_end(self, epoch: int, model: Model, loss: float, **more: Any) -> bool:
        folder = self.setup.folder
        scores = epoch_scores(model, self.validation, self.rows, self.setup.targets)
        entry: dict[str, Any] = {"epoch": epoch, "loss": loss} | scores | more
        earlier = [line for line in self.history if line["epoch"] < epoch]
        entry["best"] = _best([*earlier, entry], getattr(self.setup.config, "best_by", "macro_f1"))
        entry["stop"] = epoch - entry["best"] >= getattr(self.setup.config, "patience", 1)
        self.history[:] = [*earlier, entry]
        if self.first:
            if entry["best"] == epoch:
                _save_model(model, self.setup.targets, folder.best_model(epoch))
            folder.record(entry)
            folder.keep_best(entry["best"])
        self.report({"history": [*self.history]})
        return bool(entry["stop"])


def _save_model(model: Model, targets: tuple[Target, ...], place: Path) -> None:
    """Write the files of a model to the folder `place`, whole or not at all; what an ended process left is removed."""
    temporary = temporary_path(place)
    make_folder(temporary)
    model.save(temporary)
    write_targets(temporary, targets)
    remove(place)
    move_into_place(temporary, place)


def _best(history: list[dict[str, Any]], by: str = "macro_f1") -> int:
    """The epoch of the highest validation score; of equal ones the one of lowest loss (to .001), then the first."""

    def score(entry: dict[str, Any]) -> float:
        return float((entry["macro_f1"] + entry["accuracy"]) / 2 if by == "mean" else entry[by])

    return int(min(history, key=lambda e: (-score(e), round(e["validation_loss"], 3), e["epoch"]))["epoch"])


def train(spec: TrainSpec, report: Report, step: Step = lambda name, fn: fn()) -> dict[str, Any]:
    """Run all steps and return the metrics. Each runs through `step(name, fn)`, which a job makes durable."""
    step("prepare", lambda: prepare(spec, report))
    step("fit", lambda: fit(spec, report))
    metrics: dict[str, Any] = step("finish", lambda: finish(spec, report))
    return metrics


def train_together(spec: TrainSpec, report: Report, process: int) -> dict[str, Any] | None:
    """Like `train`, in one of several processes (`core.training.processes`); None in all but the first.

    `spec` must be the same in every process.
    """
    from core.training import processes

    first = process == 0
    if first:
        prepare(spec, report)
    processes.wait()
    setup = Setup.open(spec)
    if first or hasattr(setup.fit, "network"):
        fit(spec, report if first else lambda progress: None, first)
    processes.wait()
    return finish(spec, report) if first else None
