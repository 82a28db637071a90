"""Frame embeddings of a wav2vec2 encoder (also HuBERT and WavLM): frozen, N waves at a time.

A wave is float32 (n,), mono, 16 kHz; a frame is 20 ms. Waves of like length share a batch, padding is masked, and all
means are over true frames only, so that the result for a wave does not depend on the rest of the batch. The
convolutions run wave by wave: on a processor that is no slower, and with group norm it is the only way that padding
changes nothing. bf16 is used where it is fast; int8 weights (`precision`) are fast on processors without it. A wave
above `LONGEST_S` is read in pieces. Nothing is trained here.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.audio.sequences import STEPS, equal_parts, padded
from core.errors import NotEnoughData, UnknownName
from core.plugins import Backend

RATE_HZ = 16_000
LONGEST_S = 60  # of one piece; attention grows with the square of it
BATCH_S = 32  # seconds of padded sound in one batch
LOAD = Backend("core.models.voice.extractors:load_frame_encoder", ("transformers",), "pip install transformers")
LEAST_SAMPLES = 400  # of one frame; a shorter wave is padded with zeros

Progress = Callable[[int, int], None]
Precision = Literal["auto", "float32", "bf16", "int8"]
PRECISIONS = get_args(Precision)


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Of N waves: `pooled` float32 (N, D), the mean over true frames; `frames` float32 (N, T, D), means of at most
    `steps` equal parts of the true frames; `length` int64 (N,), how many of the T are true.
    """

    pooled: NDArray[np.float32]
    frames: NDArray[np.float32]
    length: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Encoder:
    """A loaded checkpoint: the network, its feature extractor, and the number type of its inputs."""

    model: Any
    extractor: Any
    dtype: torch.dtype

    @property
    def width(self) -> int:
        """The length D of an embedding."""
        return int(self.model.config.hidden_size)


class WaveByWave(nn.Module):
    """The convolutions of an encoder on each wave of a batch alone, without its padding; then padded frames."""

    def __init__(self, convolutions: Any, frames_of: Callable[[int], int]) -> None:
        super().__init__()
        self.convolutions, self.frames_of = convolutions, frames_of
        self.samples: Sequence[int] = ()  # true samples of each wave of the batch

    def forward(self, waves: Tensor) -> Tensor:
        """Features (n, C, F) of `waves` (n, L)."""
        alone = [self.convolutions(wave[None, :n])[0] for wave, n in zip(waves, self.samples, strict=True)]
        made = alone[0].new_zeros(len(alone), len(alone[0]), self.frames_of(waves.shape[1]))
        for row, features in zip(made, alone, strict=True):
            row[:, : features.shape[1]] = features
        return made


def embed(
    waves: Sequence[NDArray[np.float32]],
    encoder: str,
    steps: int = STEPS,
    precision: Precision = "auto",
    progress: Progress = lambda done, total: None,
) -> Embeddings:
    """The embeddings of N waves by `encoder`, a local folder or hub id.

    `precision` "auto" is bf16 where that is fast, else float32. `progress(done, total)` counts waves.
    `NotEnoughData` for a wave without samples, the errors of `core.models.pretrained.encoders.find` for an encoder that
    cannot be had.
    """
    return embedded(waves, load(encoder, precision), steps, progress)


def embedded(
    waves: Sequence[NDArray[np.float32]],
    encoder: Encoder,
    steps: int = STEPS,
    progress: Progress = lambda done, total: None,
) -> Embeddings:
    """The embeddings of N waves by a loaded encoder; see `embed`."""
    pieces = [(row, piece) for row, wave in enumerate(waves) for piece in _pieces(wave)]
    made: dict[int, NDArray[np.float32]] = {}
    for batch in _batches([len(piece) for _, piece in pieces]):
        made |= dict(zip(batch, _frames(encoder, [pieces[at][1] for at in batch]), strict=True))
        progress(len({pieces[at][0] for at in made}), len(waves))
    parts: list[list[NDArray[np.float32]]] = [[] for _ in waves]
    for at, (row, _) in enumerate(pieces):
        parts[row].append(made[at])
    whole = [np.concatenate(part) for part in parts]
    pooled = np.stack([frames.mean(axis=0) for frames in whole]) if whole else np.zeros((0, encoder.width), np.float32)
    return Embeddings(pooled, *padded([equal_parts(frames, steps) for frames in whole], encoder.width))


