"""The fit of a pretrained text encoder (`core.models.text.encoder`)."""

from dataclasses import dataclass

from core.models.text.encoder import TextEncoderConfig
from core.plugins import Backend
from core.training.trainer.config import TrainingConfig
from core.training.trainer.trainer import NetworkFit


@dataclass(frozen=True)
class TextEncoderSettings(TrainingConfig, TextEncoderConfig):
    """The settings of the network and of its training."""

    def __post_init__(self) -> None:
        TextEncoderConfig.__post_init__(self)
        TrainingConfig.__post_init__(self)


class TextEncoderFit(NetworkFit):
    """A `Fit`: all weights are trained. On a CPU it takes all threads, since an encoder is large."""

    network = Backend("core.models.text.encoder:TextEncoder", ("torch", "transformers"), "pip install transformers")
    Config = TextEncoderSettings
    threads = 0
