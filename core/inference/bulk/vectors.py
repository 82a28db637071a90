"""Vectors of very many texts by a frozen text encoder: the packed way, nothing kept on disk.

`core.models.pretrained.frozen_text.vectors` keeps what it computes in the workspace; for a pool of a million texts that
would be gigabytes that nobody asks for again.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.inference.bulk.packed import packed_like
from core.inference.bulk.precision import asked, fastest
from core.inference.bulk.products import Number
from core.models.pretrained.frozen_text import FrozenText, load

BUDGET = 1024  # tokens of one batch

Read = Callable[[Sequence[str]], NDArray[np.float32]]


def text_vectors(
    texts: Sequence[str], encoder: str, precision: str = "float32", budget: int = BUDGET
) -> NDArray[np.float32]:
    """float32 (N, D) of N texts by `encoder` (folder or hub id), each distinct text computed once.

    In int8 and bf16 ("auto" takes them where they are faster) vectors turn a little: the cosine with float32's was
    .995 on average and at least .991 for ko-e5-small. Do not mix them with vectors of another precision.

    `UnknownName` for an unknown precision; the errors of `core.models.pretrained.encoders.find` for the encoder.
    """
    number = asked(precision)
    chosen: Number = fastest(load(encoder).width) if number == "auto" else number  # type: ignore[assignment]
    places = {text: row for row, text in enumerate(dict.fromkeys(texts))}
    read = reader(encoder, chosen, budget) or load(encoder).read
    rows = read(list(places))
    return rows[[places[text] for text in texts]]


def reader(encoder: str, number: Number, budget: int) -> Read | None:
    """Reads texts by a packed encoder; None if the encoder cannot be packed."""
    loaded = load(encoder)
    model = packed_like(loaded.model, number, False, loaded.tokenizer)
    if model is None:
        return None
    fast: FrozenText = replace(loaded, model=model, tokens=budget)
    return fast.read
