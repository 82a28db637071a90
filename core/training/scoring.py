"""Scores of a model on the held-out sides, Target by Target: calibration, metrics with intervals, baselines.

An item without an answer for a Target does not count there. A single-label Target is scored by `core.scores.evaluate`,
a multi-label one by `core.scores.multi.evaluate`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.confidence import calibrated, fit_temperature, fit_temperature_multi
from core.models import Modality, Model
from core.runs.card import Calibration
from core.schemes.target import Target
from core.scores import evaluate
from core.scores.multi import evaluate_multi
from core.scores.pooled import pool
from core.snapshots.items import Items
from core.training.baselines import baseline_scores
from core.training.inputs import Inputs

Floats = NDArray[np.float64]
HELD_OUT = ("validation", "test")


@dataclass(frozen=True, eq=False)
class Answered:
    """N rows of one side that have an answer for a Target.

    `items` hold that answer as `code` and `label`, `rows` are their places among the side's inputs.
    """

    items: Items
    rows: NDArray[np.int64]
    answers: NDArray[Any]

    @classmethod
    def of(cls, items: Items, target: Target, codes: Mapping[str, str | None]) -> "Answered":
        """`codes` gives the code of each item by key."""
        own = [codes[key] for key in items.column("key")]
        answers = target.answers(own)
        rows = np.flatnonzero(target.answered(answers))
        labels = [-1] * len(rows) if target.multi else answers[rows].tolist()
        view = items.take(rows).replaced(code=[own[row] or "" for row in rows], label=labels)
        return cls(view, rows, answers[rows])


def epoch_scores(
    model: Model, inputs: Inputs, rows: Mapping[str, Answered], targets: tuple[Target, ...]
) -> dict[str, Any]:
    """The validation scores of an epoch: validation_loss and macro_f1, the mean over the Targets, and each of them."""
    logits = model.logits(inputs.values)
    of_each = {}
    for target in targets:
        own = rows[target.name]
        probs = target.probabilities(logits[target.name][own.rows])
        scores = _evaluate(target, own, probs, resamples=0)
        of_each[target.name] = {"validation_loss": scores["log_loss"], "macro_f1": scores["macro_f1"]["value"],
                                "accuracy": scores["accuracy"]["value"]}  # fmt: skip
    means = {
        name: float(np.mean([scores[name] for scores in of_each.values()]))
        for name in ("validation_loss", "macro_f1", "accuracy")
    }
    return means | ({"targets": of_each} if len(targets) > 1 else {})


@dataclass(frozen=True, eq=False)
class TargetScores:
    """What `finish` found for one Target: its calibration, its metrics, and probabilities of the held-out rows."""

    target: Target
    calibration: Calibration
    metrics: dict[str, Any]
    rows: dict[str, Answered]
    probs: dict[str, Floats]


def score_target(
    target: Target,
    logits: Mapping[str, Floats],
    rows: Mapping[str, Answered],
    modality: Modality,
    seed: int,
) -> TargetScores:
    """Calibrate on the validation side, and score both held-out sides.

    `logits` and `rows` have an entry for each side, the training side has rows only (for the baselines). The metrics
    are test, validation, by_recording, baselines and calibration.
    """
    calibration, probs = _calibrated(target, logits, rows)
    by_recording = _by_recording(target, rows["test"], probs["test"], seed)
    metrics = {
        "test": _evaluate(target, rows["test"], probs["test"], seed=seed),
        "validation": _evaluate(target, rows["validation"], probs["validation"], seed=seed),
        "by_recording": by_recording,
        "baselines": baseline_scores(
            rows["train"].items,
            rows["test"].items,
            target,
            modality,
            seed=seed,
            by_recording=by_recording is not None,
        ),
        "calibration": asdict(calibration),
    }
    return TargetScores(target, calibration, metrics, dict(rows), probs)


def score_ablation(
    target: Target, parts: Mapping[str, Floats], test: Answered, temperature: float, seed: int
) -> dict[str, Any]:
    """What a model of text and voice scores when it reads one of them: part -> scores with intervals.

    `parts` are the logits (N, K) of the test side by part (text, voice).
    """
    keys = ("n", "n_groups", "accuracy", "macro_f1", "weighted_f1", "per_class")
    scored = {
        part: _evaluate(target, test, calibrated(target, logits[test.rows], temperature), seed=seed)
        for part, logits in parts.items()
    }
    return {part: {key: scores[key] for key in keys} for part, scores in scored.items()}


def _calibrated(
    target: Target, logits: Mapping[str, Floats], rows: Mapping[str, Answered]
) -> tuple[Calibration, dict[str, Floats]]:
    """The temperature fitted on the validation side, and the calibrated probabilities (N, K) of both sides."""
    own = rows["validation"]
    scores = logits["validation"][own.rows]
    temperature = (fit_temperature_multi if target.multi else fit_temperature)(scores, own.answers)
    plain = target.probabilities(scores)
    probs = {side: calibrated(target, logits[side][rows[side].rows], temperature) for side in HELD_OUT}
    before, after = (_evaluate(target, own, p, resamples=0)["ece"] for p in (plain, probs["validation"]))
    return Calibration("temperature", temperature, "validation", len(own.rows), before, after), probs


def _evaluate(target: Target, rows: Answered, probs: Floats, **options: Any) -> dict[str, Any]:
    scores = evaluate_multi if target.multi else evaluate
    return scores(rows.answers, probs, rows.items.column("group"), target.codes, **options)


def _by_recording(target: Target, rows: Answered, probs: Floats, seed: int) -> dict[str, Any] | None:
    """Scores of whole recordings: each is judged by the mean log probabilities of its utterances."""
    if target.level != "recording" or target.multi:
        return None
    at, pooled = pool(probs, rows.items.column("recording"))
    if not at:
        return None
    groups = rows.items.take(at).column("group")
    return evaluate(rows.answers[at], pooled, groups, target.codes, seed=seed)
