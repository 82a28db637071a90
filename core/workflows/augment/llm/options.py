"""How a language model is asked: temperature, examples, limits of cost and rate."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from core.errors import InputError


@dataclass(frozen=True, slots=True)
class Options:
    """How a language model is asked.

    `examples` sentences of the class are shown. `most_tokens` and `most_cost` limit one run (0: no limit; None: the
    workspace's `GWIDAMA_LLM_CAP`). `per_minute` requests are sent at most (0: no limit), `at_once` of them together.
    """

    temperature: float = 0.9
    examples: int = 4
    most_tokens: int = 1_000_000
    most_cost: float | None = None
    per_minute: float = 60.0
    at_once: int = 2
    timeout_s: float = 60.0

    def __post_init__(self) -> None:
        ranges = (
            ("temperature", 0, 2), ("examples", 0, 20), ("most_tokens", 0, 10**9), ("per_minute", 0, 10_000),
            ("at_once", 1, 16), ("timeout_s", 1, 600), ("most_cost", 0, 10**6),
        )  # fmt: skip
        for name, least, most in ranges:
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise InputError(
                    "{name}={value} is not between {least:,} and {most:,}",
                    name=name,
                    value=value,
                    least=least,
                    most=most,
                )

    def to_dict(self) -> dict[str, Any]:
        """The options as JSON, for the parameters of a job."""
        return asdict(self)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Options":
        """Read `to_dict`; unknown names, of a later version, are left out."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in document.items() if name in known})
