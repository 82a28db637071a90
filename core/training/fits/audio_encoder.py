"""The fit of a pretrained audio encoder (`core.models.voice.encoder`)."""

from dataclasses import dataclass

from core.models.voice.encoder import AudioEncoderConfig
from core.plugins import Backend
from core.training.trainer.config import TrainingConfig
from core.training.trainer.trainer import NetworkFit
from core.training.voice_copies import DrawnChanges


@dataclass(frozen=True)
class AudioEncoderSettings(DrawnChanges, TrainingConfig, AudioEncoderConfig):
    """The settings of the network and of its training."""

    learning_rate: float = 3e-5

    def __post_init__(self) -> None:
        AudioEncoderConfig.__post_init__(self)
        DrawnChanges.__post_init__(self)
        TrainingConfig.__post_init__(self)


class AudioEncoderFit(NetworkFit):
    """A `Fit`: all weights are trained. On a CPU it takes all threads, since an encoder is large."""

    network = Backend("core.models.voice.encoder:AudioEncoder", ("torch", "transformers"), "pip install transformers")
    Config = AudioEncoderSettings
    threads = 0
