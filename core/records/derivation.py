"""How a derived utterance was made: the operation with its parameters and seed, or the model and its prompt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

VOICE = "voice:"  # how the operation of a changed copy of a voice begins
_BEYOND = 2**63  # the first whole number that a column of the database does not hold
_APART = ("operation", "text", "before", "parent", "seed", "parameters", "message")  # no parameters of an operation


@dataclass(frozen=True, slots=True)
class Derivation:
    """How the utterance `utterance_id` was made from its parent.

    `seed` is None where nothing was drawn. `model` and `prompt_sha256` are set for a text that a language model wrote.
    `made_at` is None if an earlier program did not store it; `batch` names the run that made it together with others.
    """

    utterance_id: int
    operation: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    model: str | None = None
    prompt_sha256: str | None = None
    made_at: str | None = None
    batch: str | None = None


def derivation_from_meta(
    utterance_id: int, meta: Any, made_at: str | None = None, batch: str | None = None
) -> Derivation | None:
    """Read what accepting an augmentation keeps in the `meta` of its utterance; None if no operation is named.

    An imported `meta` may hold anything; a seed that is no whole number of 64 bits is left out.

    >>> derivation_from_meta(7, {"operation": "random-swap", "seed": 3, "parameters": {"n": 1}}).parameters
    {'n': 1}
    """
    if not isinstance(meta, Mapping) or not isinstance(operation := meta.get("operation"), str):
        return None
    given = meta.get("parameters")
    parameters = dict(given) if isinstance(given, Mapping) else {k: v for k, v in meta.items() if k not in _APART}
    return Derivation(
        utterance_id, operation, parameters, _whole(meta.get("seed")), _text(parameters, "model"),
        _text(parameters, "prompt_sha256"), made_at, batch,
    )  # fmt: skip


def _whole(seed: Any) -> int | None:
    return seed if type(seed) is int and -_BEYOND <= seed < _BEYOND else None


def _text(parameters: Mapping[str, Any], name: str) -> str | None:
    value = parameters.get(name)
    return value if isinstance(value, str) else None
