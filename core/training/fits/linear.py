"""The fits of the linear models: one epoch of one step. They keep no state: a second call starts from nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from core.models.linear.heads import HeadsConfig, HeadsModel
from core.models.linear.ngram import NgramConfig, NgramModel
from core.models.linear.ngram_heads import NgramHeadsConfig, NgramHeadsModel
from core.schemes.target import Target
from core.training.fits import Fitting, Rows
from core.training.voice_copies import Copies


class LinearFit:
    """The `Fit` of a model with a class method `fit`. The solvers draw nothing, so the seed is not used."""

    Config: type[Any]
    Model: ClassVar[Any]

    def __call__(self, rows: Rows, targets: Sequence[Target], encoder: str, config: Any, job: Fitting) -> None:
        job.report(0, 1, 1, None)
        model = self.Model.fit(config, rows.values, rows.answers, targets, rows.weights)
        job.report(1, 1, 1, model.loss)
        job.epoch_end(1, model, model.loss)


class NgramFit(LinearFit):
    """Fits the n-gram model; it has no encoder."""

    Config, Model = NgramConfig, NgramModel


@dataclass(frozen=True)
class HeadsSettings(Copies, HeadsConfig):
    """The settings of the heads, and of the voices that they are fitted on."""

    def __post_init__(self) -> None:
        HeadsConfig.__post_init__(self)
        Copies.__post_init__(self)


class HeadsFit(LinearFit):
    """Fits linear heads on the vectors of any frozen encoder."""

    Config, Model = HeadsSettings, HeadsModel


class NgramHeadsFit(LinearFit):
    """Fits n-grams and frozen vectors together: the encoders `ngram+NAME`."""

    Config, Model = NgramHeadsConfig, NgramHeadsModel
