"""Architectures: one file each, one visible table, one small protocol. Importing this package imports no torch.

A model maps N inputs to `log_probs float64 (N, K)` whose rows' exponentials sum to 1; column k is the k-th class code
of the Checkpoint. Inputs are texts (`list[str]`) or MFCC arrays (`float32 (N, 100, 13)`). Fitting lives in
`core.training`, files in `core.models.checkpoint`.
"""

from collections.abc import Mapping
from typing import Any, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from core.plugins import Backend, pick

Modality = Literal["text", "voice"]
Arrays = dict[str, NDArray[Any]]  # everything a model knows, by name: the content of weights.safetensors


class Model(Protocol):
    """What every row of `MODELS` is."""

    def log_probs(self, values: Any) -> NDArray[np.float64]:
        """(N, K) for N inputs; a batch of one equals a batch of N."""
        ...

    def arrays(self) -> Arrays: ...

    @classmethod
    def restore(cls, config: Mapping[str, Any], arrays: Arrays, classes: int) -> Self:
        """The model whose `arrays()` these are; ValueError or KeyError where they do not fit `config`."""
        ...


MODELS: dict[str, Backend] = {
    "ngram": Backend("core.models.ngram:NgramModel", ("sklearn",), "pip install scikit-learn"),
    "conv-bilstm": Backend("core.models.conv_bilstm:ConvBilstm", ("torch",), "pip install torch"),
}


def restore(encoder: str, config: Mapping[str, Any], arrays: Arrays, classes: int) -> Model:
    """Rebuild a model of row `encoder`; `UnknownName` lists the rows, `MissingBackend` says what to install."""
    model: Model = pick(MODELS, encoder, "encoder").restore(config, arrays, classes)
    return model
