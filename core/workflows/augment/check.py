"""The label check: the run in use judges each variant, and a variant that it gives another label is flagged.

The flag refuses nothing: a person looks at it. The score is the probability that the run gives to the label.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.inference.predictor import Predictor, cached
from core.models.values import Sample
from core.schemes import scheme, split_codes
from core.workflows.models import in_use
from core.workflows.workspace import Workspace

DISAGREES = "label-disagreement"
MULTI_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class Checked:
    """What the run says of a variant: its class, and the probability of the wanted label in [0, 1]."""

    code: str
    score: float
    flag: str | None


@dataclass(frozen=True, eq=False)
class LabelCheck:
    """Judges variants under one scheme by one run."""

    scheme: str
    predictor: Predictor

    @property
    def run_id(self) -> str:
        return self.predictor.run_id

    def judge(self, texts: Sequence[str], codes: Sequence[str]) -> list[Checked | None]:
        """What the run says of each text that is to have the label `codes[i]`; None where it cannot read the text."""
        places = [place for place, text in enumerate(texts) if self.predictor.reads(text)]
        answers: list[Checked | None] = [None] * len(texts)
        if places:
            probs = self.predictor.predict([Sample(texts[place]) for place in places])[self.scheme]
            for place, row in zip(places, probs, strict=True):
                answers[place] = self._compared(row, codes[place])
        return answers

    def _compared(self, probs: NDArray[np.float64], wanted: str) -> Checked:
        known = scheme(self.scheme)
        codes = next(target.codes for target in self.predictor.targets if target.name == self.scheme)
        if known.kind == "multi":
            said = "|".join(code for code, p in zip(codes, probs, strict=True) if p >= MULTI_THRESHOLD)
        else:
            said = codes[int(np.argmax(probs))]
        by_code = dict(zip(codes, probs.tolist(), strict=True))
        score = min(by_code.get(code, 0.0) for code in split_codes(wanted))
        return Checked(said, float(score), None if said == wanted else DISAGREES)


def label_check(ws: Workspace, scheme_name: str) -> LabelCheck | None:
    """The check by the text run in use for the scheme; None if no run judges single texts under it."""
    for item in in_use.serving(ws):
        if item.run.modality == "text" and scheme_name in item.schemes:
            predictor = cached(ws.run_folder(item.run.id))
            if predictor.card.unit == "utterance":
                return LabelCheck(scheme_name, predictor)
    return None
