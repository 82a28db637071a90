"""Operations as a person writes them: alternatives with commas, several on one copy with +, amounts behind =.

`speed,telephone+noise=10..20` is two operations: another speed, or a telephone line with noise 10 to 20 dB below the
voice. An amount is a number, or a range from which each copy draws its own; without one it is the usual range.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from core.audio.augmentation.transforms import TRANSFORMS, Wave, applied
from core.errors import InputError, UnknownName

Parameters = Mapping[str, Mapping[str, float]]  # transform -> {amount: value}, in the order in which they are applied


@dataclass(frozen=True, slots=True)
class Operation:
    """Transforms that one copy gets, in this order, each with the range of its amount."""

    parts: tuple[tuple[str, float, float], ...]

    @property
    def name(self) -> str:
        """`speed`, or `telephone+noise`."""
        return "+".join(part for part, _, _ in self.parts)

    def draw(self, rng: Generator) -> dict[str, dict[str, float]]:
        """The parameters of one copy: {"noise": {"snr_db": 14.2}}, three digits behind the point."""
        return {
            part: {TRANSFORMS[part].amount: round(float(rng.uniform(low, high)), 3)} if TRANSFORMS[part].amount else {}
            for part, low, high in self.parts
        }


def read_operations(written: str | Sequence[str]) -> tuple[Operation, ...]:
    """The operations of a text, or of several texts; a repeated name is an error, since its copies could not be told.

    `UnknownName` lists the transforms; `InputError` says what is wrong with an amount.

    >>> [operation.name for operation in read_operations("speed=0.9..1.1, telephone+noise=20")]
    ['speed', 'telephone+noise']
    """
    texts = [written] if isinstance(written, str) else written
    read = tuple(_operation(piece) for text in texts for piece in text.split(",") if piece.strip())
    if not read:
        raise InputError("no operation is named; known are {known}", known=", ".join(TRANSFORMS))
    names = [operation.name for operation in read]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise InputError("operation {name} is named twice; give it one range, such as 0.9..1.1", name=repeated[0])
    return read


def changed(wave: Wave, rate_hz: int, parameters: Parameters, seed: int) -> Wave:
    """The copy that these parameters and this seed make of `wave`, always the same."""
    rng = np.random.default_rng(seed)
    for name, amounts in parameters.items():
        wave = applied(name, wave, rate_hz, next(iter(amounts.values()), 0.0), rng)
    return wave


def _operation(piece: str) -> Operation:
    parts = tuple(_part(part.strip()) for part in piece.split("+"))
    names = [name for name, _, _ in parts]
    if len(set(names)) < len(names):
        raise InputError("{operation}: a transform can be applied once to one copy", operation=piece.strip())
    return Operation(parts)


def _part(part: str) -> tuple[str, float, float]:
    """Name and range of `noise=10..20`."""
    name, given, amount = (word.strip() for word in part.partition("="))
    if name not in TRANSFORMS:
        raise UnknownName("transform", name, tuple(TRANSFORMS))
    row = TRANSFORMS[name]
    if not given:
        return name, *row.usual
    if not row.amount:
        raise InputError("{part}: {name} takes no amount", part=part, name=name)
    low, ranged, high = amount.partition("..")
    try:
        limits = float(low), float(high if ranged else low)
    except ValueError as error:
        raise InputError(
            "{part}: expected a number or a range of {amount}, such as {low:g}..{high:g}",
            part=part, amount=row.amount, low=row.usual[0], high=row.usual[1],
        ) from error  # fmt: skip
    if not row.allowed[0] <= limits[0] <= limits[1] <= row.allowed[1]:
        raise InputError(
            "{part}: {amount} must lie between {low:g} and {high:g}, the smaller number first",
            part=part, amount=row.amount, low=row.allowed[0], high=row.allowed[1],
        )  # fmt: skip
    return name, *limits
