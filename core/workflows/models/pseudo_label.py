"""Pseudo-labels: a run judges unlabelled utterances, a rule keeps the sure predictions, a curator accepts them.

An accepted pseudo-label is a silver label; it is never used for validation or test.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from core.batches import batches
from core.confidence import Rule, best_class, passes
from core.errors import InputError
from core.filters import Filter
from core.inference.predictor import Predictor, cached
from core.messages import Message, SchemeName, Word
from core.records import UNLABELLED, Prediction, RunInfo
from core.runs.predictions import add_pool
from core.schemes import scheme
from core.store import NewProposal
from core.workflows.cleaning import decisions
from core.workflows.cleaning.decisions import DecisionCounts
from core.workflows.workspace import Workspace, now

KIND = "pseudo-label"
BLOCK = 500  # texts a model judges at a time


@dataclass(frozen=True, slots=True)
class Preview:
    """How many of `total` predictions a rule keeps and drops, by class code."""

    total: int
    kept: dict[str, int]
    dropped: dict[str, int]


def judging_runs(ws: Workspace) -> list[RunInfo]:
    """The finished runs that can make pseudo-labels: text runs of an utterance scheme, the newest first."""
    runs = ws.store.ledger.runs("done")
    return [run for run in runs if run.modality == "text" and scheme(run.scheme).level == "utterance"]


def judge(ws: Workspace, run_id: str, limit: int = 5000) -> int:
    """Let a text run judge at most `limit` unlabelled utterances; returns the number of predictions written.

    `InputError` for a voice run or a run of a recording scheme.
    """
    info = ws.store.ledger.run(run_id)
    chosen = scheme(info.scheme)
    if info.modality != "text" or chosen.level != "utterance":
        raise InputError(
            "run {run_id} judges {scheme} by {modality}; pseudo-labels need a text run of an utterance scheme",
            run_id=run_id,
            scheme=SchemeName(info.scheme),
            modality=Word(info.modality),
        )
    return _judge(ws, run_id, chosen.name, cached(ws.run_folder(run_id)), limit)


def _judge(ws: Workspace, run_id: str, target: str, predictor: Predictor, limit: int) -> int:
    """Judge the first `limit` unlabelled utterances whose cleaned text is not empty; the others are left to people."""
    every = ws.store.corpus.every(Filter(labels={target: (UNLABELLED,)}, skipped=False))
    readable = islice((u for u in every if predictor.reads(u.text, u.origin)), limit)
    ids: list[int] = []
    tables = [np.zeros((0, len(predictor.codes)))]
    for block in batches(readable, BLOCK):
        ids += [utterance.id for utterance in block]
        tables.append(predictor.predict_texts([utterance.text for utterance in block]))
    probs = np.vstack(tables)
    add_pool(ws.run_folder(run_id), target, ids, probs)
    ws.store.ledger.put_predictions(
        [
            Prediction(run_id, target, n, "pool", *best_class(predictor.codes, row))
            for n, row in zip(ids, probs, strict=True)
        ]
    )
    return len(ids)


def waiting(ws: Workspace, run_id: str) -> list[Prediction]:
    """The run's pool predictions for utterances that have no label yet."""
    name = ws.store.ledger.run(run_id).scheme
    labelled = ws.store.corpus.grades("utterance", name)
    return [p for p in ws.store.ledger.predictions(run_id, purpose="pool") if p.utterance_id not in labelled]


def preview(ws: Workspace, run_id: str, rule: Rule) -> Preview:
    """What `rule` would keep and drop; the page shows it beside the sliders."""
    codes = scheme(ws.store.ledger.run(run_id).scheme).codes
    predictions = waiting(ws, run_id)
    by_kept: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for prediction, keep in zip(predictions, _passing(predictions, rule), strict=True):
        by_kept[keep][prediction.code] += 1
    return Preview(len(predictions), *({code: by_kept[keep][code] for code in codes} for keep in (True, False)))


def propose(ws: Workspace, run_id: str, rule: Rule) -> int:
    """Make a Proposal of each prediction that `rule` keeps; returns the number of new ones."""
    predictions = waiting(ws, run_id)
    passing = _passing(predictions, rule)
    items = [_proposal(prediction, rule) for prediction, keep in zip(predictions, passing, strict=True) if keep]
    return ws.store.proposals.add(items, now()) if items else 0


def _passing(predictions: Sequence[Prediction], rule: Rule) -> list[bool]:
    """Whether `rule` keeps each prediction."""
    passing: list[bool] = passes([p.confidence for p in predictions], [p.margin for p in predictions], rule).tolist()
    return passing


def accept_all(ws: Workspace, run_id: str, curator: str) -> DecisionCounts:
    """Accept every open pseudo-label of the run; returns how many were accepted, refused or decided already."""
    return decisions.accept_all(ws, KIND, curator, run_id=run_id)


def imported_predictions(ws: Workspace) -> int:
    """Number of open proposals from models outside this workspace (Label Studio's predictions)."""
    of_runs = sum(ws.store.proposals.counts(KIND, run.id)["open"] for run in ws.store.ledger.runs())
    return ws.store.proposals.counts(KIND)["open"] - of_runs


def _proposal(prediction: Prediction, rule: Rule) -> NewProposal:
    payload: dict[str, Any] = {
        "scheme": prediction.target,
        "code": prediction.code,
        "confidence": prediction.confidence,
        "margin": prediction.margin,
    }
    reason = Message(
        "confidence {confidence:.2f} >= {least:.2f}, margin {margin:.2f} >= {least_margin:.2f}",
        confidence=prediction.confidence,
        least=rule.confidence,
        margin=prediction.margin,
        least_margin=rule.margin,
    )
    operation = f"pseudo-label by {prediction.run_id}"
    return NewProposal(KIND, prediction.utterance_id, operation, payload, reason, prediction.run_id)
