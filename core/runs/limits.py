"""Where a run cannot tell: fitted on the validation side when it was trained, and kept in its card.

The card holds `limits`: {"level", "fitted_on", "sets": {target: {"n", "threshold"}}, "unfamiliar": null or {"by":
"pairs", "distance" or "usual", "n", "threshold"}, "unfamiliar_voice": the same of the voices that a run of text and
voice reads, "korean", "operating_points": {target: probability}}. A run of an earlier version has none: its thresholds
are computed from its predictions on the validation side, and what cannot be computed is a stated default. The pairs of
characters of the training texts are those of the n-grams, or in `seen.safetensors`. What the voices of the training are
like is in `usual.safetensors`, where the model does not tell it itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save

from core.abstention import familiar
from core.abstention.conformal import LEVEL, fitted_threshold, right_probabilities
from core.abstention.usual import Usual
from core.errors import CheckpointMismatch
from core.files import write_bytes
from core.models import Model
from core.runs.card import MODEL_FOLDER, Card
from core.runs.folder import read_predictions
from core.schemes.target import Target

SEEN, PAIRS = "seen.safetensors", "pairs"
USUAL = "usual.safetensors"
DEFAULT = "default"  # `fitted_on` of what was not fitted


@dataclass(frozen=True, slots=True)
class Limits:
    """`thresholds`: the least probability that fits, by target; None where there were too few items to fit one.

    `known`: the pairs of the training texts, None where nobody knows them. `farthest`: the largest share of new pairs,
    or for a run of voices the largest distance, that is familiar; None: everything is. `farthest_voice`: the same of
    the voices that any run reads; `usual`: what they are compared with. `korean`: foreign texts are refused.
    """

    level: float = LEVEL
    fitted_on: str = DEFAULT
    thresholds: Mapping[str, float | None] = field(default_factory=dict)
    farthest: float | None = None
    korean: bool = True
    operating_points: Mapping[str, float] = field(default_factory=dict)
    known: frozenset[str] | None = None
    farthest_voice: float | None = None
    usual: Usual | None = None


def read_limits(folder: Path, card: Card, model: Model) -> Limits:
    """The limits of a finished run. `CheckpointMismatch` if its card says something that they cannot be."""
    known = known_pairs(folder, model) if card.modality != "voice" else None
    if not card.limits:
        farthest = familiar.UNKNOWN if known is not None else None
        return Limits(thresholds=_computed(folder, card), farthest=farthest, known=known)
    try:
        return _parsed(card.limits, known, _usual(folder))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointMismatch(
            "{path} lacks or has an odd field: {error}", path=folder / "card.json", error=error
        ) from error


def _parsed(raw: Mapping[str, Any], known: frozenset[str] | None, usual: Usual | None) -> Limits:
    unfamiliar, voice = raw["unfamiliar"], raw.get("unfamiliar_voice")
    return Limits(
        level=float(raw["level"]),
        fitted_on=str(raw["fitted_on"]),
        thresholds={name: _number(values["threshold"]) for name, values in raw["sets"].items()},
        farthest=None if unfamiliar is None else _number(unfamiliar["threshold"]),
        korean=bool(raw["korean"]),
        operating_points={name: float(value) for name, value in raw.get("operating_points", {}).items()},
        known=known,
        farthest_voice=None if voice is None else _number(voice["threshold"]),
        usual=usual,
    )


def _usual(folder: Path) -> Usual | None:
    path = folder / MODEL_FOLDER / USUAL
    return Usual.from_arrays(load_file(path)) if path.is_file() else None


def write_usual(folder: Path, usual: Usual) -> None:
    """Write what voices of the training are like into the model of a run."""
    write_bytes(folder / MODEL_FOLDER / USUAL, save(usual.as_arrays()))


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _computed(folder: Path, card: Card) -> dict[str, float | None]:
    """The thresholds of a run of an earlier version, from what it predicted on its validation side."""
    try:
        return {target.name: _threshold(folder, target) for target in card.targets}
    except (CheckpointMismatch, KeyError, ValueError, IndexError):  # a run that was handed over without predictions
        return {}


def _threshold(folder: Path, target: Target) -> float | None:
    rows = [row for row in read_predictions(folder, target.name) if row["side"] == "validation" and row["gold"]]
    probs = np.array([row["probs"] for row in rows], dtype=np.float64)
    return fitted_threshold(right_probabilities(target, probs, [row["gold"] for row in rows]))


def known_pairs(folder: Path, model: Model) -> frozenset[str] | None:
    """The pairs of characters of the training texts of a run; None where nothing in its folder tells."""
    grams: Any = getattr(getattr(model, "vectorizer", None), "vocabulary_", None)
    if grams and (known := familiar.pairs_of_grams(grams)):  # a run of single characters has no pairs there
        return known
    path = folder / MODEL_FOLDER / SEEN
    return familiar.from_array(load_file(path)[PAIRS]) if path.is_file() else None


def write_pairs(folder: Path, known: frozenset[str]) -> None:
    """Write the pairs of the training texts into the model of a run whose weights do not tell them."""
    write_bytes(folder / MODEL_FOLDER / SEEN, save({PAIRS: familiar.as_array(known)}))
