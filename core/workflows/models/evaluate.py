"""Scores of a run, and the utterances behind a cell of its confusion matrix as the run's snapshot froze them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import CheckpointMismatch, InputError, NotFound
from core.messages import Word
from core.model_text import model_text
from core.records import Prediction, RunInfo, Utterance
from core.training.snapshot import Excerpt, Item, read_some
from core.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Mistake:
    """One utterance behind a cell: what the model saw, and what is in the corpus today.

    `item` is the frozen row; None if the snapshot cannot be read or lacks it. `utterance` is the row of today; None if
    it no longer exists. `new_text` and `new_code` say whether today's text (cleaned as in the snapshot) and today's
    label differ from the frozen ones; without a frozen row the text counts as new.
    """

    prediction: Prediction
    item: Item | None
    utterance: Utterance | None
    new_text: bool
    new_code: bool

    @property
    def code(self) -> str | None:
        """The label of today; None if there is none."""
        return self.utterance.labels.get(self.prediction.target) if self.utterance else None


@dataclass(frozen=True, slots=True)
class Cell:
    """The utterances behind a confusion cell. `trouble` is the error if their frozen texts cannot be read."""

    mistakes: tuple[Mistake, ...]
    trouble: CheckpointMismatch | NotFound | None = None


def report(ws: Workspace, run_id: str) -> tuple[RunInfo, dict[str, Any]]:
    """The run and the metrics that its training wrote (test split, with intervals). `InputError` if it is not done."""
    info = ws.store.ledger.run(run_id)
    if info.state != "done":
        raise InputError("run {run_id} is {state}; it has no scores yet", run_id=run_id, state=Word(info.state))
    return info, dict(info.metrics)


def cell(ws: Workspace, run_id: str, gold: str, predicted: str, limit: int = 200) -> Cell:
    """The test utterances of class `gold` that the run predicted as `predicted`, highest confidence first."""
    predictions = ws.store.ledger.predictions(run_id, purpose="evaluation", side="test", gold=gold, code=predicted)[
        :limit
    ]
    ids = [prediction.utterance_id for prediction in predictions]
    today = {utterance.id: utterance for utterance in ws.store.corpus.utterances(ids)}
    frozen, trouble = _frozen_items(ws, run_id, ids)
    return Cell(tuple(_mistake(prediction, frozen, today) for prediction in predictions), trouble)


def _frozen_items(ws: Workspace, run_id: str, ids: list[int]) -> tuple[Excerpt, CheckpointMismatch | NotFound | None]:
    """The rows of the utterances `ids` in the run's snapshot; no rows and the error if it cannot be read."""
    try:
        info = ws.store.ledger.snapshot(ws.store.ledger.run(run_id).snapshot)
        return read_some(ws.snapshot_folder(info.name), ids, info.sha256), None
    except (CheckpointMismatch, NotFound) as error:
        return Excerpt((), {}), error


def _mistake(prediction: Prediction, frozen: Excerpt, today: Mapping[int, Utterance]) -> Mistake:
    item, utterance = frozen.items.get(prediction.utterance_id), today.get(prediction.utterance_id)
    if utterance is None:
        return Mistake(prediction, item, None, False, False)
    text = model_text(frozen.plan, utterance.text, utterance.origin)
    return Mistake(
        prediction,
        item,
        utterance,
        new_text=item is None or text != item.text,
        new_code=utterance.labels.get(prediction.target) != prediction.gold,
    )
