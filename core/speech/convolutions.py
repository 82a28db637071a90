"""The convolutions of a frozen speech encoder, wave by wave, as products of matrices over the windows that they read.

Frames stay rows of channels from the second layer on, so that a convolution of width K is a linear layer over K rows
that lie one after the other in memory: nothing is transposed for its norm, and int8 weights serve it as they serve any
linear layer. The first layer, which reads the sound itself, stays as it is: in int8 it cost most of the precision.
"""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn.utils import parametrize


class WindowedConvolution(nn.Module):
    """A layer of convolution, norm and activation over rows float (T, C); gives (T', C')."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        conv = layer.conv
        self.width, self.stride = conv.kernel_size[0], conv.stride[0]
        self.linear = nn.Linear(conv.in_channels * self.width, conv.out_channels, bias=conv.bias is not None)
        self.linear.weight = nn.Parameter(conv.weight.detach().permute(0, 2, 1).flatten(1).contiguous())
        if conv.bias is not None:
            self.linear.bias = conv.bias
        self.norm, self.activation = layer.layer_norm, layer.activation

    def forward(self, rows: Tensor) -> Tensor:
        """The activations of every window of `rows`."""
        samples, channels = rows.shape
        count = (samples - self.width) // self.stride + 1
        windows = rows.contiguous().as_strided((count, self.width * channels), (self.stride * channels, 1))
        made: Tensor = self.activation(self.norm(self.linear(windows)))
        return made


class WindowedConvolutions(nn.Module):
    """All convolutions of an encoder on one wave (1, L); gives (1, C, F) as the encoder's own do."""

    def __init__(self, layers: Sequence[nn.Module]) -> None:
        super().__init__()
        self.first = layers[0]
        self.others = nn.Sequential(*(WindowedConvolution(layer) for layer in layers[1:]))

    def forward(self, wave: Tensor) -> Tensor:
        """Features of the wave."""
        rows: Tensor = self.others(self.first(wave[:, None])[0].T)
        return rows.T[None]


class WaveByWave(nn.Module):
    """The convolutions of an encoder on each wave of a batch alone, without its padding; then padded frames."""

    def __init__(self, convolutions: nn.Module, frames_of: Callable[[int], int]) -> None:
        super().__init__()
        self.convolutions, self.frames_of = windowed(convolutions), frames_of
        self.samples: Sequence[int] = ()  # true samples of each wave of the batch

    def forward(self, waves: Tensor) -> Tensor:
        """Features (n, C, F) of `waves` (n, L)."""
        alone = [self.convolutions(wave[None, :n])[0] for wave, n in zip(waves, self.samples, strict=True)]
        made = alone[0].new_zeros(len(alone), len(alone[0]), self.frames_of(waves.shape[1]))
        for row, features in zip(made, alone, strict=True):
            row[:, : features.shape[1]] = features
        return made


def windowed(convolutions: Any) -> nn.Module:
    """The convolutions over windows; as they are, where their layers are of another make.

    Layers without a norm stay as they are too: in int8 their errors add up (cosine .83 for a network of base size).
    """
    layers = list(getattr(convolutions, "conv_layers", ()))
    if len(layers) > 1 and all(map(_plain, layers[1:])):
        return WindowedConvolutions(layers)
    made: nn.Module = convolutions
    return made


def fold_weight_norms(model: nn.Module) -> None:
    """Compute each normed weight once instead of at every call: the weights are frozen."""
    for module in list(model.modules()):
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight")


def _plain(layer: Any) -> bool:
    """Tell whether a layer is a convolution without padding, then a norm over channels, then an activation."""
    conv = getattr(layer, "conv", None)
    return (
        isinstance(conv, nn.Conv1d)
        and (conv.padding, conv.dilation, conv.groups) == ((0,), (1,), 1)
        and isinstance(getattr(layer, "layer_norm", None), nn.LayerNorm)
        and callable(getattr(layer, "activation", None))
    )
