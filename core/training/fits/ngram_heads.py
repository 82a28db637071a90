"""Fits n-grams and frozen vectors together: one epoch of one step; a fit that was killed begins again."""

from collections.abc import Sequence

from core.models.linear.ngram_heads import NgramHeadsConfig, NgramHeadsModel
from core.schemes.target import Target
from core.training.fits import Fitting, Rows


class NgramHeadsFit:
    """The `Fit` of encoders `ngram+NAME`."""

    Config = NgramHeadsConfig

    def __call__(
        self, rows: Rows, targets: Sequence[Target], encoder: str, config: NgramHeadsConfig, job: Fitting
    ) -> None:
        """`rows.values` are `{"text", "vector"}`. The solver draws nothing, so the seed is not used."""
        job.report(0, 1, 1, None)
        model = NgramHeadsModel.fit(config, rows.values, rows.answers, targets)
        job.report(1, 1, 1, model.loss)
        job.epoch_end(1, model, model.loss)
