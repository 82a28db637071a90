"""The nouns of cleaning steps: what a step says of a text, and what its settings may be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """A step's answer for a text that it would change; `confidence` in [0, 1]."""

    after: str
    reason: str
    confidence: float


Cleaner = Callable[[Sequence[str]], list[Change | None]]


@dataclass(frozen=True, slots=True)
class Setting:
    """`check(value)` says what is wrong with a value of the right type, "" if nothing is."""

    default: Any
    check: Callable[[Any], str] = lambda value: ""


def each(clean: Callable[[str], Change | None]) -> Cleaner:
    """A cleaner of batches from one of single texts."""
    return lambda texts: [clean(text) for text in texts]


def one_of(known: Sequence[str]) -> Callable[[str], str]:
    """A check for a setting with a closed list of values."""
    return lambda value: "" if value in known else f"{value[:40]!r} is not one of {', '.join(known)}"
