"""The settings of training that all networks share, and the learning rate that they mean at each step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import InputError, UnknownName
from core.schemes.target import Target

SCHEDULES = ("cosine", "linear", "constant")
BF16 = ("auto", "on", "off")
BEST_BY = ("macro_f1", "accuracy", "mean")


@dataclass(frozen=True)
class TrainingConfig:
    """What the trainer needs beside the network; recipes and `--set` change single fields.

    One update of the weights reads `batch_size` x `accumulation` items. The learning rate rises over the share
    `warm_up` of all updates and then falls to `final_learning_rate` along `schedule`. `clip` limits the norm of the
    gradient. `class_weights` lets rare classes weigh as much as common ones. `target_weights` are the shares of the
    loss, as "sentiment=0.4,urgency=0.6"; a Target that is not named has 1. `bf16`: half precision where the device has
    it. `best_by`: which score of the validation side chooses the best epoch; `mean` is that of both over all Targets.

    Each layer of an encoder has `layer_decay` of the learning rate of the layer above it; 1: all have the same. The
    weights that are judged and saved are averaged, exponentially, over the share `average` of all updates; 0: they are
    those of the last update.
    """

    epochs: int = 5
    patience: int = 2
    batch_size: int = 16
    accumulation: int = 1
    learning_rate: float = 2e-5
    final_learning_rate: float = 0.0
    schedule: str = "linear"
    warm_up: float = 0.1
    weight_decay: float = 0.01
    clip: float = 1.0
    label_smoothing: float = 0.0
    class_weights: bool = True
    target_weights: str = ""
    layer_decay: float = 1.0
    average: float = 0.0
    bf16: str = "auto"
    best_by: str = "macro_f1"

    def __post_init__(self) -> None:
        if min(self.epochs, self.patience, self.batch_size, self.accumulation) < 1:
            raise InputError("epochs, patience, batch_size and accumulation must be at least 1")
        if min(self.learning_rate, self.clip) <= 0 or self.weight_decay < 0 or not 0 <= self.label_smoothing < 1:
            raise InputError("learning_rate and clip must be above 0, weight_decay at least 0, label_smoothing below 1")
        if self.final_learning_rate < 0 or not 0 <= self.warm_up < 1:
            raise InputError("final_learning_rate must be at least 0, warm_up between 0 and 1")
        if not 0 < self.layer_decay <= 1 or not 0 <= self.average < 1:
            raise InputError("layer_decay must be above 0 and at most 1, average at least 0 and below 1")
        for name, known in (("schedule", SCHEDULES), ("bf16", BF16), ("best_by", BEST_BY)):
            if getattr(self, name) not in known:
                raise UnknownName(name, getattr(self, name), known)
        _shares(self.target_weights)

    def rate_factor(self, step: int, steps: int) -> float:
        """The learning rate of update `step` (0, 1, ...) of `steps`, as a share of `learning_rate`."""
        warm = math.ceil(self.warm_up * steps)
        if step < warm:
            return (step + 1) / (warm + 1)
        if self.schedule == "constant":
            return 1.0
        passed = min(1.0, (step - warm) / max(1, steps - warm))
        fallen = 1 - passed if self.schedule == "linear" else 0.5 * (1 + math.cos(math.pi * passed))
        last = min(1.0, self.final_learning_rate / self.learning_rate)  # a lower rate stays where it is
        return last + (1 - last) * fallen

    def shares(self, targets: Sequence[Target]) -> dict[str, float]:
        """Target name -> its weight in the loss; `UnknownName` if `target_weights` names another Target."""
        given = _shares(self.target_weights)
        names = tuple(target.name for target in targets)
        for name in given:
            if name not in names:
                raise UnknownName("target", name, names)
        return {name: given.get(name, 1.0) for name in names}


def _shares(raw: str) -> dict[str, float]:
    """Read "a=0.4,b=0.6".

    >>> _shares("sentiment=0.4, urgency=0.6")
    {'sentiment': 0.4, 'urgency': 0.6}
    """
    shares: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in raw.split(","))):
        name, _, number = part.partition("=")
        try:
            shares[name.strip()] = float(number)
        except ValueError:
            shares[name.strip()] = math.nan
    if not all(0 <= share < math.inf for share in shares.values()) or (shares and not any(shares.values())):
        raise InputError(
            "target_weights={raw}: expected NAME=NUMBER with commas between, such as sentiment=0.4,urgency=0.6", raw=raw
        )
    return shares
