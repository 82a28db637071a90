"""Pool the rows of one recording: it is judged by the mean log probabilities of its utterances."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_LEAST_PROB = 1e-12


def pool(probs: NDArray[np.float64], owners: Sequence[str | None]) -> tuple[list[int], NDArray[np.float64]]:
    """Return the first row of each owner, and its pooled probabilities (R, K); rows without owner are left out.

    >>> pool(np.array([[.9, .1], [.5, .5], [.2, .8]]), ["a", None, "b"])[0]
    [0, 2]
    """
    rows_of: dict[str, list[int]] = {}
    for i, owner in enumerate(owners):
        if owner is not None:
            rows_of.setdefault(owner, []).append(i)
    if not rows_of:
        return [], np.zeros((0, probs.shape[1]))
    logs = np.stack([np.log(np.maximum(probs[at], _LEAST_PROB)).mean(axis=0) for at in rows_of.values()])
    pooled = np.exp(logs - logs.max(axis=1, keepdims=True))
    return [at[0] for at in rows_of.values()], pooled / pooled.sum(axis=1, keepdims=True)
