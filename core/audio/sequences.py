"""Frame sequences of different lengths: pooled to a few equal parts, and put into one padded array. numpy only."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

STEPS = 64  # parts at most of one sequence


def equal_parts(frames: NDArray[np.float32], steps: int = STEPS) -> NDArray[np.float32]:
    """The means of `steps` equal parts of `frames` (F, D), in time order; F <= `steps` frames stay as they are.

    >>> equal_parts(np.arange(6, dtype=np.float32)[:, None], 3).ravel().tolist()
    [0.5, 2.5, 4.5]
    """
    if len(frames) <= steps:
        return frames
    edges = np.arange(steps + 1) * len(frames) // steps
    sums = np.add.reduceat(frames, edges[:-1], axis=0, dtype=np.float64)
    return np.asarray(sums / np.diff(edges)[:, None], dtype=np.float32)


def padded(
    sequences: Sequence[NDArray[Any]], width: int, dtype: Any = np.float32
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """N sequences (T_i, D) as one array (N, T, D), T >= 1, with zeros at the end, and their lengths int64 (N,)."""
    lengths = np.array([len(sequence) for sequence in sequences], dtype=np.int64)
    table = np.zeros((len(sequences), max(1, int(lengths.max(initial=0))), width), dtype)
    for row, sequence in zip(table, sequences, strict=True):
        row[: len(sequence)] = sequence
    return table, lengths
