"""Frame embeddings of a wav2vec2 encoder (also HuBERT and WavLM): frozen, N waves at a time.

A wave is float32 (n,), mono, 16 kHz; a frame is 20 ms. All means are over true frames only, and the result for a wave
does not depend on the waves beside it. In bf16 and on a graphics card waves of like length share a batch, whose padding
is masked; in float32 and int8 on a processor each wave runs alone, because padding costs more there than a batch saves.
The convolutions always run wave by wave: with group norm it is the only way that padding changes nothing. A wave above
`LONGEST_S` is read in pieces. Nothing is trained here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.audio.sequences import STEPS, equal_parts, padded
from core.errors import NotEnoughData
from core.plugins import Backend
from core.speech.convolutions import WaveByWave, fold_weight_norms
from core.speech.precision import Precision, alike, likely, quantize, trial_sound

RATE_HZ = 16_000
LONGEST_S = 60  # of one piece; attention grows with the square of it
BATCH_S = 32  # seconds of padded sound in one batch
LOAD = Backend("core.models.voice.extractors:load_frame_encoder", ("transformers",), "pip install transformers")
LEAST_SAMPLES = 400  # of one frame; a shorter wave is padded with zeros

Progress = Callable[[int, int], None]


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
    """A loaded checkpoint: the network, its feature extractor, and the number type of its inputs.

    A batch has at most `batch_s` seconds of padded sound, and always one wave at least.
    """

    model: Any
    extractor: Any
    dtype: torch.dtype
    batch_s: int

    @property
    def width(self) -> int:
        """The length D of an embedding."""
        return int(self.model.config.hidden_size)


def embed(
    waves: Sequence[NDArray[np.float32]],
    encoder: str,
    steps: int = STEPS,
    precision: Precision = "auto",
    progress: Progress = lambda done, total: None,
) -> Embeddings:
    """The embeddings of N waves by `encoder`, a local folder or hub id.

    `precision` "auto" is the fastest here that keeps the vectors: bf16, int8, or float32. `progress(done, total)`
    counts waves.
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
    read: set[int] = set()
    for batch in _batches([len(piece) for _, piece in pieces], encoder.batch_s):
        made |= dict(zip(batch, _frames(encoder, [pieces[at][1] for at in batch]), strict=True))
        read |= {pieces[at][0] for at in batch}
        progress(len(read), len(waves))
    parts: list[list[NDArray[np.float32]]] = [[] for _ in waves]
    for at, (row, _) in enumerate(pieces):
        parts[row].append(made[at])
    whole = [np.concatenate(part) for part in parts]
    pooled = np.stack([frames.mean(axis=0) for frames in whole]) if whole else np.zeros((0, encoder.width), np.float32)
    return Embeddings(pooled, *padded([equal_parts(frames, steps) for frames in whole], encoder.width))


def vectors(waves: Sequence[NDArray[np.float32]], encoder: str, precision: Precision = "auto") -> NDArray[np.float32]:
    """float32 (N, D): the mean over the true frames of each wave."""
    return embed(waves, encoder, steps=1, precision=precision).pooled


def frames(
    waves: Sequence[NDArray[np.float32]], encoder: str, steps: int = STEPS
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """`frames` float32 (N, T, D) and `length` int64 (N,) of `embed`."""
    made = embed(waves, encoder, steps)
    return made.frames, made.length


@lru_cache(maxsize=1)
def load(name: str, precision: Precision = "auto") -> Encoder:
    """The encoder in the folder `name` or of the hub id `name`; the last one stays in memory.

    "int8" keeps the linear layers in int8, on the processor only. `UnknownName` for an unknown precision.
    """
    fastest = likely(precision)
    encoder = _plain(name)
    if fastest == "int8":
        return _int8(encoder) if precision == "int8" else _int8_if_alike(encoder) or _plain(name)
    if fastest == "float32" and not torch.cuda.is_available():
        return encoder
    dtype = torch.bfloat16 if fastest == "bf16" else torch.float32
    model = encoder.model.to("cuda" if torch.cuda.is_available() else "cpu", dtype)
    return Encoder(model, encoder.extractor, dtype, BATCH_S)


def _plain(name: str) -> Encoder:
    """The encoder in float32 on the processor."""
    model, extractor = LOAD.load()(name)
    model.feature_extractor = WaveByWave(
        model.feature_extractor, lambda samples: int(model._get_feat_extract_output_lengths(samples))
    )
    fold_weight_norms(model)
    return Encoder(model, extractor, torch.float32, batch_s=0)


def _int8(encoder: Encoder) -> Encoder:
    quantize(encoder.model)
    return encoder


def _int8_if_alike(encoder: Encoder) -> Encoder | None:
    """The encoder in int8; nothing if its vector of a second of sound turns away from float32's, or if it fails.

    WavLM fails: its attention reads the weights of its linear layers itself.
    """
    sound = [trial_sound(RATE_HZ)]
    exact = embedded(sound, encoder).pooled[0]
    try:
        fast = _int8(encoder)
        return fast if alike(exact, embedded(sound, fast).pooled[0]) else None
    except (RuntimeError, TypeError, AttributeError):
        return None


def _pieces(wave: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    if not len(wave):
        raise NotEnoughData("a clip without samples has no vector")
    length = LONGEST_S * RATE_HZ
    return [_long_enough(wave[at : at + length]) for at in range(0, len(wave), length)]


def _long_enough(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.pad(wave, (0, max(0, LEAST_SAMPLES - len(wave))))


def _batches(lengths: Sequence[int], batch_s: int) -> list[list[int]]:
    """Row numbers, longest first, some padded seconds a batch."""
    batches: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda at: -lengths[at]):
        if batches and (len(batches[-1]) + 1) * lengths[batches[-1][0]] <= batch_s * RATE_HZ:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches


def _frames(encoder: Encoder, waves: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """The true frames of each wave, float32 (F, D)."""
    table, lengths = padded([_normalised(encoder.extractor, wave)[:, None] for wave in waves], 1)
    inputs, device = torch.from_numpy(table[:, :, 0]), encoder.model.device
    mask = torch.arange(inputs.shape[1])[None] < torch.from_numpy(lengths)[:, None]
    padding = None if bool(mask.all()) else mask.to(device, torch.int64)
    encoder.model.feature_extractor.samples = lengths.tolist()
    with torch.inference_mode():
        hidden = encoder.model(inputs.to(device, encoder.dtype), attention_mask=padding).last_hidden_state
    rows: NDArray[np.float32] = hidden.float().cpu().numpy()
    counts = [encoder.model.feature_extractor.frames_of(int(n)) for n in lengths]
    return [row[:count] for row, count in zip(rows, counts, strict=True)]


def _normalised(extractor: Any, wave: NDArray[np.float32]) -> NDArray[np.float32]:
    """The wave alone as the feature extractor wants it: zero mean and unit variance if its file says so."""
    return np.asarray(extractor(wave, sampling_rate=RATE_HZ, return_tensors="np")["input_values"][0], np.float32)
