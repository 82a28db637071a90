"""Drives fits without the engine: a stand-in that takes note of what it is told, kills, and a network of one number."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tiny_encoders import CODES, sentences

from core.models.values import Values, count
from core.schemes.target import Target
from core.training.fits import Fitting, Rows
from core.training.fits.text_encoder import TextEncoderFit, TextEncoderSettings
from core.training.trainer.config import TrainingConfig
from core.training.trainer.trainer import NetworkFit

DANGER = Target("danger", CODES)
TEXTS, LABELS = sentences(120)
SETTINGS = TextEncoderSettings(epochs=3, batch_size=16, learning_rate=2e-3, max_len=24, dropout=0.2, bf16="off")


@dataclass
class Engine:
    """Stands in for the engine: keeps what the fit tells it."""

    folder: Path
    seed: int = 0
    stop_after: int = 99
    on_step: Callable[[int], None] = lambda done: None
    steps: list[tuple[int, int, int]] = field(default_factory=list)
    epochs: list[dict[str, Any]] = field(default_factory=list)
    weights: dict[str, torch.Tensor] = field(default_factory=dict)
    network: Any = None

    def job(self) -> Fitting:
        self.folder.mkdir(exist_ok=True)
        return Fitting(self.folder, self.seed, self.report, self.epoch_end)

    def report(self, done: int, total: int, epoch: int, loss: float | None) -> None:
        self.steps.append((done, total, epoch))
        self.on_step(done)

    def epoch_end(self, epoch: int, model: Any, loss: float, **more: float) -> bool:
        assert not list((self.folder / "trainer").glob(f"checkpoint-{epoch * 8}")), "the engine is told first"
        self.epochs.append({"epoch": epoch, "loss": loss, **more})
        self.weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        self.network = model
        if hasattr(model, "tokenizer"):
            model.logits(TEXTS[:4])  # scoring between epochs must change nothing
        return epoch >= self.stop_after


def rows(texts: list[str] = TEXTS, labels: list[str] = LABELS) -> Rows:
    return Rows(texts, {"danger": DANGER.answers(labels)}, [None] * len(texts))


def fit(engine: Engine, encoder: str, settings: TextEncoderSettings = SETTINGS) -> Engine:
    TextEncoderFit()(rows(), [DANGER], encoder, settings, engine.job())
    return engine


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


class Killed(Exception):
    """Stands in for a kill."""


def kill_at(step: int) -> Callable[[int], None]:
    def kill(done: int) -> None:
        if done == step:
            raise Killed

    return kill


class Odd(torch.nn.Module):
    """A network of one number a row, whose `forward` fails in a wanted way from step 5 on."""

    targets = (DANGER,)
    error: Exception | None = None
    calls = 0

    def __init__(self) -> None:
        super().__init__()
        self.out = torch.nn.Linear(1, 2)

    @classmethod
    def create(cls, targets: Any, encoder: str, config: Any, values: Values) -> "Odd":
        return cls()

    def lengths(self, values: Values) -> Any:
        return np.ones(count(values), dtype=np.int64)

    def collate(self, values: Values) -> dict[str, torch.Tensor]:
        return {"x": torch.from_numpy(values["x"])}

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        Odd.calls += 1
        if Odd.error and Odd.calls > 10:
            raise Odd.error
        return {"danger": self.out(x)}


@dataclass
class Given:
    """Stands in for a Backend, whose path a test file has none of."""

    network: Any

    def load(self) -> Any:
        return self.network


class OddFit(NetworkFit):
    network = Given(Odd)  # type: ignore[assignment]


def odd(engine: Engine, x: np.ndarray, **settings: Any) -> None:
    n = len(x)
    answers = {"danger": np.arange(n, dtype=np.int64) % 2}
    config = TrainingConfig(**{"epochs": 4, "batch_size": 16, "bf16": "off", **settings})
    OddFit()(Rows({"x": x}, answers, [None] * n), [DANGER], "", config, engine.job())
