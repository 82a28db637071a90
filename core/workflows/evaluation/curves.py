"""The curves of a run on its test side: precision-recall and ROC of each class, and its reliability."""

from dataclasses import dataclass
from typing import Any

from core.confidence import apply_temperature
from core.scores.curves import one_against_rest, reliability
from core.workflows.evaluation import seen
from core.workflows.evaluation.scored import scored
from core.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Curves:
    """`classes`: one entry a class (`core.scores.curves.one_against_rest`). `before` and `after`: the reliability of
    the confidences without and with calibration (`core.scores.curves.reliability`).
    """

    classes: list[dict[str, Any]]
    before: dict[str, Any]
    after: dict[str, Any]


def of_run(ws: Workspace, run_id: str, target: str | None = None) -> Curves:
    """The curves of a finished run for one Target, or the first.

    `CheckpointMismatch` if its predictions cannot be read, `InputError` if what taught it has seen its test side. The
    stored probabilities are calibrated. A temperature is taken back by its inverse, so no model is loaded.
    """
    data = scored(ws, run_id, target)
    seen.refuse_own_test(ws, data.run)
    temperature = float(data.run.metrics["calibration"]["temperature"])
    uncalibrated = apply_temperature(data.probs, 1 / temperature)
    return Curves(
        one_against_rest(data.gold, data.probs, data.codes),
        reliability(data.gold, uncalibrated, data.codes),
        reliability(data.gold, data.probs, data.codes),
    )
