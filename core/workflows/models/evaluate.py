"""Scores of a run and the utterances behind a confusion cell, as the run's snapshot froze them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import CheckpointMismatch, InputError
from core.messages import Word
from core.model_text import model_text
from core.records import Prediction, RunInfo, Utterance
from core.training.snapshot import Excerpt, Item, read_some
from core.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Mistake:
    """One utterance behind a cell: what the model saw, and what stands in the corpus today.

    `item` is the frozen row, None where the snapshot cannot be read or lacks it; `utterance` is the row of today, None
    where there is no such utterance any more. `new_text` and `new_code` say whether today's text (cleaned as the
    snapshot cleans) and today's label differ from the frozen ones; without a frozen text, today's counts as new.
    """

    prediction: Prediction
    item: Item | None
    utterance: Utterance | None
    new_text: bool
    new_code: bool

    @property
    def code(self) -> str | None:
        """The label of today, None where there is none."""
        return self.utterance.labels.get(self.prediction.target) if self.utterance else None


@dataclass(frozen=True, slots=True)
class Cell:
    """The utterances behind a confusion cell; `trouble` says why their frozen texts cannot be shown."""

    mistakes: tuple[Mistake, ...]
    trouble: CheckpointMismatch | None = None


def report(ws: Workspace, run_id: str) -> tuple[RunInfo, dict[str, Any]]:
    """The run and the metrics its training wrote: test side, held-out groups, with intervals."""
    info = ws.store.ledger.run(run_id)
    if info.state != "done":
        raise InputError("run {run_id} is {state}; it has no scores yet", run_id=run_id, state=Word(info.state))
    return info, dict(info.metrics)


def cell(ws: Workspace, run_id: str, gold: str, predicted: str, limit: int = 200) -> Cell:
    """The test utterances of class `gold` that the run took for `predicted`, the surest first."""
    found = ws.store.ledger.predictions(run_id, purpose="evaluation", side="test", gold=gold, code=predicted)[:limit]
    ids = [one.utterance_id for one in found]
    today = {one.id: one for one in ws.store.corpus.utterances(ids)}
    frozen, trouble = _frozen(ws, run_id, ids)
    return Cell(tuple(_mistake(one, frozen, today) for one in found), trouble)


def _frozen(ws: Workspace, run_id: str, ids: list[int]) -> tuple[Excerpt, CheckpointMismatch | None]:
    """What the snapshot of the run says of the utterances `ids`; nothing, and why, where it cannot be read."""
    info = ws.store.ledger.snapshot(ws.store.ledger.run(run_id).snapshot)
    try:
        return read_some(ws.snapshot_folder(info.name), ids, info.sha256), None
    except CheckpointMismatch as error:
        return Excerpt((), {}), error


def _mistake(one: Prediction, frozen: Excerpt, today: Mapping[int, Utterance]) -> Mistake:
    item, utterance = frozen.items.get(one.utterance_id), today.get(one.utterance_id)
    if utterance is None:
        return Mistake(one, item, None, False, False)
    text = model_text(frozen.plan, utterance.text, utterance.origin)
    return Mistake(
        one,
        item,
        utterance,
        new_text=item is None or text != item.text,
        new_code=utterance.labels.get(one.target) != one.gold,
    )
