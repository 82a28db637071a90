"""Model architectures: one file each, all listed in `MODELS`, all with the protocol `Model`.

A model maps N inputs to `log_probs float64 (N, K)`: natural logarithms of probabilities, each row sums to 1 after exp;
column k is the k-th class code of the Checkpoint. Inputs are texts (`list[str]`) or the `FEATURES` of voices.
Training is in `core.training`, the file format in `core.runs.card`. Importing this package imports no torch.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from core.plugins import Backend, pick

Modality = Literal["text", "voice"]
INSTALL_SPEECH = "pip install -r requirements-speech.txt"
Arrays = dict[str, NDArray[Any]]  # name -> array: the content of weights.safetensors


class Model(Protocol):
    """The protocol of every class in `MODELS`."""

    def log_probs(self, values: Any) -> NDArray[np.float64]:
        """Log probabilities (N, K) of N inputs. The result for an input does not depend on the rest of the batch."""
        ...

    def arrays(self) -> Arrays:
        """All fitted values by name, for `restore`."""
        ...

    @classmethod
    def restore(cls, config: Mapping[str, Any], arrays: Arrays, classes: int) -> Self:
        """The model with the values `arrays`; ValueError or KeyError if they do not fit `config` and `classes`."""
        ...


MODELS: dict[str, Backend] = {
    "ngram": Backend("core.models.ngram:NgramModel", ("sklearn",), "pip install scikit-learn"),
    "conv-bilstm": Backend("core.models.conv_bilstm:ConvBilstm", ("torch",), "pip install torch"),
    "whisper-base": Backend("core.models.heads:HeadsModel", ("sklearn",), "pip install scikit-learn"),
}
# What a voice model reads of a list of waves, float32 (n,) mono 16 kHz; the same in training and serving.
FEATURES: dict[str, Backend] = {
    "conv-bilstm": Backend("core.audio.features:mfcc_batch", ("librosa",), "pip install librosa==0.11.0"),
    "whisper-base": Backend("core.speech.whisper:vectors", ("faster_whisper", "ctranslate2"), INSTALL_SPEECH),
}


def voice_features(encoder: str) -> Callable[[Sequence[NDArray[np.float32]]], NDArray[np.float32]]:
    """The function that gives float32 (N, ...) of N waves for `encoder`; `MissingBackend` says what to install."""
    features: Callable[[Sequence[NDArray[np.float32]]], NDArray[np.float32]] = pick(FEATURES, encoder, "encoder")
    return features


def restore(encoder: str, config: Mapping[str, Any], arrays: Arrays, classes: int) -> Model:
    """Make the model `encoder` from its arrays; `UnknownName` or `MissingBackend` if there is no such encoder."""
    model: Model = pick(MODELS, encoder, "encoder").restore(config, arrays, classes)
    return model
