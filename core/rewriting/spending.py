"""What requests cost, in tokens and in money, and the limits that no run goes beyond.

The most that a request can cost is reserved before it is sent and settled with its usage afterwards. What a run spent
is written to a file, so that a run that another worker continues keeps its limit. A token costs what the person who
gives the address says (`GWIDAMA_LLM_PRICES`); without prices only tokens are limited.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from core.files import write_json

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that were sent and received."""

    tokens_in: int = 0
    tokens_out: int = 0

    @property
    def tokens(self) -> int:
        """Both together."""
        return self.tokens_in + self.tokens_out

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.tokens_in + other.tokens_in, self.tokens_out + other.tokens_out)

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(self.tokens_in - other.tokens_in, self.tokens_out - other.tokens_out)


@dataclass(frozen=True, slots=True)
class Prices:
    """The price of a million tokens, sent and received; 0 if it is not known or the service is free."""

    sent: float = 0.0
    received: float = 0.0

    def cost(self, usage: Usage) -> float:
        """What `usage` costs.

        >>> Prices(0.15, 0.6).cost(Usage(2_000_000, 1_000_000))
        0.9
        """
        return round((usage.tokens_in * self.sent + usage.tokens_out * self.received) / _MILLION, 6)


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one run may use; 0 means that this is not limited."""

    tokens: int = 0
    cost: float = 0.0


class Spending:
    """What a run has spent and reserved. Several threads may use it. `file` keeps it for the next worker."""

    def __init__(self, limits: Limits, prices: Prices = Prices(), file: Path | None = None) -> None:
        self._limits, self._prices, self._file, self._lock = limits, prices, file, Lock()
        self._requests, self._spent = _read(file)
        self._reserved = Usage()

    @property
    def spent(self) -> Usage:
        """The tokens that answered requests used."""
        return self._spent

    @property
    def requests(self) -> int:
        """How many requests were sent and may have cost something."""
        return self._requests

    @property
    def cost(self) -> float:
        """What the spent tokens cost."""
        return self._prices.cost(self._spent)

    def reserve(self, most: Usage) -> bool:
        """Reserve tokens for a request; False, and nothing is reserved, if that could break a limit."""
        with self._lock:
            total = self._spent + self._reserved + most
            if 0 < self._limits.tokens < total.tokens or 0 < self._limits.cost < self._prices.cost(total):
                return False
            self._reserved += most
            return True

    def settle(self, reserved: Usage, used: Usage) -> None:
        """Replace a reservation by what was used; `Usage()` gives all of it back."""
        with self._lock:
            self._reserved -= reserved
            if used.tokens:
                self._spent += used
                self._requests += 1
                self._write()

    def _write(self) -> None:
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_json(
                self._file,
                {
                    "requests": self._requests, "tokens_in": self._spent.tokens_in,
                    "tokens_out": self._spent.tokens_out, "cost": self.cost,
                },
            )  # fmt: skip


def _read(file: Path | None) -> tuple[int, Usage]:
    if file is None or not file.is_file():
        return 0, Usage()
    document = json.loads(file.read_text(encoding="utf-8"))
    return document["requests"], Usage(document["tokens_in"], document["tokens_out"])
