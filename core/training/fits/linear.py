"""The fits of the linear models: one epoch of one step. They keep no state: a second call starts from nothing."""

from collections.abc import Sequence

from core.models.linear.heads import HeadsConfig, HeadsModel
from core.models.linear.ngram import NgramConfig, NgramModel
from core.schemes.target import Target
from core.training.fits import Fitting, Rows


class NgramFit:
    """The `Fit` of the n-gram model. Neither encoder nor seed is used: the solver draws nothing."""

    Config = NgramConfig

    def __call__(self, rows: Rows, targets: Sequence[Target], encoder: str, config: NgramConfig, job: Fitting) -> None:
        job.report(0, 1, 1, None)
        model = NgramModel.fit(config, rows.values, rows.answers, targets)
        job.report(1, 1, 1, model.loss)
        job.epoch_end(1, model, model.loss)


class HeadsFit:
    """The `Fit` of linear heads on the vectors of any frozen encoder."""

    Config = HeadsConfig

    def __call__(self, rows: Rows, targets: Sequence[Target], encoder: str, config: HeadsConfig, job: Fitting) -> None:
        job.report(0, 1, 1, None)
        model = HeadsModel.fit(config, rows.values, rows.answers, targets)
        job.report(1, 1, 1, model.loss)
        job.epoch_end(1, model, model.loss)
