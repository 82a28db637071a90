"""The fit of the cross-modal network (`core.models.cross_modal`)."""

from dataclasses import dataclass

from core.models.cross_modal import CrossModalConfig
from core.plugins import Backend
from core.training.trainer.config import TrainingConfig
from core.training.trainer.trainer import NetworkFit
from core.training.voice_copies import Copies


@dataclass(frozen=True)
class CrossModalSettings(Copies, TrainingConfig, CrossModalConfig):
    """The settings of the network and of its training."""

    def __post_init__(self) -> None:
        CrossModalConfig.__post_init__(self)
        Copies.__post_init__(self)
        TrainingConfig.__post_init__(self)


class CrossModalFit(NetworkFit):
    """A `Fit`: text encoder and new layers are trained, the voice encoder is frozen and read by `prepare`."""

    network = Backend("core.models.cross_modal:CrossModal", ("torch", "transformers"), "pip install transformers")
    Config = CrossModalSettings
    threads = 0
