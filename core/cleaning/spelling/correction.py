"""The type `Correction`: one misspelling and what should stand in its place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Correction:
    """`wrong` is replaced by `right`; `confidence` in (0, 1], `reason` in Korean."""

    wrong: str
    right: str
    reason: str
    confidence: float
