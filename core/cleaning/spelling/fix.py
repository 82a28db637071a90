"""What a finder of misspellings says of one place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fix:
    """One place put right; `sure` in (0, 1]."""

    wrong: str
    right: str
    why: str
    sure: float