def vectors(waves: Sequence[NDArray[np.float32]], encoder: str) -> NDArray[np.float32]:
    """float32 (N, D): the mean over the true frames of each wave."""
    return embed(waves, encoder, steps=1).pooled


def frames(
    waves: Sequence[NDArray[np.float32]], encoder: str, steps: int = STEPS
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """`frames` float32 (N, T, D) and `length` int64 (N,) of `embed`."""
    made = embed(waves, encoder, steps)
    return made.frames, made.length


def fast_bf16() -> bool:
    """Whether the graphics card knows bf16, or the processor multiplies it in hardware tiles (AMX).

    avx512_bf16 without AMX does not count: measured, it was slower than float32.
    """
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    return bool(torch.cpu._is_amx_tile_supported())


@lru_cache(maxsize=1)
def load(name: str, precision: Precision = "auto") -> Encoder:
    """The encoder in the folder `name` or of the hub id `name`; the last one stays in memory.

    "int8" keeps the linear layers in int8, on the processor only. `InputError` for an unknown precision.
    """
    if precision not in PRECISIONS:
        raise UnknownName("precision", precision, PRECISIONS)
    model, extractor = LOAD.load()(name)
    model.feature_extractor = WaveByWave(
        model.feature_extractor, lambda samples: int(model._get_feat_extract_output_lengths(samples))
    )
    if precision == "int8":
        return Encoder(_int8(model), extractor, torch.float32)
    dtype = torch.bfloat16 if precision == "bf16" or (precision == "auto" and fast_bf16()) else torch.float32
    return Encoder(model.to("cuda" if torch.cuda.is_available() else "cpu", dtype), extractor, dtype)


def _int8(model: nn.Module) -> nn.Module:
    """The model with linear layers that multiply in int8: weights by channel, inputs by tensor, as they come."""
    from torch.ao import quantization

    torch.backends.quantized.engine = "onednn"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch announces that these functions move to torchao
        made: nn.Module = quantization.quantize_dynamic(
            model, {nn.Linear: quantization.per_channel_dynamic_qconfig}, dtype=torch.qint8
        )
    return made


def _pieces(wave: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    if not len(wave):
        raise NotEnoughData("a clip without samples has no vector")
    length = LONGEST_S * RATE_HZ
    return [_long_enough(wave[at : at + length]) for at in range(0, len(wave), length)]


def _long_enough(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.pad(wave, (0, max(0, LEAST_SAMPLES - len(wave))))


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Row numbers, longest first, some padded seconds a batch."""
    batches: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda at: -lengths[at]):
        if batches and (len(batches[-1]) + 1) * lengths[batches[-1][0]] <= BATCH_S * RATE_HZ:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches


def _frames(encoder: Encoder, waves: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """The true frames of each wave, float32 (F, D)."""
    table, lengths = padded([_normalised(encoder.extractor, wave)[:, None] for wave in waves], 1)
    mask = torch.from_numpy((np.arange(table.shape[1]) < lengths[:, None]).astype(np.int64))
    encoder.model.feature_extractor.samples = lengths.tolist()
    inputs, device = torch.from_numpy(table[:, :, 0]), encoder.model.device
    with torch.inference_mode():
        hidden = encoder.model(inputs.to(device, encoder.dtype), attention_mask=mask.to(device)).last_hidden_state
    rows: NDArray[np.float32] = hidden.float().cpu().numpy()
    counts = [encoder.model.feature_extractor.frames_of(int(n)) for n in lengths]
    return [row[:count] for row, count in zip(rows, counts, strict=True)]


def _normalised(extractor: Any, wave: NDArray[np.float32]) -> NDArray[np.float32]:
    """The wave alone as the feature extractor wants it: zero mean and unit variance if its file says so."""
    return np.asarray(extractor(wave, sampling_rate=RATE_HZ, return_tensors="np")["input_values"][0], np.float32)
