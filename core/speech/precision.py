"""The number type of a frozen speech encoder: bf16 or int8 where the machine multiplies it fast, else float32.

int8 is for processors: weights by output channel, inputs as they come. Its vectors are compared with float32's on one
second of sound before "auto" takes it, because checkpoints with a few very large activations lose more than others.
"""

import warnings
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from core.errors import UnknownName

Precision = Literal["auto", "float32", "bf16", "int8"]
PRECISIONS = get_args(Precision)
LEAST_COSINE = 0.999  # of int8 with float32 on the sound of the trial


def likely(precision: str) -> str:
    """The precision to try: `precision` itself, or for "auto" the one that is fast here.

    `UnknownName` for a precision that does not exist.
    """
    if precision not in PRECISIONS:
        raise UnknownName("precision", precision, PRECISIONS)
    if precision != "auto":
        return precision
    return "bf16" if fast_bf16() else "int8" if fast_int8() else "float32"


def fast_bf16() -> bool:
    """Whether the graphics card knows bf16, or the processor multiplies it in hardware tiles (AMX).

    avx512_bf16 without AMX does not count: measured, it was slower than float32.
    """
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    return bool(torch.cpu._is_amx_tile_supported())


def fast_int8() -> bool:
    """Whether there is no graphics card, and the processor has instructions for int8 (VNNI) that torch uses."""
    if torch.cuda.is_available() or "onednn" not in torch.backends.quantized.supported_engines:
        return False
    return bool(torch.cpu._is_vnni_supported())


def quantize(model: nn.Module) -> None:
    """Replace the linear layers of the model by ones that multiply in int8."""
    from torch.ao import quantization

    torch.backends.quantized.engine = "onednn"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch announces that these functions move to torchao
        quantization.quantize_dynamic(
            model, {nn.Linear: quantization.per_channel_dynamic_qconfig}, dtype=torch.qint8, inplace=True
        )


def trial_sound(samples: int) -> NDArray[np.float32]:
    """A rising tone in noise, float32 (samples,), always the same."""
    time_s = np.arange(samples) / 16_000
    noise = np.random.default_rng(0).standard_normal(samples)
    return np.asarray(0.1 * (np.sin(2 * np.pi * (150 + 400 * time_s) * time_s) + 0.3 * noise), np.float32)


def alike(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether two vectors point the same way, within what "auto" accepts."""
    cosine = float(one @ other) / (float(np.linalg.norm(one) * np.linalg.norm(other)) or 1.0)
    return cosine >= LEAST_COSINE
