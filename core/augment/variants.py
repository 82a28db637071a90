"""Variants of a sentence: what one is, and how many are made and refused. The same arguments give the same variants."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from core.errors import InputError
from core.plugins import Backend, pick
from core.text import words

Json = str | int | float | bool | None | list[Any] | dict[str, Any]
Refused = Counter[str]  # the code of a reason in core.augment.guards.REASONS -> how many candidates it refused
Operation = Callable[[str, random.Random, float], str]  # text, dice, share of words -> variant, or the text itself

ATTEMPTS_EACH = 6  # drawings for each variant that is wanted
_SURRENDER = 4  # drawings in a row of one operation that give nothing new; then it has no more for this text


class Judge(Protocol):
    """What decides about a candidate: `core.augment.guards.Guard`."""

    def reasons(self, source: str, text: str, operation: str) -> tuple[str, ...]:
        """The codes of the reasons against `text`; empty if it may leave."""
        ...


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant of a sentence. With `operation`, `seed`, and the parameters alpha and draw it can be made again."""

    text: str
    operation: str
    parameters: Mapping[str, Json]
    seed: int


def draw(operation: str, text: str, seed: int, alpha: float, number: int, table: Mapping[str, Backend]) -> str:
    """The candidate number `number` of `operation` for `text`; it is `text` itself where the operation cannot act."""
    dice = random.Random(f"{seed}\x1f{operation}\x1f{text}\x1f{number}")
    apply: Operation = pick(table, operation, "augmentation")
    return str(apply(text, dice, alpha))


def make_variants(
    text: str, operations: Sequence[str], table: Mapping[str, Backend], n: int, seed: int, alpha: float, guard: Judge
) -> tuple[list[Variant], Refused]:
    """At most `n` variants that `guard` lets pass, the operations in turns, and the refused by reason."""
    if not 0 < alpha <= 1:
        raise InputError("strength {strength} is not in (0, 1]", strength=alpha)
    for name in operations:
        pick(table, name, "augmentation")
    source = " ".join(words(text))
    made: list[Variant] = []
    refused: Refused = Counter()
    for operation, number, candidate in _candidates(source, operations, table, n, seed, alpha):
        if reasons := guard.reasons(source, candidate, operation):
            refused.update(reasons)
            continue
        made.append(Variant(candidate, operation, {"alpha": alpha, "draw": number}, seed))
        if len(made) >= n:
            break
    return made, refused


def _candidates(
    source: str, operations: Sequence[str], table: Mapping[str, Backend], n: int, seed: int, alpha: float
) -> Iterator[tuple[str, int, str]]:
    """(operation, number of the drawing, candidate), each candidate once; operations take turns in a drawn order."""
    order = list(dict.fromkeys(operations))
    random.Random(f"{seed}\x1f{source}").shuffle(order)
    seen, idle, number = {source}, Counter[str](), 0
    while order and number < ATTEMPTS_EACH * n:
        for operation in list(order):
            candidate = draw(operation, source, seed, alpha, number, table)
            if candidate not in seen:
                seen.add(candidate)
                idle[operation] = 0
                yield operation, number, candidate
                continue
            idle[operation] += 1
            if idle[operation] >= _SURRENDER:
                order.remove(operation)
        number += 1
