"""What a person has chosen on the Pseudo-label page: every panel takes it and draws itself by it."""

from dataclasses import dataclass

from core.records import RunInfo
from core.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class Chosen:
    """A run, the name of one of its Targets, and the thresholds that stand on the page at the moment."""

    run: RunInfo
    target: str
    thresholds: Thresholds
