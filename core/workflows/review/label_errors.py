"""Suspected label errors: labels that are unlikely for a model which did not see the utterance in training.

The groups are cut into `FOLDS` parts; near-equal texts are in one group. For each part the n-gram text model is fitted
on the other parts and judges this part. cleanlab scores each label by the probability that the model gave it. A label
with which the model agrees is never suspected. Only gold labels of an utterance scheme with one class a target are
examined.
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
from core.messages import ClassName, Message, SchemeName, message_from_json, message_to_json
from core.models.linear.ngram import NgramConfig, NgramModel
from core.schemes import Scheme, scheme
from core.schemes.target import Target
from core.split import merge_near_duplicates
from core.store import Ranked
from core.text.model_text import DEFAULT_PLAN, model_text
from core.workflows.jobs import Context
from core.workflows.workspace import Workspace, now, open_workspace

FOLDS = 5
MOST_TEXTS = 100_000  # more than these are drawn at random
Step = Callable[[str, Callable[[], Any]], Any]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class _LabelledTexts:
    """The n utterances to examine: ids int64 (n,), n texts, class ids int64 (n,), n groups."""

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
    """The `limit` least likely labels, the least likely first; `score` is the probability of the present label.

    `step(name, fn)` runs one fold and `progress(done, total)` is called after each. `InputError` for a recording scheme
    or one of several classes a target, `NotEnoughData` below `FOLDS` groups or two classes.
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
    rows: list[list[Any]] = []
    for number, (seen, held_out) in enumerate(folds):
        rows += step(f"fold {number}", partial(_judge, data, chosen, seen, held_out, limit))
        progress(number + 1, FOLDS)
    ranked = sorted(rows, key=lambda row: (row[1], row[0]))[:limit]
    return [Ranked(number, score, message_from_json(reason)) for number, score, reason in ranked]


def run_job(params: dict[str, Any], job: Context) -> None:
    """The job `label-errors`: builds the list of a scheme; each fold is a durable step."""

    def on_fold(done: int, total: int) -> None:
        job.report({"done": done, "total": total, "unit": "folds"})

    ws = open_workspace()
    rows = suspects(ws, params["scheme"], params["limit"], params["seed"], job.step, on_fold)
    ws.store.queues.put(f"label-errors:{params['scheme']}", rows, now())


def _read(ws: Workspace, chosen: Scheme, seed: int) -> _LabelledTexts:
    grades = ws.store.corpus.grades("utterance", chosen.name)
    gold = {target: code for target, (code, grade) in grades.items() if grade == "gold"}
    ids = ws.store.texts.ids(Filter(labels={chosen.name: chosen.codes}, skipped=False))
    ids = ids[np.isin(ids, np.fromiter(gold, np.int64, len(gold)))]
    if len(ids) > MOST_TEXTS:
        ids = np.sort(np.random.default_rng(seed).choice(ids, MOST_TEXTS, replace=False))
    rows: list[tuple[int, str, int, str]] = []
    for start in range(0, len(ids), 1000):
        for utterance in ws.store.corpus.utterances(ids[start : start + 1000].tolist()):
            text = model_text(DEFAULT_PLAN, utterance.text, utterance.origin)
            if text and utterance.id in gold:
                rows.append((utterance.id, text, chosen.index(gold[utterance.id]), utterance.group))
    numbers, texts, labels, groups = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [], [])
    merged = merge_near_duplicates(groups, texts)
    return _LabelledTexts(np.array(numbers, np.int64), texts, np.array(labels, np.int64), list(merged))


def _judge(
    data: _LabelledTexts, chosen: Scheme, seen: NDArray[np.int64], held_out: NDArray[np.int64], limit: int
) -> list[list[Any]]:
    """Rows [utterance id, score, reason] of the `limit` least likely labels of a part; JSON-able for a step."""
    target = Target.of(chosen)
    texts = [data.texts[i] for i in seen]
    model = NgramModel.fit(NgramConfig(), texts, {target.name: data.labels[seen]}, [target])
    probs = np.exp(model.logits([data.texts[i] for i in held_out])[target.name])
    labels = data.labels[held_out]
    scores = _scores(labels, probs)
    best = probs.argmax(axis=1)
    order = [at for at in np.argsort(scores, kind="stable").tolist() if best[at] != labels[at]]
    return [
        [
            int(data.ids[held_out[at]]),
            float(scores[at]),
            message_to_json(_reason(chosen, labels[at], best[at], probs[at])),
        ]
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
