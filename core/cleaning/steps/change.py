"""The nouns of cleaning steps: what a step says of a text, and what its settings may be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.messages import Message


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
    return lambda value: "" if value in known else not_one_of(value, known)


def not_one_of(value: Any, known: Sequence[str]) -> Message:
    return Message("{value!r} is not one of {known}", value=str(value)[:40], known=", ".join(known))
