"""Which predictions are sure enough to become pseudo-labels, as a record that a round, an audit and a card keep.

| mode | a prediction is kept if | fields |
|---|---|---|
| `fixed` | its confidence and its margin reach one limit for all classes (the seed: .75 and .20) | confidence, margin |
| `per-class` | they reach the limits of its class; a class without its own has those of `fixed` | and per_class |
| `flexmatch` | its confidence reaches the limit of its class, lower where few of the class are sure | confidence |
| `freematch` | its confidence reaches the limit of its class, which the predictions alone decide | none |
| `top-k` | it is among the `k` surest of its class | k |
| `entropy` | the entropy of its probabilities is at most `entropy`, a share of the largest possible one | entropy |
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self, get_args

from core.errors import InputError, UnknownName

Mode = Literal["fixed", "per-class", "flexmatch", "freematch", "top-k", "entropy"]
MODES: tuple[Mode, ...] = get_args(Mode)
FIELDS: dict[Mode, tuple[str, ...]] = {
    "fixed": ("confidence", "margin"),
    "per-class": ("confidence", "margin", "per_class"),
    "flexmatch": ("confidence",),
    "freematch": (),
    "top-k": ("k",),
    "entropy": ("entropy",),
}


@dataclass(frozen=True, slots=True)
class ClassLimits:
    """The least confidence and the least margin, both in [0, 1], of the class `code`."""

    code: str
    confidence: float = 0.75
    margin: float = 0.20

    def __post_init__(self) -> None:
        _check_share("confidence", self.confidence)
        _check_share("margin", self.margin)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """One mode and its numbers: shares in [0, 1], `k` a count from 1. A mode ignores the fields of the others."""

    mode: Mode = "fixed"
    confidence: float = 0.75
    margin: float = 0.20
    per_class: tuple[ClassLimits, ...] = ()
    k: int = 500
    entropy: float = 0.25

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise UnknownName("mode", self.mode, MODES)
        for name in ("confidence", "margin", "entropy"):
            _check_share(name, getattr(self, name))
        if isinstance(self.k, bool) or not isinstance(self.k, int) or self.k < 1:
            raise InputError("k must be a whole number from 1, not {value}", value=self.k)
        codes = [limits.code for limits in self.per_class]
        if len(set(codes)) < len(codes):
            raise InputError("a class has its limits twice: {codes}", codes=codes)

    def to_json(self) -> dict[str, Any]:
        """Return the mode and the fields that it uses, as JSON can hold them.

        >>> Thresholds().to_json()
        {'mode': 'fixed', 'confidence': 0.75, 'margin': 0.2}
        """
        fields = asdict(self)
        fields["per_class"] = {
            limits.code: {"confidence": limits.confidence, "margin": limits.margin} for limits in self.per_class
        }
        return {"mode": self.mode} | {name: fields[name] for name in FIELDS[self.mode]}

    @classmethod
    def from_json(cls, value: str | Mapping[str, Any]) -> Self:
        """Return the Thresholds of what `to_json` gave, or of that as JSON text; `InputError` for anything else."""
        try:
            fields = dict(json.loads(value) if isinstance(value, str) else value)
            limits = fields.pop("per_class", {})
            per_class = tuple(ClassLimits(str(code), **numbers) for code, numbers in limits.items())
            return cls(**fields, per_class=per_class)
        except (TypeError, ValueError, AttributeError) as error:
            raise InputError("these are no thresholds: {value}", value=str(value)[:200]) from error


def _check_share(name: str, value: float) -> None:
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise InputError("{name} {value} is not in [0, 1]", name=name, value=value)


SEED = Thresholds()  # the seed's confidence .75 and margin .20


def parse_thresholds(text: str, confidence: float, margin: float) -> Thresholds:
    """Return Thresholds from the name of a mode, with `confidence` and `margin` where it uses them, or from JSON."""
    if not text.lstrip().startswith("{"):
        if text not in MODES:
            raise UnknownName("mode", text, MODES)
        return Thresholds(mode=text, confidence=confidence, margin=margin)
    try:
        values = json.loads(text)
    except ValueError as error:
        raise InputError("these are no thresholds: {value}", value=text[:200]) from error
    return Thresholds.from_json(values)
