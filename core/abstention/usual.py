"""How far a voice lies from those of the training: its summary, in which each number is compared with its usual spread.

A summary is a row of numbers that a model computes from what it reads of a voice, cheaply and without its network.
A row of NaN is an input without a voice: its distance is NaN.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

LEAST = 2  # summaries from which a spread can be told


@dataclass(frozen=True, slots=True, eq=False)
class Usual:
    """`mean` and `deviation` float32 (D,) of the summaries of the training."""

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    @classmethod
    def of(cls, summaries: NDArray[np.floating]) -> Self | None:
        """From summaries (N, D); None if fewer than two of them are of a voice.

        >>> Usual.of(np.array([[1.0], [3.0], [np.nan]])).mean.tolist()
        [2.0]
        """
        known = summaries[np.isfinite(summaries).all(axis=1)]
        if len(known) < LEAST:
            return None
        deviation = np.maximum(known.std(axis=0), 1e-3)
        return cls(known.mean(axis=0).astype(np.float32), deviation.astype(np.float32))

    def distances(self, summaries: NDArray[np.floating]) -> NDArray[np.float64]:
        """The distance (N,) of each summary: about 1 for a usual voice.

        >>> Usual.of(np.array([[1.0], [3.0]])).distances(np.array([[2.0], [5.0]])).tolist()
        [0.0, 3.0]
        """
        standard = (np.asarray(summaries, np.float64) - self.mean) / self.deviation
        return np.asarray(np.sqrt(np.square(standard).mean(axis=1)))

    def as_arrays(self) -> dict[str, NDArray[np.float32]]:
        """What is saved."""
        return {"mean": self.mean, "deviation": self.deviation}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.float32]]) -> Self:
        """The inverse of `as_arrays`; KeyError or ValueError if they do not fit."""
        mean, deviation = arrays["mean"], arrays["deviation"]
        if mean.ndim != 1 or mean.shape != deviation.shape:
            raise ValueError(f"mean {mean.shape} and deviation {deviation.shape} of voices do not fit")
        return cls(mean, deviation)
