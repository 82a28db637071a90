"""Scores of a run and the utterances behind a confusion cell."""

from dataclasses import dataclass
from typing import Any

from core.errors import InputError
from core.messages import Word
from core.records import Prediction, RunInfo, Utterance
from core.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Mistake:
    """One utterance behind a cell."""

    utterance: Utterance
    prediction: Prediction


def report(ws: Workspace, run_id: str) -> tuple[RunInfo, dict[str, Any]]:
    """The run and the metrics its training wrote: test side, held-out groups, with intervals."""
    info = ws.store.ledger.run(run_id)
    if info.state != "done":
        raise InputError("run {run_id} is {state}; it has no scores yet", run_id=run_id, state=Word(info.state))
    return info, dict(info.metrics)


def cell(ws: Workspace, run_id: str, gold: str, predicted: str, limit: int = 200) -> list[Mistake]:
    """The test utterances of class `gold` that the run took for `predicted`, the surest first."""
    found = ws.store.ledger.predictions(run_id, side="test", gold=gold, code=predicted)[:limit]
    utterances = {u.id: u for u in ws.store.corpus.utterances([p.utterance_id for p in found])}
    return [Mistake(utterances[p.utterance_id], p) for p in found if p.utterance_id in utterances]
