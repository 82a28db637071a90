"""Pseudo-labels: a run judges what nobody has labelled, a rule keeps the sure, a curator accepts them as silver."""

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
from core.schemes import scheme
from core.store import NewProposal
from core.training.predictions import add_pool
from core.workflows.cleaning import decisions
from core.workflows.cleaning.decisions import Decided
from core.workflows.workspace import Workspace, now

KIND = "pseudo-label"
BLOCK = 500  # texts a model judges at a time


@dataclass(frozen=True, slots=True)
class Preview:
    """How many of `total` judged utterances a rule keeps, by class code; `scores` are (confidence, margin) rows."""

    total: int
    kept: dict[str, int]
    dropped: dict[str, int]


def judging_runs(ws: Workspace) -> list[RunInfo]:
    """The finished runs that can make pseudo-labels: text runs of an utterance scheme, the newest first."""
    runs = ws.store.ledger.runs("done")
    return [run for run in runs if run.modality == "text" and scheme(run.scheme).level == "utterance"]


def judge(ws: Workspace, run_id: str, limit: int = 5000) -> int:
    """Let a text run judge the unlabelled utterances; returns how many predictions were written."""
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
    """Judge the first `limit` unlabelled utterances that the model reads; what it does not read waits for a person."""
    every = ws.store.corpus.every(Filter(labels={target: (UNLABELLED,)}, skipped=False))
    readable = islice((one for one in every if predictor.reads(one.text, one.origin)), limit)
    ids: list[int] = []
    tables = [np.zeros((0, len(predictor.codes)))]
    for block in batches(readable, BLOCK):
        ids += [one.id for one in block]
        tables.append(predictor.predict_texts([one.text for one in block]))
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
    """The run's predictions on utterances that are unlabelled still."""
    name = ws.store.ledger.run(run_id).scheme
    labelled = ws.store.corpus.grades("utterance", name)
    return [p for p in ws.store.ledger.predictions(run_id, purpose="pool") if p.utterance_id not in labelled]


def preview(ws: Workspace, run_id: str, rule: Rule) -> Preview:
    """What `rule` would keep, for the sliders."""
    codes = scheme(ws.store.ledger.run(run_id).scheme).codes
    found = waiting(ws, run_id)
    by_kept: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for one, keep in zip(found, _passing(found, rule), strict=True):
        by_kept[keep][one.code] += 1
    return Preview(len(found), *({code: by_kept[keep][code] for code in codes} for keep in (True, False)))


def propose(ws: Workspace, run_id: str, rule: Rule) -> int:
    """Turn what `rule` keeps into Proposals; returns how many are new."""
    found = waiting(ws, run_id)
    items = [_proposal(one, rule) for one, keep in zip(found, _passing(found, rule), strict=True) if keep]
    return ws.store.proposals.add(items, now()) if items else 0


def _passing(found: Sequence[Prediction], rule: Rule) -> list[bool]:
    """Whether `rule` keeps each prediction."""
    kept: list[bool] = passes([one.confidence for one in found], [one.margin for one in found], rule).tolist()
    return kept


def accept_all(ws: Workspace, run_id: str, curator: str) -> Decided:
    """Accept every open pseudo-label of the run, and count which way they went."""
    return decisions.accept_all(ws, KIND, curator, run_id=run_id)


def imported(ws: Workspace) -> int:
    """How many opinions of models elsewhere (Label Studio's predictions) wait to be decided on."""
    of_runs = sum(ws.store.proposals.counts(KIND, run.id)["open"] for run in ws.store.ledger.runs())
    return ws.store.proposals.counts(KIND)["open"] - of_runs


def _proposal(one: Prediction, rule: Rule) -> NewProposal:
    payload: dict[str, Any] = {
        "scheme": one.target,
        "code": one.code,
        "confidence": one.confidence,
        "margin": one.margin,
    }
    reason = Message(
        "confidence {confidence:.2f} >= {least:.2f}, margin {margin:.2f} >= {least_margin:.2f}",
        confidence=one.confidence,
        least=rule.confidence,
        margin=one.margin,
        least_margin=rule.margin,
    )
    return NewProposal(KIND, one.utterance_id, f"pseudo-label by {one.run_id}", payload, reason, one.run_id)
