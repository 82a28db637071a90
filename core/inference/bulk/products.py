"""The product of tokens and weights in float32, bf16 or int8, with GELU in the same pass where it is asked for.

int8 is oneDNN's product of uint8 inputs and int8 weights, which is fast with VNNI. `Int8` takes float32 (T, D), or
uint8 with its range from the product before, and gives float32 or, with GELU, uint8 and its range.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, Literal, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

Number = Literal["float32", "bf16", "int8"]
Product = Any  # (T, D) -> (T, E)
LEAST_GELU = 0.17  # no result of GELU lies below this much under 0
HEADROOM = 1.25  # a result may be so much larger than those of the observed texts


class Ranged(NamedTuple):
    """uint8 numbers that stand for `(numbers - zero) * scale`."""

    numbers: Tensor
    scale: float
    zero: int


class Plain(nn.Module):
    """A product in the type of its weights."""

    def __init__(self, weight: Tensor, bias: Tensor, gelu: bool) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight, False), nn.Parameter(bias, False)
        self.gelu, self.observing = gelu, False

    def forward(self, rows: Tensor, other: Tensor | None = None) -> Tensor:
        """(T, E) of (T, D); `other` (T, E) is added."""
        result = functional.linear(rows, self.weight, self.bias)
        return functional.gelu(result) if self.gelu else result if other is None else result.add_(other)


class Int8(nn.Module):
    """A product in int8; weights are packed once."""

    def __init__(self, weight: Tensor, bias: Tensor, gelu: bool) -> None:
        super().__init__()
        scales = weight.abs().amax(dim=1).clamp(min=1e-12) / 127
        small = torch.round(weight / scales[:, None]).clamp(-127, 127).to(torch.int8)
        self.weight = torch.ops.onednn.qlinear_prepack(small, None)
        self.scales, self.bias, self.zeros = scales, bias.clone(), torch.zeros(len(scales), dtype=torch.int64)
        self.gelu, self.observing, self.most = gelu, False, 0.0

    def forward(self, rows: Tensor | Ranged, other: Tensor | None = None) -> Tensor | Ranged:
        """(T, E) of (T, D); `other` (T, E) is added."""
        rows = rows if isinstance(rows, Ranged) else ranged(rows)
        if other is not None:
            return self._sum(rows, other)
        if not self.gelu:
            return self._product(rows, 1.0, 0, torch.float32, "none")
        if self.observing:
            result = functional.gelu(self._product(rows, 1.0, 0, torch.float32, "none"))
            self.most = max(self.most, float(result.max()))
            return ranged(result)
        scale = (self.most * HEADROOM + LEAST_GELU) / 255
        zero = round(LEAST_GELU / scale)
        return Ranged(self._product(rows, scale, zero, torch.uint8, "gelu"), scale, zero)

    def _product(self, rows: Ranged, scale: float, zero: int, dtype: torch.dtype, after: str) -> Tensor:
        return cast(
            Tensor,
            torch.ops.onednn.qlinear_pointwise(
                rows.numbers, rows.scale, rows.zero, self.weight, self.scales, self.zeros, self.bias,
                scale, zero, dtype, after, [], "none" if after == "gelu" else "",
            ),
        )  # fmt: skip

    def _sum(self, rows: Ranged, other: Tensor) -> Tensor:
        return cast(
            Tensor,
            torch.ops.onednn.qlinear_pointwise.binary(
                rows.numbers, rows.scale, rows.zero, self.weight, self.scales, self.zeros, other, self.bias,
                1.0, 0, torch.float32, 1.0, 0, "add", 1.0, "none", [], "",
            ),
        )  # fmt: skip


def ranged(rows: Tensor) -> Ranged:
    """float32 numbers as uint8, over the whole of their range."""
    low, high = (float(end) for end in torch.aminmax(rows))
    low, high = min(low, 0.0), max(high, 0.0)
    scale = max(high - low, 1e-12) / 254  # of 255 steps: the zero is rounded, and no end may be cut
    zero = round(-low / scale)
    return Ranged(torch.add(torch.tensor(zero + 0.5), rows, alpha=1 / scale).to(torch.uint8), scale, zero)


def made(parts: Sequence[Any], number: Number, gelu: bool = False) -> Product:
    """The product of linear layers side by side, in a type of number."""
    weight, bias = (_joined([getattr(part, name).detach() for part in parts]) for name in ("weight", "bias"))
    if number == "int8":
        return Int8(weight, bias, gelu)
    dtype = torch.bfloat16 if number == "bf16" else torch.float32
    return Plain(weight.to(dtype), bias.to(dtype), gelu)


def _joined(parts: list[Tensor]) -> Tensor:
    """The rows of all parts; a single part is not copied."""
    return (parts[0] if len(parts) == 1 else torch.cat(parts)).float()


def typed(module: Any, number: Number) -> Any:
    """A module of another kind in the type that stands between products: a copy in bf16, else the module itself."""
    return deepcopy(module).to(torch.bfloat16) if module is not None and number == "bf16" else module
