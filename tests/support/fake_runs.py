"""Runs that answer what a test wants: a card and a model without weights, judged like any other run."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.inference.predictor import Predictor
from core.models import Modality
from core.runs.card import Calibration, Card
from core.runs.limits import Limits
from core.schemes import SCHEMES
from core.schemes.target import Target

Say = Callable[[Any], tuple[float, ...]]  # a text, or how many samples a voice has -> probabilities
ARCHITECTURES: Mapping[Modality, str] = {"text": "ngram", "voice": "audio-encoder"}


class FakeModel:
    """Says `say` of each value, and counts how many values it was asked about."""

    def __init__(self, target: Target, say: Say) -> None:
        self.target, self.say, self.asked = target, say, 0

    def logits(self, values: Any) -> dict[str, NDArray[np.float64]]:
        rows = values if isinstance(values, list) else values["length"].tolist()
        self.asked += len(rows)
        return {self.target.name: np.log(np.array([self.say(row) for row in rows], dtype=np.float64))}


def fake_run(
    run_id: str,
    say: Say | tuple[float, ...],
    scheme: str = "danger",
    modality: Modality = "text",
    config: Mapping[str, Any] | None = None,
    **limits: Any,
) -> Predictor:
    """A run that says the same of every input, or what the function `say` gives for it."""
    target = Target.of(SCHEMES[scheme])
    model = FakeModel(target, say if callable(say) else lambda value: say)
    card = Card(
        run_id=run_id, recipe="text", architecture=ARCHITECTURES[modality], encoder="e", modality=modality,
        targets=(target,), cleaning=("collapse-space",), config=config or {}, snapshot="s",
        snapshot_sha256="ab", files={},
        calibrations={scheme: Calibration("temperature", 1.0, "validation", 9, 0, 0)}, scores={}, code_version="0",
        created_at="2026-01-01T00:00:00",
    )  # fmt: skip
    return Predictor(card, model, Limits(**limits))  # type: ignore[arg-type]
