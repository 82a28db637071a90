"""Copies of a clip: which operation and seed each gets, and what refuses a copy.

A seed follows from the seed of the plan, the key of the clip and the number of the copy. So more clips, or another
order of them, change no copy.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.random import Generator

from core.audio.augmentation.operations import Operation, changed
from core.audio.augmentation.transforms import Wave
from core.audio.gate import SILENCE
from core.messages import Message
from core.records import SHORTEST_VOICE_MS

ALIKE = 1e-3  # a copy whose samples all lie this close to the source, in shares of its loudest sample, is equal to it

REASONS: dict[str, Message] = {
    "equal": Message("sounds as its source does"),
    "short": Message("shorter than {least} ms", least=SHORTEST_VOICE_MS),
    "silent": Message("no sound is left"),
    "broken": Message("a sample is not a number"),
}


@dataclass(frozen=True, eq=False)
class VoiceVariant:
    """A copy: `changed(source, rate_hz, parameters, seed)` makes it again."""

    wave: Wave
    operation: str
    parameters: dict[str, dict[str, float]]
    seed: int


def seed_of(seed: int, key: str, number: int) -> int:
    """The seed of copy `number` of the clip `key`, below 2**48."""
    return int.from_bytes(sha256(f"{seed}\x1f{key}\x1f{number}".encode()).digest()[:6], "big")


def make(
    wave: Wave, rate_hz: int, operations: Sequence[Operation], *, n: int, seed: int, key: str
) -> tuple[list[VoiceVariant], Counter[str]]:
    """At most `n` copies of a clip, the operations in turn, and how many were refused for each of `REASONS`.

    Which operation comes first depends on the clip, so that one copy of each clip still uses all of them.
    """
    made, refused = list[VoiceVariant](), Counter[str]()
    first = seed_of(seed, key, -1)
    for number in range(n):
        copy = _variant(wave, rate_hz, operations[(first + number) % len(operations)], seed_of(seed, key, number))
        if reason := refusal(wave, copy.wave, rate_hz):
            refused[reason] += 1
        else:
            made.append(copy)
    return made, refused


def refusal(source: Wave, copy: Wave, rate_hz: int) -> str | None:
    """Why a copy of `source` may not be used, one of `REASONS`; None if it may."""
    if not np.isfinite(copy).all():
        return "broken"
    if len(copy) < min(len(source), SHORTEST_VOICE_MS * rate_hz // 1000):
        return "short"
    loudest = float(np.abs(copy).max(initial=0.0))
    if loudest < SILENCE:
        return "silent"
    near = len(copy) == len(source) and float(np.abs(copy - source).max()) <= ALIKE * float(np.abs(source).max())
    return "equal" if near else None


def one_variant(wave: Wave, rate_hz: int, operations: Sequence[Operation], rng: Generator) -> Wave:
    """A copy by one of the operations, drawn by chance; the wave itself where no sound would be left."""
    operation = operations[int(rng.integers(len(operations)))]
    copy = changed(wave, rate_hz, operation.draw(rng), int(rng.integers(2**48)))
    return wave if refusal(wave, copy, rate_hz) in ("silent", "broken") else copy


def _variant(wave: Wave, rate_hz: int, operation: Operation, seed: int) -> VoiceVariant:
    parameters = operation.draw(np.random.default_rng([seed, 1]))
    return VoiceVariant(changed(wave, rate_hz, parameters, seed), operation.name, parameters, seed)
