"""The product of tokens and weights in float32, bf16 or int8, with GELU where it is asked for.

int8 is oneDNN's product of uint8 inputs and int8 weights, which is fast with VNNI. Weights are scaled by output
channel, inputs token by token by the largest number of each: nothing is learnt from other texts, nothing is cut off,
and what a text gives does not depend on the texts beside it. `Int8` takes and gives float32.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, Literal, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

Number = Literal["float32", "bf16", "int8"]
Product = Any  # (T, D) -> (T, E)
ZERO = 128  # the uint8 that stands for 0


class Scaled(NamedTuple):
    """uint8 numbers (T, D) that stand for `(numbers - ZERO) * scales`, with `scales` (T, 1)."""

    numbers: Tensor
    scales: Tensor


class Plain(nn.Module):
    """A product in the type of its weights."""

    def __init__(self, weight: Tensor, bias: Tensor, gelu: bool) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight, False), nn.Parameter(bias, False)
        self.gelu = gelu

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
        self.gelu = gelu

    def forward(self, rows: Tensor | Scaled, other: Tensor | None = None) -> Tensor:
        """(T, E) of (T, D); `other` (T, E) is added."""
        given = rows if isinstance(rows, Scaled) else scaled(rows)
        result = torch.addcmul(self.bias, self._product(given.numbers), given.scales)
        return functional.gelu(result) if self.gelu else result if other is None else result.add_(other)

    def _product(self, numbers: Tensor) -> Tensor:
        """(T, E): the sums of whole numbers, times the scales of the weights."""
        return cast(
            Tensor,
            torch.ops.onednn.qlinear_pointwise(
                numbers, 1.0, ZERO, self.weight, self.scales, self.zeros, None,
                1.0, 0, torch.float32, "none", [], "",
            ),
        )  # fmt: skip


def scaled(rows: Tensor) -> Scaled:
    """float32 numbers (T, D) as uint8, each row over its own range."""
    most = rows.abs().amax(dim=1, keepdim=True).clamp(min=1e-12)
    return Scaled(torch.addcmul(torch.tensor(ZERO + 0.5), rows, 127 / most).to(torch.uint8), most / 127)


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
