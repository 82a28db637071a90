"""Reads vectors of very many texts by a frozen text encoder: the packed way, nothing kept on disk.

`core.models.pretrained.frozen_text.vectors` keeps what it computes in the workspace; for a pool of a million texts that
would be gigabytes that nobody asks for again.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.inference.bulk.packed import packed_like
from core.inference.bulk.products import Number
from core.models.pretrained.frozen_text import FrozenText, load

Read = Callable[[Sequence[str]], NDArray[np.float32]]


def reader(encoder: str, number: Number, budget: int) -> Read | None:
    """Return what reads N texts as vectors, float32 (N, D), `budget` tokens a batch; None if it cannot be packed."""
    loaded = load(encoder)
    model = packed_like(loaded.model, number, False, loaded.tokenizer)
    if model is None:
        return None
    fast: FrozenText = replace(loaded, model=model, tokens=budget)
    return fast.read
