"""Suspected label errors: what a model that never saw an utterance, nor one like it, finds unlikely of its label.

The n-gram text model is fitted `FOLDS` times, each time without one part of the groups (near-equal texts are in one),
and judges that part; cleanlab scores each label by the probability it was given. What the model agrees with is never
suspected. Only gold labels of an utterance scheme with one class a target are looked at.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from cleanlab.rank import get_label_quality_scores
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from core.errors import InputError, NotEnoughData
from core.filters import Filter
from core.messages import ClassName, Message, SchemeName, packed, unpacked
from core.model_text import DEFAULT_PLAN, model_text
from core.models.ngram import NgramConfig, NgramModel
from core.schemes import Scheme, scheme
from core.split import merge_near_duplicates
from core.store import Ranked
from core.workflows.jobs import Context
from core.workflows.workspace import Workspace, now, open_workspace

FOLDS = 5
MOST_TEXTS = 100_000  # more than these are drawn at random
Step = Callable[[str, Callable[[], Any]], Any]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class _Labelled:
    """What is looked at, by id: ids (n,), texts, label ids (n,) and the group each is in."""

    ids: NDArray[np.int64]
    texts: list[str]
    labels: NDArray[np.int64]
    groups: list[str]


def suspects(
    ws: Workspace,
    scheme_name: str,
    limit: int,
    seed: int = 0,
    step: Step = lambda name, fn: fn(),
    progress: Progress = lambda done, total: None,
) -> list[Ranked]:
    """The `limit` least likely labels, the least likely first; `score` is the probability of the label that stands.

    `InputError` for a scheme that is not looked at, `NotEnoughData` below `FOLDS` groups or two classes.
    """
    chosen = scheme(scheme_name)
    if chosen.level != "utterance" or chosen.kind == "multi":
        raise InputError(
            "{scheme_name}: label errors are looked for under utterance schemes of one class a target",
            scheme_name=SchemeName(scheme_name),
        )
    data = _read(ws, chosen, seed)
    if len(set(data.groups)) < FOLDS or len(set(data.labels.tolist())) < 2:
        raise NotEnoughData(
            "label errors need {folds} groups and 2 classes of {scheme_name} that are labelled",
            folds=FOLDS,
            scheme_name=SchemeName(scheme_name),
        )
    folds = GroupKFold(FOLDS, shuffle=True, random_state=seed).split(data.texts, groups=data.groups)
    found: list[list[Any]] = []
    for number, (seen, held_out) in enumerate(folds):
        found += step(f"fold {number}", partial(_judge, data, chosen, seen, held_out, limit))
        progress(number + 1, FOLDS)
    ranked = sorted(found, key=lambda row: (row[1], row[0]))[:limit]
    return [Ranked(number, score, unpacked(reason)) for number, score, reason in ranked]


def run_job(params: dict[str, Any], job: Context) -> None:
    """The job: each fold is a durable step."""

    def tell(done: int, total: int) -> None:
        job.report({"done": done, "total": total, "unit": "folds"})

    ws = open_workspace()
    rows = suspects(ws, params["scheme"], params["limit"], params["seed"], job.step, tell)
    ws.store.queues.put(f"label-errors:{params['scheme']}", rows, now())


def _read(ws: Workspace, chosen: Scheme, seed: int) -> _Labelled:
    grades = ws.store.corpus.grades("utterance", chosen.name)
    gold = {target: code for target, (code, grade) in grades.items() if grade == "gold"}
    ids = ws.store.texts.ids(Filter(labels={chosen.name: chosen.codes}, skipped=False))
    if len(ids) > MOST_TEXTS:
        ids = np.sort(np.random.default_rng(seed).choice(ids, MOST_TEXTS, replace=False))
    kept: list[tuple[int, str, int, str]] = []
    for start in range(0, len(ids), 1000):
        for one in ws.store.corpus.utterances(ids[start : start + 1000].tolist()):
            text = model_text(DEFAULT_PLAN, one.text, one.origin)
            if text and one.id in gold:
                kept.append((one.id, text, chosen.index(gold[one.id]), one.group))
    numbers, texts, labels, groups = (list(column) for column in zip(*kept, strict=True)) if kept else ([], [], [], [])
    merged = merge_near_duplicates(groups, texts)
    return _Labelled(np.array(numbers, np.int64), texts, np.array(labels, np.int64), list(merged))


def _judge(
    data: _Labelled, chosen: Scheme, seen: NDArray[np.int64], held_out: NDArray[np.int64], limit: int
) -> list[list[Any]]:
    """[utterance id, score, reason] of the most suspect of one part; JSON-able, since a step keeps it."""
    model = NgramModel.fit(NgramConfig(), [data.texts[i] for i in seen], data.labels[seen], len(chosen.codes))
    probs = np.exp(model.log_probs([data.texts[i] for i in held_out]))
    labels = data.labels[held_out]
    scores = _scores(labels, probs)
    best = probs.argmax(axis=1)
    order = [at for at in np.argsort(scores, kind="stable").tolist() if best[at] != labels[at]]
    return [
        [int(data.ids[held_out[at]]), float(scores[at]), packed(_reason(chosen, labels[at], best[at], probs[at]))]
        for at in order[:limit]
    ]


def _scores(labels: NDArray[np.int64], probs: NDArray[np.float64]) -> NDArray[np.float64]:
    scores: NDArray[np.float64] = get_label_quality_scores(labels, probs, method="self_confidence")
    return scores


def _reason(scheme: Scheme, label: int, best: int, probs: NDArray[np.float64]) -> Message:
    return Message(
        "{label} {own:.2f}, {best} {most:.2f}",
        label=ClassName(scheme.name, scheme.codes[label]),
        own=probs[label],
        best=ClassName(scheme.name, scheme.codes[best]),
        most=probs[best],
    )
