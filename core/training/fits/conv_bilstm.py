"""The fit of the voice network (`core.models.voice.conv_bilstm`)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UnknownName
from core.models.voice.conv_bilstm import ConvBilstmConfig
from core.models.voice.neutral_voice import NEUTRAL
from core.plugins import Backend
from core.schemes.target import Target
from core.training.fits import Fitting, Rows
from core.training.trainer.config import TrainingConfig
from core.training.trainer.trainer import NetworkFit
from core.training.voice_copies import Copies


@dataclass(frozen=True)
class ConvBilstmSettings(Copies, TrainingConfig, ConvBilstmConfig):
    """The settings of the network and of its training."""

    epochs: int = 30
    patience: int = 8
    learning_rate: float = 1e-3
    final_learning_rate: float = 5e-5
    schedule: str = "cosine"
    warm_up: float = 0.03
    label_smoothing: float = 0.05

    def __post_init__(self) -> None:
        ConvBilstmConfig.__post_init__(self)
        Copies.__post_init__(self)
        TrainingConfig.__post_init__(self)


class ConvBilstmFit(NetworkFit):
    """A `Fit`. One thread is the fastest for a network of this size, and gives equal bits everywhere."""

    network = Backend("core.models.voice.conv_bilstm:ConvBilstm", ("torch",), "pip install torch")
    Config = ConvBilstmSettings

    def __call__(self, rows: Rows, targets: Sequence[Target], encoder: str, config: Any, job: Fitting) -> None:
        """See `Fit`. With a baseline, the neutral items of the training side are marked for the network."""
        if config.baseline != "none":
            rows = replace(rows, values={**rows.values, "neutral": neutral_rows(rows, targets, config.neutral)})
        super().__call__(rows, targets, encoder, config, job)


def neutral_rows(rows: Rows, targets: Sequence[Target], code: str) -> NDArray[np.bool_]:
    """Which rows are answered by the neutral class of a Target, bool (N,); none if no Target has such a class.

    `code` "" is the first class with a usual name. `UnknownName` if no Target has the class `code`.
    """
    names = (code,) if code else NEUTRAL
    for target in targets:
        for k, class_code in enumerate(target.codes):
            if class_code.lower() in names:
                answers = rows.answers[target.name]
                return np.asarray(answers[:, k] == 1 if target.multi else answers == k, np.bool_)
    if code:
        raise UnknownName("class", code, [class_code for target in targets for class_code in target.codes])
    first = rows.answers[targets[0].name]
    return np.zeros(len(first), np.bool_)
