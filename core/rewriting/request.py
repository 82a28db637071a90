"""One request to a language model: its messages, its settings, its cost, and the hash under which it is kept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.files import json_text, sha256
from core.rewriting.answers import SCHEMA
from core.rewriting.spending import Usage

FORM = 1  # a higher number makes old answers of the cache unknown
_FEWEST_TOKENS = 1024  # a model that thinks before it answers needs room for it
_OVERHEAD = 24  # tokens of roles and borders


@dataclass(frozen=True, slots=True)
class Request:
    """Ask `model` for `n` sentences. `source` is the text that they are made from, as it is sent."""

    model: str
    system: str
    user: str
    source: str
    n: int
    temperature: float
    seed: int

    @property
    def prompt_sha256(self) -> str:
        """The SHA-256 of what is sent as text."""
        return sha256(f"{self.system}\x1f{self.user}".encode("utf-8", "surrogatepass"))

    def key(self, url: str) -> str:
        """The SHA-256 of everything that the answer depends on, with the address that is asked."""
        parts = [FORM, url, self.model, self.prompt_sha256, self.n, self.temperature, self.seed]
        return sha256(json_text(parts).encode())

    @property
    def most(self) -> Usage:
        """The tokens that this request may need at most: a token has at least one byte."""
        sent = len(f"{self.system}{self.user}{json.dumps(SCHEMA)}".encode("utf-8", "surrogatepass"))
        return Usage(sent + _OVERHEAD, self.most_tokens_out)

    @property
    def likely(self) -> Usage:
        """The tokens that this request will need by experience: about one for each character."""
        return Usage(len(self.system) + len(self.user) + _OVERHEAD, self.n * (len(self.source) + 8) + _OVERHEAD)

    @property
    def most_tokens_out(self) -> int:
        """The limit of the answer in tokens, which the service is told."""
        return max(_FEWEST_TOKENS, self.n * (6 * len(self.source) + 40) + 200)

    def body(self) -> dict[str, Any]:
        """The request as the interface wants it."""
        messages: list[Mapping[str, str]] = [
            {"role": "system", "content": self.system},
            {"role": "user", "content": self.user},
        ]
        schema = {"name": "sentences", "schema": SCHEMA, "strict": True}
        return {
            "model": self.model, "messages": messages, "temperature": self.temperature, "seed": self.seed,
            "max_completion_tokens": self.most_tokens_out,
            "response_format": {"type": "json_schema", "json_schema": schema},
        }  # fmt: skip
