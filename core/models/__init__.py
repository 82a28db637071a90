"""Model architectures: one file each, all listed in `MODELS`, all with the protocol `Model`.

A model maps N `Values` to `logits`: for each Target float64 (N, K), where column k is the k-th class code of the
Target. `Target.probabilities` turns them into probabilities. `prepare` of an architecture makes Values of Samples, the
same way in training and in serving. Training is in `core.training`, the card and its checks in `core.runs.card`.
Importing this package imports no torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from core.errors import UnknownName
from core.models.values import Sample, Values
from core.plugins import Backend
from core.schemes.target import Target

Modality = Literal["text", "voice", "both"]
INSTALL_SPEECH = "pip install -r requirements-speech.txt"
Arrays = dict[str, NDArray[Any]]  # name -> array: the content of a safetensors file


class Model(Protocol):
    """The protocol of every class in `MODELS`."""

    def logits(self, values: Values) -> Mapping[str, NDArray[np.float64]]:
        """Target name -> (N, K) of N values. The result for a row does not depend on the rest of the batch.

        Single-label Targets: log probabilities or any scores whose softmax is meant. Multi-label: log odds per class.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write all that `load` needs into the existing, empty `folder`: safetensors and JSON, nothing pickled."""
        ...

    @classmethod
    def load(cls, folder: Path, targets: Sequence[Target], config: Mapping[str, Any]) -> Self:
        """The model saved in `folder`; ValueError, KeyError or OSError if the files do not fit `targets`."""
        ...


class Prepare(Protocol):
    """Makes what an architecture reads. `encoder` is the name, folder or hub id that the card holds."""

    def __call__(self, samples: Sequence[Sample], encoder: str, config: Mapping[str, Any]) -> Values: ...


@dataclass(frozen=True, slots=True)
class Architecture:
    """A row of `MODELS`: the class of the model and the function that prepares its Values."""

    model: Backend
    prepare: Backend


_SKLEARN = ("sklearn",), "pip install scikit-learn"
_TORCH = ("torch", "transformers"), "pip install torch transformers"

MODELS: dict[str, Architecture] = {
    "ngram": Architecture(
        Backend("core.models.linear.ngram:NgramModel", *_SKLEARN), Backend("core.models.prepare:texts")
    ),
    "heads": Architecture(
        Backend("core.models.linear.heads:HeadsModel", *_SKLEARN), Backend("core.models.prepare:frozen_vectors")
    ),
    "ngram-heads": Architecture(
        Backend("core.models.linear.ngram_heads:NgramHeadsModel", *_SKLEARN),
        Backend("core.models.prepare:texts_and_vectors"),
    ),
    "conv-bilstm": Architecture(
        Backend("core.models.voice.conv_bilstm:ConvBilstm", *_TORCH),
        Backend("core.models.prepare:mfcc", ("librosa",), "pip install librosa==0.11.0"),
    ),
    "text-encoder": Architecture(
        Backend("core.models.text.encoder:TextEncoder", *_TORCH), Backend("core.models.prepare:texts")
    ),
    "audio-encoder": Architecture(
        Backend("core.models.voice.encoder:AudioEncoder", *_TORCH), Backend("core.models.prepare:waves")
    ),
    "cross-modal": Architecture(
        Backend("core.models.cross_modal:CrossModal", *_TORCH), Backend("core.models.prepare:texts_and_frames")
    ),
}


def prepared(name: str, samples: Sequence[Sample], encoder: str, config: Mapping[str, Any]) -> Values:
    """What architecture `name` reads of `samples`: the one way to it, in training and in serving."""
    prepare: Prepare = architecture(name).prepare.load()
    return prepare(samples, encoder, config)


def architecture(name: str) -> Architecture:
    """The row `name` of `MODELS`; `UnknownName` lists the known ones."""
    if name not in MODELS:
        raise UnknownName("architecture", name, tuple(MODELS))
    return MODELS[name]
