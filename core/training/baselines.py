"""The trivial baselines of a run: fitted on the training side of its snapshot, scored where the run is scored.

`core.scores.baselines` holds the two models; this module chooses what they read of an Item.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.models import Modality
from core.schemes.target import Target
from core.scores import baselines, evaluate
from core.scores.multi import evaluate_multi
from core.scores.pooled import pool
from core.snapshots.format import Item

READS: dict[Modality, str] = {"text": "length and punctuation", "voice": "duration", "both": "length and punctuation"}
_KEPT = ("n", "n_groups", "accuracy", "macro_f1", "weighted_f1", "per_class")


def baseline_scores(
    train: Sequence[Item],
    test: Sequence[Item],
    target: Target,
    modality: Modality,
    *,
    seed: int = 0,
    by_recording: bool = False,
) -> dict[str, Any]:
    """Return {majority, shortcut}: the scores of both baselines, with intervals; the shortcut says what it `reads`.

    Each has n, n_groups, accuracy, macro_f1, weighted_f1, per_class and by_recording (the same over recordings, or
    None). A voice whose end is unknown counts with the mean duration of the training side.
    """
    answers = target.answers([item.code for item in train])
    train_features, features = _features(train, test, modality)
    if target.multi:
        shortcut = baselines.shortcut_multi_probs(train_features, answers, features)
        majority = baselines.majority_sets(answers, len(test))
    else:
        shortcut = baselines.shortcut_probs(train_features, answers, features, len(target.codes))
        majority = baselines.majority_probs(answers, len(test), len(target.codes))
    return {
        "majority": _scores(test, majority, target, seed, by_recording),
        "shortcut": _scores(test, shortcut, target, seed, by_recording) | {"reads": READS[modality]},
    }


def _features(
    train: Sequence[Item], test: Sequence[Item], modality: Modality
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if modality != "voice":
        return baselines.text_features([i.text for i in train]), baselines.text_features([i.text for i in test])
    lengths_ms = [ms for item in train if (ms := _duration_ms(item)) is not None]
    usual = round(sum(lengths_ms) / len(lengths_ms)) if lengths_ms else 0
    durations = [[usual if (ms := _duration_ms(item)) is None else ms for item in items] for items in (train, test)]
    return baselines.duration_features(durations[0]), baselines.duration_features(durations[1])


def _duration_ms(item: Item) -> int | None:
    return None if item.end_ms is None else item.end_ms - (item.start_ms or 0)


def _scores(
    items: Sequence[Item], probs: NDArray[np.float64], target: Target, seed: int, by_recording: bool
) -> dict[str, Any]:
    """The scores of `probs` (N, K) on N items, and over their recordings if `by_recording`."""
    scores = _scored(items, probs, target, seed)
    first, pooled = pool(probs, [item.recording for item in items]) if by_recording else ([], probs)
    return scores | {"by_recording": _scored([items[i] for i in first], pooled, target, seed) if first else None}


def _scored(items: Sequence[Item], probs: NDArray[np.float64], target: Target, seed: int) -> dict[str, Any]:
    answers, groups = target.answers([item.code for item in items]), [item.group for item in items]
    scores = (evaluate_multi if target.multi else evaluate)(answers, probs, groups, target.codes, seed=seed)
    return {name: scores[name] for name in _KEPT}
