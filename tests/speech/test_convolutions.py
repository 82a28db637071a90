"""core.speech.convolutions: convolutions over windows give what the encoder's own give."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from transformers import HubertConfig, Wav2Vec2Config
from transformers.models.hubert.modeling_hubert import HubertFeatureEncoder
from transformers.models.wav2vec2.modeling_wav2vec2 import Wav2Vec2FeatureEncoder

from core.speech.convolutions import WindowedConvolutions, fold_weight_norms, windowed

pytestmark = pytest.mark.integration

CHANNELS = {"conv_dim": (6, 5, 4), "conv_kernel": (10, 3, 2), "conv_stride": (5, 2, 2), "num_feat_extract_layers": 3}


def wav2vec2(norm: str, bias: bool) -> nn.Module:
    torch.manual_seed(0)
    config = Wav2Vec2Config(feat_extract_norm=norm, conv_bias=bias, **CHANNELS)
    made: nn.Module = Wav2Vec2FeatureEncoder(config).eval()
    return made


def hubert(norm: str, bias: bool) -> nn.Module:
    torch.manual_seed(0)
    made: nn.Module = HubertFeatureEncoder(HubertConfig(feat_extract_norm=norm, conv_bias=bias, **CHANNELS)).eval()
    return made


@pytest.mark.parametrize("make", [wav2vec2, hubert])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("samples", [30, 31, 400, 1_237])
def test_windows_give_what_the_convolutions_give(
    make: Callable[[str, bool], nn.Module], bias: bool, samples: int
) -> None:
    convolutions = make("layer", bias)
    wave, made = torch.randn(1, samples), windowed(convolutions)
    assert isinstance(made, WindowedConvolutions)
    with torch.inference_mode():
        torch.testing.assert_close(made(wave), convolutions(wave), atol=1e-5, rtol=1e-5)


def other_make(change: dict[str, Any]) -> nn.Module:
    """The convolutions with something about the last layer that windows do not do."""
    convolutions: Any = wav2vec2("layer", True)
    for name, value in change.items():
        setattr(convolutions.conv_layers[-1].conv, name, value)
    return convolutions


@pytest.mark.parametrize(
    "convolutions",
    [
        wav2vec2("group", False),
        other_make({"padding": (1,)}),
        other_make({"dilation": (2,)}),
        other_make({"groups": 2}),
        nn.Conv1d(1, 2, 3),
        nn.Identity(),
    ],
    ids=["group norm", "padding", "dilation", "groups", "no layers", "nothing"],
)
def test_convolutions_of_another_make_stay_as_they_are(convolutions: nn.Module) -> None:
    assert windowed(convolutions) is convolutions


def test_a_normed_weight_is_computed_once() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Conv1d(2, 3, 2), dim=2), nn.Linear(4, 1))
    wave = torch.randn(1, 2, 5)
    plain = model(wave)
    fold_weight_norms(model)
    assert not nn.utils.parametrize.is_parametrized(model)
    torch.testing.assert_close(model(wave), plain)
