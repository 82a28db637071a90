"""Splits a sound into its channels: a call with one speaker on each channel becomes one mono WAV for each speaker.

Mono files need no other part of the program to know about channels: player, features, snapshots and voice models read
them as they read every recording. Samples that were 16 bits keep their exact values; the sampling rate stays.
"""

import io
from collections.abc import Iterable
from contextlib import ExitStack

import numpy as np
from numpy.typing import NDArray

from core.audio import gate
from core.audio.clips import to_pcm16
from core.audio.gate import MAX_SAMPLES
from core.audio.header import LIMITS, Limits
from core.errors import AudioError


def split(data: bytes, where: str, limits: Limits = LIMITS, most: int = MAX_SAMPLES) -> list[bytes]:
    """Each channel of the sound as a mono WAV, 16 bit, the first channel first.

    `AudioError` if it cannot be read, or if it has more than `most` samples in all channels together.
    """
    from core.audio.reader import open_sound, read_blocks

    with open_sound(data, where, limits) as (sound, head):
        blocks = read_blocks(sound, head, where, limits)
        return _written(_limited(blocks, where, most), head.channels, head.sample_rate_hz)


def _limited(blocks: Iterable[NDArray[np.float32]], where: str, most: int) -> Iterable[NDArray[np.float32]]:
    samples = 0
    for block in gate.limited(blocks, where, most):
        samples += block.size
        yield block
    if not samples:
        raise AudioError(where, "zero frames: nothing could be decoded", kind="no-frames")


def _written(blocks: Iterable[NDArray[np.float32]], channels: int, rate_hz: int) -> list[bytes]:
    """A WAV for each channel of `blocks` (frames, channels), written block by block."""
    import soundfile

    buffers = [io.BytesIO() for _ in range(channels)]
    with ExitStack() as stack:
        files = [
            stack.enter_context(soundfile.SoundFile(buffer, "w", rate_hz, 1, "PCM_16", format="WAV"))
            for buffer in buffers
        ]
        for block in blocks:
            pcm = to_pcm16(block)
            for number, file in enumerate(files):
                file.write(pcm[:, number])
    return [buffer.getvalue() for buffer in buffers]
