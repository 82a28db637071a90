"""Text and voice together: one judgement of a scheme from what each run says.

A run that learnt from text and voice together wins. Else the probabilities are weighed, .7 for the text and .3 for the
voice unless a person chose other weights. A part of which its run cannot tell (foreign words, say) has no weight; a run
of both that cannot tell leaves the answer to the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.abstention import Code, conformal, reason
from core.confidence import best_answer
from core.inference.predictor import Predictor
from core.messages import ClassName, Message, Names
from core.models import Modality
from core.schemes import SCHEMES
from core.schemes.target import Target
from core.scores.alarms import is_alarm

Parts = Mapping[Modality, "Part"]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What one run says of one scheme: `row` (K,) are its probabilities, `refused` says why it cannot tell.

    `baseline`: whose neutral voice the run took off, "" for a run without that.
    """

    predictor: Predictor
    target: Target
    row: NDArray[np.float64]
    refused: Code | None
    chosen: bool
    baseline: str = ""

    @property
    def fits(self) -> tuple[str, ...]:
        return self.predictor.fits(self.target, self.row)

    def to_dict(self) -> dict[str, Any]:
        """The judgement of this run alone, as JSON."""
        values = judgement(self, self.target, self.row, self.fits, self.refused)
        return values | ({"baseline": self.baseline} if self.baseline else {})


def judgement(
    by: Part, target: Target, row: NDArray[np.float64], fits: tuple[str, ...], refused: Code | None
) -> dict[str, Any]:
    """The JSON of probabilities; `by` is the run that is named."""
    label, confidence, _ = best_answer(target, row)
    code: Code | None = refused
    if code is None and conformal.undecided(target, row, fits):
        code = "undecided"
    return {
        "label": label,
        "confidence": confidence,
        "probabilities": {code: float(p) for code, p in zip(target.codes, row, strict=True)},
        "run": by.predictor.run_id,
        "chosen": by.chosen,
        "abstained": code,
        "reason": sentence(code, target, fits),
        "set": list(fits),
        "alarm": refused is None and _alarms(by, target, row),
    }


def critical_class(name: str) -> str:
    """The class of a scheme of utterances that is an alarm, "" for none."""
    scheme = SCHEMES.get(name)
    return scheme.critical if scheme and scheme.level == "utterance" and scheme.kind != "multi" else ""


def _alarms(by: Part, target: Target, row: NDArray[np.float64]) -> bool:
    """Whether the critical class reaches the operating point of the run.

    Classes that are not told apart are an alarm all the same: silence would cost more.
    """
    critical = critical_class(target.name)
    if critical not in target.codes:
        return False
    least = by.predictor.limits.operating_points.get(target.name)
    return is_alarm(float(row[target.codes.index(critical)]), least)


def sentence(code: Code | None, target: Target, fits: tuple[str, ...]) -> Message | None:
    """The reason for a person; of an undecided judgement with the classes that are not told apart."""
    if code == "undecided" and len(fits) > 1:
        return reason(code, classes=Names(ClassName(target.name, fit) for fit in fits))
    return None if code is None else reason(code)


def fused(parts: Parts, text_weight: float) -> dict[str, Any]:
    """The judgement of a scheme, with that of each run in "by"."""
    by = {modality: part.to_dict() for modality, part in parts.items()}
    more = {"by": by, "weights": None, "disagree": _disagree(by)}
    text, voice = parts.get("text"), parts.get("voice")
    refused = [part.refused is not None for part in parts.values()]
    if "both" in parts and (parts["both"].refused is None or all(refused)):
        return by["both"] | more
    if text is not None and voice is not None and text.refused == voice.refused:
        weights = {"text": text_weight, "voice": 1 - text_weight}
        return _weighed(text, voice, text_weight) | more | {"weights": weights}
    part: Modality = min(parts, key=lambda name: (parts[name].refused is not None, name == "both", name != "text"))
    return by[part] | more


def _weighed(text: Part, voice: Part, weight: float) -> dict[str, Any]:
    """The weighted mean of both, named after the run of the larger weight."""
    target = text.target if len(text.target.codes) >= len(voice.target.codes) else voice.target
    row = weight * _wide(text.row, target) + (1 - weight) * _wide(voice.row, target)
    limits = [(share, part.predictor.limits.thresholds.get(target.name)) for share, part in
              ((weight, text), (1 - weight, voice)) if share]  # fmt: skip
    known = [share * limit for share, limit in limits if limit is not None]
    threshold = sum(known) if len(known) == len(limits) else None
    fits = conformal.prediction_set(target, row, threshold)
    return judgement(text if weight >= 0.5 else voice, target, row, fits, text.refused)


def _wide(row: NDArray[np.float64], target: Target) -> NDArray[np.float64]:
    """The probabilities for all classes of `target`; an older run does not know those that were appended."""
    return np.pad(row, (0, len(target.codes) - len(row)))


def _disagree(by: Mapping[Modality, Mapping[str, Any]]) -> bool:
    """Whether text and voice name different classes, each sure of its own."""
    said = [by[name] for name in ("text", "voice") if name in by]
    return len(said) == 2 and not any(one["abstained"] for one in said) and said[0]["label"] != said[1]["label"]
