"""Fit the limits of a run on its validation side: which classes fit, which inputs are familiar (`core.runs.limits`).

Texts are the frozen texts, cleaned already. The test side is not looked at.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.abstention.conformal import LEVEL, fitted_threshold, right_probabilities
from core.abstention.familiar import fitted_distance, fitted_share, known_pairs, new_share
from core.abstention.script import unreadable
from core.abstention.usual import Usual
from core.models import Modality, Model
from core.runs.folder import RunFolder
from core.runs.limits import known_pairs as kept_pairs
from core.runs.limits import write_pairs, write_usual
from core.training.inputs import Inputs
from core.training.scoring import TargetScores

MOST = 5_000  # texts and voices by which familiarity is fitted


def fit_limits(
    folder: RunFolder, model: Model, modality: Modality, scored: Sequence[TargetScores], inputs: Inputs
) -> dict[str, Any]:
    """What the card holds as `limits`. The model must lie in its place: the pairs of its texts may join it there."""
    validation = inputs.on("validation")
    texts = [text for text in validation.items.column("text")[:MOST] if text] if modality != "voice" else []
    return {
        "level": LEVEL,
        "fitted_on": "validation",
        "sets": {of_target.target.name: _set(of_target) for of_target in scored},
        "unfamiliar": _by_voice(folder, model, inputs)
        if modality == "voice"
        else _by_pairs(folder, model, inputs, texts),
        **({"unfamiliar_voice": _by_voice(folder, model, inputs)} if modality == "both" else {}),
        "korean": not texts or sum(unreadable(text) == "not_korean" for text in texts) * 2 < len(texts),
        "operating_points": {},
    }


def _set(scored: TargetScores) -> dict[str, Any]:
    codes = scored.rows["validation"].items.column("code")
    right = right_probabilities(scored.target, scored.probs["validation"], codes)
    return {"n": len(right), "threshold": fitted_threshold(right)}


def _by_pairs(folder: RunFolder, model: Model, inputs: Inputs, texts: Sequence[str]) -> dict[str, Any]:
    """The largest familiar share of pairs of characters that no training text had."""
    known = kept_pairs(folder.path, model)
    if known is None:
        known = known_pairs(filter(None, inputs.on("train").items.column("text")))
        write_pairs(folder.path, known)
    shares = [new_share(text, known) for text in texts]
    return {"by": "pairs", "n": len(shares), "threshold": fitted_share(shares)}


def _by_voice(folder: RunFolder, model: Model, inputs: Inputs) -> dict[str, Any] | None:
    """The largest familiar distance of a voice, of an architecture that can tell one."""
    validation = inputs.on("validation")
    if (by_itself := _distances(model, validation)) is not None:
        return {"by": "distance", "n": len(by_itself), "threshold": fitted_distance(by_itself)}
    summaries: Any = getattr(model, "voice_summaries", None)
    training = None if summaries is None else summaries(_first(inputs.on("train")).values)
    usual = None if training is None else Usual.of(training)
    if usual is None:
        return None
    write_usual(folder.path, usual)
    distances = usual.distances(summaries(_first(validation).values))
    voiced = distances[np.isfinite(distances)]
    return {"by": "usual", "n": len(voiced), "threshold": fitted_distance(voiced)}


def _distances(model: Model, validation: Inputs) -> Any:
    """The distances that the model itself tells, (N,); None if it tells none."""
    distance: Any = getattr(model, "distance", None)
    return None if distance is None else distance(validation.values)


def _first(inputs: Inputs) -> Inputs:
    return inputs.take(range(min(MOST, len(inputs.items))))
