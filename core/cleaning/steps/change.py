"""The types of cleaning steps: `Change` (the result for one text), `Cleaner` (a step) and `Setting`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.messages import Message


@dataclass(frozen=True, slots=True)
class Change:
    """The text after a step, with the reason for the change; `confidence` in [0, 1]."""

    after: str
    reason: str
    confidence: float


# Takes a batch of texts; gives for each a change, or None where it would change nothing.
Cleaner = Callable[[Sequence[str]], list[Change | None]]


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of a step. `check` takes a value of the type of `default` and says what is wrong with it, or ""."""

    default: Any
    check: Callable[[Any], str] = lambda value: ""


def clean_each(clean: Callable[[str], Change | None]) -> Cleaner:
    """A cleaner that calls `clean` for each text of a batch."""
    return lambda texts: [clean(text) for text in texts]


def one_of(known: Sequence[str]) -> Callable[[str], str]:
    """A check for a setting whose value must be in `known`."""
    return lambda value: "" if value in known else not_one_of(value, known)


def not_one_of(value: Any, known: Sequence[str]) -> Message:
    """The message for a value that is not in `known`; it lists the known values."""
    return Message("{value!r} is not one of {known}", value=str(value)[:40], known=", ".join(known))
