"""Pseudo-labels: a run judges what is unlabelled, a rule keeps the sure predictions, a curator accepts them.

A run judges utterances, or whole calls if it was trained on them. The prediction for a call stands at its first turn,
as the items of its snapshot do; its label is that of the recording. An accepted pseudo-label is a silver label; it is
never used for validation or test.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.confidence import Rule, passes
from core.filters import Filter
from core.messages import Message
from core.records import Prediction, Utterance
from core.schemes import scheme
from core.store import NewProposal
from core.workflows.cleaning import decisions
from core.workflows.cleaning.decisions import DecisionCounts
from core.workflows.pseudo_labels import judge as judging
from core.workflows.pseudo_labels.candidates import ANY
from core.workflows.pseudo_labels.candidates import judging_runs as judging_runs
from core.workflows.snapshots.calls import in_order, transcript
from core.workflows.workspace import Workspace, now

KIND = "pseudo-label"


@dataclass(frozen=True, slots=True)
class Preview:
    """How many of `total` predictions a rule keeps and drops, by class code."""

    total: int
    kept: dict[str, int]
    dropped: dict[str, int]


def judge(ws: Workspace, run_id: str, limit: int = 5000) -> int:
    """Let a run judge at most `limit` unlabelled utterances, or calls where it was trained on whole calls.

    Returns the number of those that have a prediction now; that for a call stands at its first turn. `InputError` for
    a run of a recording scheme that was trained on single utterances.
    """
    done = judging.run(ws, judging.JudgePlan(run_id, limit=limit, closed_by=ANY))
    return done.candidates


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
