"""The protocol of fits: a function that trains one architecture and can be called again after a kill.

A fit keeps its state in `job.folder` and continues from what it finds there. It tells the engine of every finished
epoch; the engine scores the validation side, keeps the best model and says when to stop. A fit reads no store and no
audio.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.models import Model
from core.models.values import Values
from core.schemes.target import Target

StepReport = Callable[[int, int, int, float | None], None]


@dataclass(frozen=True, eq=False)
class Rows:
    """N rows of the training side: `values`, and by Target name what `Target.answers` gives.

    An answer that is missing is -1 or NaN. `speakers[i]` is None where nobody knows who speaks. `weights` says, by
    Target name, how much each answer counts, float (N,) above 0; a Target that is not there counts each answer 1.
    """

    values: Values
    answers: Mapping[str, NDArray[Any]]
    speakers: Sequence[str | None]
    weights: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


@dataclass(frozen=True)
class Fitting:
    """What a fit gets beside its data.

    `folder` exists and survives a kill. `report(done, total, epoch, loss)` counts steps over all epochs and may raise
    to stop. `epoch_end(epoch, model, loss, **more)` must be called after each epoch, before the fit writes its own
    checkpoint of that epoch; it returns True if the fit must stop. `loss` is the mean of the epoch; `more` goes into
    the history (for example rate=items a second, learning_rate). Equal `seed` and data give equal weights on a CPU.
    """

    folder: Path
    seed: int
    report: StepReport
    epoch_end: Callable[..., bool]


class Fit(Protocol):
    """Trains one architecture. `Config` is a frozen dataclass with simple fields: `--set` reaches each of them.

    `encoder` is a name of the recipe, or the folder or hub id of a pretrained encoder. Raises `NotEnoughData` for an
    empty class where it cannot go on, `JobFailed` for a loss that is not finite, `MissingBackend` or `InputError` for
    an encoder that cannot be had (naming what was tried). `threads` of the class is 1 (the default: the same bits on
    every machine) or 0 (all cores).
    """

    Config: type[Any]

    def __call__(self, rows: Rows, targets: Sequence[Target], encoder: str, config: Any, job: Fitting) -> None: ...


__all__ = ["Fit", "Fitting", "Model", "Rows", "StepReport"]
