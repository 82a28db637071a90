"""Pseudo-labels: a run judges what nobody has labelled, a rule keeps the sure, a curator accepts them as silver."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from core.cleaning import DEFAULT_PLAN, apply
from core.confidence import Rule, accept
from core.errors import InputError
from core.inference.predictor import Predictor, cached
from core.messages import Message, SchemeName, Word
from core.records import UNLABELLED, Filter, Prediction, Utterance
from core.schemes import scheme
from core.store import NewProposal
from core.workflows.workspace import Workspace, now

KIND = "pseudo-label"
SIDE = "unlabelled"


@dataclass(frozen=True, slots=True)
class Preview:
    """How many of `total` judged utterances a rule keeps, by class code; `scores` are (confidence, margin) rows."""

    total: int
    kept: dict[str, int]
    dropped: dict[str, int]


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
    predictor = cached(ws.run_folder(run_id))
    rows = islice(ws.store.corpus.every(Filter(labels={chosen.name: (UNLABELLED,)}, skipped=False)), limit)
    total = 0
    for block in _blocks(iter(rows), 500):
        total += _judge_block(ws, run_id, predictor, block)
    return total


def _judge_block(ws: Workspace, run_id: str, predictor: Predictor, block: list[Utterance]) -> int:
    said = [u for u in block if apply(DEFAULT_PLAN, u.text)]  # a call has utterances without text
    probs = predictor.predict_texts([u.text for u in said])
    ws.store.ledger.put_predictions(
        run_id,
        predictor.codes,
        [Prediction(run_id, u.id, SIDE, None, tuple(map(float, p))) for u, p in zip(said, probs, strict=True)],
    )
    return len(said)


def _blocks(rows: Iterator[Utterance], size: int) -> Iterator[list[Utterance]]:
    while block := list(islice(rows, size)):
        yield block


def waiting(ws: Workspace, run_id: str) -> list[Prediction]:
    """The run's predictions on utterances that are unlabelled still."""
    name = ws.store.ledger.run(run_id).scheme
    labelled = ws.store.corpus.grades("utterance", name)
    return [p for p in ws.store.ledger.predictions(run_id, side=SIDE) if p.utterance_id not in labelled]


def preview(ws: Workspace, run_id: str, rule: Rule) -> Preview:
    """What `rule` would keep, for the sliders."""
    codes = scheme(ws.store.ledger.run(run_id).scheme).codes
    found = waiting(ws, run_id)
    if not found:
        return Preview(0, dict.fromkeys(codes, 0), dict.fromkeys(codes, 0))
    probs = np.array([p.probs for p in found])
    kept, best = accept(probs, rule), probs.argmax(axis=1)
    return Preview(
        len(found),
        {code: int((kept & (best == k)).sum()) for k, code in enumerate(codes)},
        {code: int((~kept & (best == k)).sum()) for k, code in enumerate(codes)},
    )


def propose(ws: Workspace, run_id: str, rule: Rule) -> int:
    """Turn what `rule` keeps into Proposals; returns how many are new."""
    name = ws.store.ledger.run(run_id).scheme
    found = waiting(ws, run_id)
    if not found:
        return 0
    kept = accept(np.array([p.probs for p in found]), rule)
    items = [_proposal(p, name, run_id, rule) for p, keep in zip(found, kept, strict=True) if keep]
    return ws.store.proposals.add(items, now())


def accept_all(ws: Workspace, run_id: str, curator: str) -> int:
    """Accept every open pseudo-label of the run; those whose utterance was labelled meanwhile stay open."""
    done = 0
    after = 0
    while (one := ws.store.proposals.next(KIND, after, run_id)) is not None:
        after = one.id
        if one.payload["scheme"] not in ws.store.corpus.utterance(one.utterance_id).labels:
            ws.store.proposals.decide(one.id, True, curator, now())
            done += 1
    return done


def imported(ws: Workspace) -> int:
    """How many opinions of models elsewhere (Label Studio's predictions) wait to be decided on."""
    of_runs = sum(ws.store.proposals.counts(KIND, run.id)["open"] for run in ws.store.ledger.runs())
    return ws.store.proposals.counts(KIND)["open"] - of_runs


def _proposal(one: Prediction, name: str, run_id: str, rule: Rule) -> NewProposal:
    ranked = sorted(one.probs, reverse=True)
    payload: dict[str, Any] = {
        "scheme": name,
        "code": scheme(name).codes[int(np.argmax(one.probs))],
        "confidence": ranked[0],
        "margin": ranked[0] - ranked[1],
    }
    reason = Message(
        "confidence {confidence:.2f} >= {least:.2f}, margin {margin:.2f} >= {least_margin:.2f}",
        confidence=ranked[0],
        least=rule.confidence,
        margin=ranked[0] - ranked[1],
        least_margin=rule.margin,
    )
    return NewProposal(KIND, one.utterance_id, f"pseudo-label by {run_id}", payload, reason, run_id)
