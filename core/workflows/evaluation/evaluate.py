"""Scores of a run, and the utterances behind a cell of its confusion matrix as the run's snapshot froze them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.errors import CheckpointMismatch, NotEnoughData, NotFound
from core.records import BulkAction, Prediction, RunInfo, Utterance
from core.snapshots.format import Excerpt, Item, read_some
from core.text.model_text import model_text
from core.workflows.corpus import bulk
from core.workflows.evaluation import baselines, seen
from core.workflows.evaluation.scored import finished_run, target_of, under
from core.workflows.review.queues import TAG
from core.workflows.snapshots.calls import in_order, transcript
from core.workflows.workspace import Workspace

_AT_ONCE = 500  # utterances that are looked up at once


@dataclass(frozen=True, slots=True)
class Mistake:
    """One utterance behind a cell: what the model saw, and what is in the corpus today.

    `item` is the frozen row; None if the snapshot cannot be read or lacks it. `utterance` is the row of today; None if
    it no longer exists. `new_text` and `new_code` say whether today's text (cleaned as in the snapshot) and today's
    label differ from the frozen ones; without a frozen row the text counts as new. `text` is today's text. Where the
    frozen row is a whole call, `utterance` is the first of that call and `text` joins all its turns.
    """

    prediction: Prediction
    item: Item | None
    utterance: Utterance | None
    new_text: bool
    new_code: bool
    text: str = ""

    @property
    def call(self) -> bool:
        """Whether the frozen row is a whole call."""
        return self.item is not None and self.utterance is not None and self.item.key != self.utterance.key

    @property
    def code(self) -> str | None:
        """The label of today; None if there is none."""
        return self.utterance.labels.get(self.prediction.target) if self.utterance else None


@dataclass(frozen=True, slots=True)
class Cell:
    """The utterances behind a confusion cell. `trouble` is the error if their frozen texts cannot be read."""

    mistakes: tuple[Mistake, ...]
    trouble: CheckpointMismatch | NotFound | None = None


def report(ws: Workspace, run_id: str, target: str | None = None) -> tuple[RunInfo, dict[str, Any]]:
    """The run and the metrics that its training wrote (test split, with intervals). `InputError` if it is not done, or
    if a run that taught it has seen its test side.

    With `target` the run as seen by that Target, else by its first; `UnknownName` lists its Targets.

    The baselines of a run of an earlier version are computed now; the key is missing if its snapshot is gone.
    """
    info = finished_run(ws, run_id)
    info = under(info, target_of(info, target))
    seen.refuse_own_test(ws, info)
    metrics = dict(info.metrics)
    try:
        metrics["baselines"] = baselines.of_run(ws, info)
    except (CheckpointMismatch, NotEnoughData, NotFound):
        metrics.pop("baselines", None)
    return info, metrics


def mistakes(
    ws: Workspace, run_id: str, gold: str | None = None, predicted: str | None = None, target: str | None = None
) -> list[int]:
    """The ids of the test utterances that the run got wrong, or of those in one cell, the most confident first.

    For the Target `target` of the run, or its first.
    """
    predictions = _tested(ws, run_id, gold, predicted, target)
    whole_cell = gold is not None and predicted is not None
    return [row.utterance_id for row in predictions if whole_cell or row.gold != row.code]


def queue_for_review(ws: Workspace, ids: Sequence[int], curator: str) -> BulkAction:
    """Put utterances into the review queue of tagged ones; those no longer in the corpus are left out."""
    present = [utterance.id for start in range(0, len(ids), _AT_ONCE)
               for utterance in ws.store.corpus.utterances(ids[start : start + _AT_ONCE])]  # fmt: skip
    return bulk.tag(ws, present, TAG, curator)


def _tested(
    ws: Workspace, run_id: str, gold: str | None, predicted: str | None, target: str | None
) -> list[Prediction]:
    name = target or ws.store.ledger.run(run_id).scheme
    return ws.store.ledger.predictions(
        run_id, purpose="evaluation", side="test", gold=gold, code=predicted, target=name
    )


def cell(ws: Workspace, run_id: str, gold: str, predicted: str, limit: int = 200, target: str | None = None) -> Cell:
    """The test utterances of class `gold` that the run predicted as `predicted`, highest confidence first."""
    predictions = _tested(ws, run_id, gold, predicted, target)[:limit]
    ids = [prediction.utterance_id for prediction in predictions]
    today = {utterance.id: utterance for utterance in ws.store.corpus.utterances(ids)}
    frozen, trouble = _frozen_items(ws, run_id, ids)
    return Cell(tuple(_mistake(ws, prediction, frozen, today) for prediction in predictions), trouble)


def _frozen_items(ws: Workspace, run_id: str, ids: list[int]) -> tuple[Excerpt, CheckpointMismatch | NotFound | None]:
    """The rows of the utterances `ids` in the run's snapshot; no rows and the error if it cannot be read."""
    try:
        info = ws.store.ledger.snapshot(ws.store.ledger.run(run_id).snapshot)
        return read_some(ws.snapshot_folder(info.name), ids, info.sha256), None
    except (CheckpointMismatch, NotFound) as error:
        return Excerpt((), {}), error


def _mistake(ws: Workspace, prediction: Prediction, frozen: Excerpt, today: Mapping[int, Utterance]) -> Mistake:
    item, utterance = frozen.items.get(prediction.utterance_id), today.get(prediction.utterance_id)
    if utterance is None:
        return Mistake(prediction, item, None, False, False)
    new_code = utterance.labels.get(prediction.target) != prediction.gold
    mistake = Mistake(prediction, item, utterance, False, new_code, utterance.text)
    text = model_text(frozen.plan, utterance.text, utterance.origin)
    if mistake.call:
        text = _call_text(ws, utterance, frozen.plan)
        mistake = replace(mistake, text=text)
    return replace(mistake, new_text=item is None or text != item.text)


def _call_text(ws: Workspace, utterance: Utterance, plan: Sequence[str]) -> str:
    """The text of the call of an utterance as it is today."""
    ids = ws.store.scan.utterances_of([utterance.recording_id or 0]).get(utterance.recording_id or 0, [])
    return transcript(in_order(ws.store.corpus.utterances(ids)), plan)
