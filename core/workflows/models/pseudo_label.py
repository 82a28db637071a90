"""Pseudo-labels: a run judges what is unlabelled, a rule keeps the sure predictions, a curator accepts them.

A run judges utterances, or whole calls if it was trained on them. The prediction for a call stands at its first turn,
as the items of its snapshot do; its label is that of the recording. An accepted pseudo-label is a silver label; it is
never used for validation or test.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
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
from core.records import UNLABELLED, Prediction, RunInfo, Utterance
from core.runs.predictions import add_pool
from core.schemes import scheme
from core.store import NewProposal
from core.workflows.cleaning import decisions
from core.workflows.cleaning.decisions import DecisionCounts
from core.workflows.snapshots.calls import calls, in_order, transcript
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
    """The finished text runs that can make pseudo-labels, the newest first: those of an utterance scheme, and those
    that were trained on whole calls.
    """
    of_calls = _snapshots_of_calls(ws)
    return [run for run in ws.store.ledger.runs("done") if _judges(run, of_calls)]


def judge(ws: Workspace, run_id: str, limit: int = 5000) -> int:
    """Let a text run judge at most `limit` unlabelled utterances, or calls where it was trained on whole calls.

    Returns the number of predictions written; that for a call stands at its first turn. `InputError` for a voice run,
    and for a run of a recording scheme that was trained on single utterances.
    """
    info = ws.store.ledger.run(run_id)
    if not _judges(info, _snapshots_of_calls(ws)):
        raise InputError(
            "run {run_id} judges {scheme} by {modality}; pseudo-labels need a text run of an utterance scheme, or one "
            "that was trained on whole calls",
            run_id=run_id,
            scheme=SchemeName(info.scheme),
            modality=Word(info.modality),
        )
    predictor = cached(ws.run_folder(run_id))
    texts = _calls if scheme(info.scheme).level == "recording" else _utterances
    return _judge(ws, run_id, info.scheme, predictor, islice(texts(ws, info.scheme, predictor), limit))


def _snapshots_of_calls(ws: Workspace) -> set[str]:
    """The names of the snapshots whose items are whole calls."""
    infos = (*ws.store.ledger.snapshots(), *ws.store.ledger.foreign_snapshots())
    return {info.name for info in infos if info.counts.get("unit") == "call"}


def _judges(run: RunInfo, of_calls: set[str]) -> bool:
    """Whether the pool has something that the run can judge as in training."""
    return run.modality == "text" and (scheme(run.scheme).level == "utterance" or run.snapshot in of_calls)


def _utterances(ws: Workspace, target: str, predictor: Predictor) -> Iterator[tuple[int, str]]:
    """Id and text of the unlabelled utterances whose cleaned text is not empty; the others are left to people."""
    for utterance in ws.store.corpus.every(Filter(labels={target: (UNLABELLED,)}, skipped=False)):
        if predictor.reads(utterance.text, utterance.origin):
            yield utterance.id, utterance.text


def _calls(ws: Workspace, target: str, predictor: Predictor) -> Iterator[tuple[int, str]]:
    """Id of the first turn, and the turns joined, of the unlabelled calls in which somebody says something."""
    labelled = ws.store.corpus.grades("recording", target)
    unlabelled = {recording.id for recording in ws.store.corpus.recordings() if recording.id not in labelled}
    for _, turns in calls(ws, unlabelled):
        if predictor.reads(text := transcript(turns, predictor.card.cleaning)):
            yield turns[0].id, text


def _judge(ws: Workspace, run_id: str, target: str, predictor: Predictor, items: Iterable[tuple[int, str]]) -> int:
    """Write the predictions for ids with their texts."""
    ids: list[int] = []
    tables = [np.zeros((0, len(predictor.codes)))]
    for block in batches(items, BLOCK):
        ids += [number for number, _ in block]
        tables.append(predictor.predict_texts([text for _, text in block]))
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
    """The run's pool predictions for utterances, or calls, that have no label yet."""
    name = ws.store.ledger.run(run_id).scheme
    pool = ws.store.ledger.predictions(run_id, purpose="pool")
    if scheme(name).level == "utterance":
        labelled = set(ws.store.corpus.grades("utterance", name))
    else:
        first_turns = ws.store.corpus.utterances([prediction.utterance_id for prediction in pool])
        labelled = {turn.id for turn in first_turns if name in turn.labels}
    return [prediction for prediction in pool if prediction.utterance_id not in labelled]


def judged_text(ws: Workspace, scheme_name: str, utterance: Utterance) -> str:
    """What a prediction under the scheme was made from: the text of the utterance, or of its whole call."""
    if scheme(scheme_name).level == "utterance" or utterance.recording_id is None:
        return utterance.text
    turns = ws.store.corpus.every(Filter(recording_id=utterance.recording_id, skipped=False))
    return transcript(in_order(turns)) or utterance.text


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
