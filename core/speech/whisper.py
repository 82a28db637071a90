"""The encoder of Whisper as a frozen encoder of voices: one vector a clip, mean and deviation over its true frames.

A frame is 20 ms. Whisper pads every clip to 30 s, which is waste for two seconds of speech; here a clip is padded to
the next multiple of `STEP_S`, so that clips of one length share a batch. The window depends on the clip alone: a batch
of one gives what a batch of many gives. A clip above 30 s is read in pieces.
"""

import os
from collections.abc import Sequence
from functools import lru_cache
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.audio.sequences import STEPS, equal_parts, padded
from core.errors import NotEnoughData
from core.settings import settings
from core.speech.weights import whisper_folder

RATE_HZ = 16_000
FRAME = 320  # samples of one frame of the encoder, 20 ms
LONGEST_S, STEP_S = 30, 4
BATCH_S = 60  # seconds of padded sound in one batch
WIDTH = 512
WORKERS = min(4, os.cpu_count() or 1)  # calls at a time
DIMS = 2 * WIDTH


def vectors(waves: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """float32 (N, 1024) of N waves float32 (n,), mono, 16 kHz: mean, then standard deviation over frames.

    `NotEnoughData` for a wave without samples; `MissingBackend` where faster-whisper or the weights are missing.
    """
    pieces = [(row, piece) for row, wave in enumerate(waves) for piece in _pieces(wave)]
    made = np.zeros((len(waves), DIMS), np.float32)
    weight = np.zeros(len(waves), np.float32)
    for batch in _batches(pieces):
        for (row, piece), frames in zip(batch, _encoded([piece for _, piece in batch]), strict=True):
            made[row] += len(piece) * np.concatenate([frames.mean(axis=0), frames.std(axis=0)])
            weight[row] += len(piece)
    return made / weight[:, None] if len(waves) else made


def frames(waves: Sequence[NDArray[np.float32]], steps: int = STEPS) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Frames float32 (N, T, 512) of N waves, means of at most `steps` equal parts, and how many are true, int64 (N,).

    `NotEnoughData` for a wave without samples.
    """
    owned = [(row, piece) for row, wave in enumerate(waves) for piece in _pieces(wave)]
    made: dict[int, NDArray[np.float32]] = {}
    for batch in _batches([(at, piece) for at, (_, piece) in enumerate(owned)]):
        made |= dict(zip((at for at, _ in batch), _encoded([piece for _, piece in batch]), strict=True))
    parts: list[list[NDArray[np.float32]]] = [[] for _ in waves]
    for at, (row, _) in enumerate(owned):
        parts[row].append(made[at])
    return padded([equal_parts(np.concatenate(part), steps) for part in parts], WIDTH)


def window_s(samples: int) -> int:
    """The seconds that a clip is padded to.

    >>> window_s(16_000), window_s(65_000), window_s(480_000)
    (4, 8, 30)
    """
    return min(LONGEST_S, max(1, ceil(samples / RATE_HZ / STEP_S)) * STEP_S)


def _pieces(wave: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    if not len(wave):
        raise NotEnoughData("a clip without samples has no vector")
    length = LONGEST_S * RATE_HZ
    return [wave[at : at + length] for at in range(0, len(wave), length)]


def _batches(pieces: list[tuple[int, NDArray[np.float32]]]) -> list[list[tuple[int, NDArray[np.float32]]]]:
    """The pieces in batches of one window each, some seconds of padded sound a batch."""
    by_window: dict[int, list[tuple[int, NDArray[np.float32]]]] = {}
    for row, piece in pieces:
        by_window.setdefault(window_s(len(piece)), []).append((row, piece))
    return [
        held[at : at + max(1, BATCH_S // window)]
        for window, held in sorted(by_window.items())
        for at in range(0, len(held), max(1, BATCH_S // window))
    ]


def _encoded(waves: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """The true frames of each wave, float32 (frames, 512); all waves have one window."""
    import ctranslate2

    model = load_model(str(whisper_folder(settings())), "cpu")
    frames = window_s(len(waves[0])) * 100  # of the log-mel spectrogram: 10 ms
    padded = [np.pad(wave, (0, frames * 160 - len(wave))) for wave in waves]
    mel = np.stack([model.feature_extractor(wave, padding=0)[:, :frames] for wave in padded])
    encoded = model.model.encode(ctranslate2.StorageView.from_array(np.ascontiguousarray(mel)), to_cpu=True)
    return [rows[: ceil(len(wave) / FRAME)] for rows, wave in zip(np.array(encoded), waves, strict=True)]


@lru_cache(maxsize=2)
def load_model(folder: str, device: str) -> Any:
    """The weights of `folder`, one copy a process for voices and for transcripts.

    Each of `WORKERS` calls at a time computes on one thread as all training here, so that results do not depend on the
    number of cores. On a graphics card ("cuda") the weights are float16 instead of int8.
    """
    from faster_whisper import WhisperModel

    kind = "int8" if device == "cpu" else "float16"
    return WhisperModel(
        folder, device=device, compute_type=kind, cpu_threads=1, num_workers=WORKERS, local_files_only=True
    )


def device() -> str:
    """Where transcripts are computed: "cuda" where there is a graphics card, else "cpu"."""
    import ctranslate2

    return "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
