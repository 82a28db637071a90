"""A Target: what a model answers. One scheme with its classes in order, one class an item or several.

A model has one Target or several. An item without an answer for a Target is masked there: it neither trains nor scores
that Target. Class ids are positions in `codes`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from core.records import Level
from core.schemes import Scheme
from core.schemes.classes import JOIN, Kind


@dataclass(frozen=True, slots=True)
class Target:
    """`kind` "single": exactly one of `codes` is right; "multi": any number of them. `name` is that of the scheme."""

    name: str
    codes: tuple[str, ...]
    kind: Kind = "single"
    level: Level = "utterance"

    @classmethod
    def of(cls, scheme: Scheme) -> "Target":
        """The Target of a whole scheme."""
        return cls(scheme.name, scheme.codes, scheme.kind, scheme.level)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Target":
        """The inverse of `to_dict`; TypeError or KeyError for other fields."""
        return cls(**{**values, "codes": tuple(values["codes"])})

    def to_dict(self) -> dict[str, Any]:
        """The fields, JSON-able."""
        return asdict(self)

    @property
    def multi(self) -> bool:
        return self.kind == "multi"

    def answers(self, codes: Sequence[str | None]) -> NDArray[Any]:
        """The answers of N items as a model is trained on them; None or "" is an item without an answer.

        Single: int64 (N,), class ids, -1 without an answer. Multi: float32 (N, K) of 0 and 1, a row of NaN without an
        answer. `codes` of several classes are joined by `|`. KeyError for an unknown code.

        >>> Target("danger", ("normal", "danger")).answers(["danger", None]).tolist()
        [1, -1]
        >>> Target("mood", ("joy", "fear"), "multi").answers(["joy|fear", ""]).tolist()
        [[1.0, 1.0], [nan, nan]]
        """
        place = {code: k for k, code in enumerate(self.codes)}
        if not self.multi:
            return np.array([place[code] if code else -1 for code in codes], dtype=np.int64)
        table = np.zeros((len(codes), len(self.codes)), dtype=np.float32)
        for row, joined in enumerate(codes):
            if not joined:
                table[row] = np.nan
            else:
                table[row, [place[code] for code in joined.split(JOIN)]] = 1
        return table

    def answered(self, answers: NDArray[Any]) -> NDArray[np.bool_]:
        """Which of N `answers` are answers, bool (N,)."""
        return np.asarray(~np.isnan(answers[:, 0]) if self.multi else answers >= 0, dtype=np.bool_)

    def probabilities(self, logits: NDArray[np.float64], temperature: float = 1.0) -> NDArray[np.float64]:
        """Probabilities (N, K) of `logits` (N, K): rows sum to 1 (single), or each class by itself (multi)."""
        scaled = np.asarray(logits, dtype=np.float64) / temperature
        return np.asarray(expit(scaled) if self.multi else softmax(scaled, axis=1), dtype=np.float64)
