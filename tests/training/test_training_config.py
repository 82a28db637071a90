"""core.training.trainer.config: settings are checked, learning rates rise and fall, weights of Targets are read."""

from typing import Any

import numpy as np
import pytest

from core.errors import InputError, UnknownName
from core.schemes.target import Target
from core.training.fits.text_encoder import TextEncoderSettings
from core.training.trainer.config import TrainingConfig

pytestmark = pytest.mark.integration

TARGETS = (Target("sentiment", ("a", "b")), Target("urgency", ("x", "y")))


def rates(steps: int = 100, **settings: Any) -> np.ndarray:
    config = TrainingConfig(learning_rate=2e-5, **settings)
    return np.array([config.rate_factor(step, steps) for step in range(steps + 1)])


def test_warm_up_then_the_schedule() -> None:
    linear = rates(schedule="linear", warm_up=0.1)
    np.testing.assert_allclose(linear[:10], np.arange(1, 11) / 11)
    np.testing.assert_allclose(linear[10:], np.linspace(1, 0, 91))
    cosine = rates(schedule="cosine", warm_up=0, final_learning_rate=1e-6)
    np.testing.assert_allclose(cosine[[0, 50, 100]], [1, 0.525, 0.05])
    assert (np.diff(cosine) < 0).all()
    assert (rates(schedule="constant", warm_up=0.1)[10:] == 1).all()


def test_shares_of_targets() -> None:
    config = TrainingConfig(target_weights="sentiment=0.4, urgency=.6")
    assert config.shares(TARGETS) == {"sentiment": 0.4, "urgency": 0.6}
    assert TrainingConfig(target_weights="urgency=2").shares(TARGETS) == {"sentiment": 1.0, "urgency": 2.0}
    with pytest.raises(UnknownName, match="unknown target 'urgent'; known: sentiment, urgency"):
        TrainingConfig(target_weights="urgent=1").shares(TARGETS)


@pytest.mark.parametrize("raw", ["urgency", "urgency=x", "urgency=-1", "urgency=nan", "urgency=0", "urgency=inf"])
def test_odd_weights_are_refused(raw: str) -> None:
    with pytest.raises(InputError, match=f"target_weights={raw}: expected NAME=NUMBER"):
        TrainingConfig(target_weights=raw)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs, patience, batch_size and accumulation must be at least 1"),
        ({"accumulation": 0}, "accumulation must be at least 1"),
        ({"learning_rate": 0.0}, "learning_rate and clip must be above 0"),
        ({"label_smoothing": 1.0}, "label_smoothing below 1"),
        ({"final_learning_rate": -1.0}, "final_learning_rate must be at least 0"),
        ({"warm_up": 1.0}, "warm_up between 0 and 1"),
        ({"layer_decay": 0.0}, "layer_decay must be above 0 and at most 1, average at least 0 and below 1"),
        ({"layer_decay": 1.1}, "layer_decay must be above 0"),
        ({"average": 1.0}, "average at least 0 and below 1"),
        ({"average": float("nan")}, "average at least 0 and below 1"),
        ({"schedule": "step"}, "unknown schedule 'step'; known: cosine, linear, constant"),
        ({"bf16": "true"}, "unknown bf16 'true'; known: auto, on, off"),
        ({"best_by": "loss"}, "unknown best_by 'loss'; known: macro_f1, accuracy, mean"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        TrainingConfig(**settings)
    with pytest.raises(InputError, match=message):
        TextEncoderSettings(**settings)


def test_the_settings_of_a_fit_are_those_of_network_and_training() -> None:
    settings = TextEncoderSettings(max_len=64, dropout=0.7, learning_rate=3e-5, schedule="cosine")
    assert (settings.max_len, settings.schedule, settings.clip) == (64, "cosine", 1.0)
    with pytest.raises(InputError, match="pooling 'max'"):
        TextEncoderSettings(pooling="max")
