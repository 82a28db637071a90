"""Pieces of a recording, exact to the sample: for playing and judging one utterance.

Sample `k` belongs to `[start_ms, end_ms)` when `start_ms * rate // 1000 <= k < end_ms * rate // 1000`, so neighbouring
spans neither overlap nor leave a gap. Players that cut to whole seconds get a WAV of just the span instead.
"""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.audio.header import LIMITS
from core.errors import AudioError


def cut(wave: NDArray[np.float32], rate_hz: int, start_ms: int, end_ms: int) -> NDArray[np.float32]:
    """The samples of `[start_ms, end_ms)` as a view, clamped to the wave; empty where nothing of it lies inside."""
    start, end = max(0, start_ms * rate_hz // 1000), max(0, end_ms * rate_hz // 1000)
    return wave[start:end]


def to_wav(wave: NDArray[np.float32], rate_hz: int) -> bytes:
    """A 16-bit PCM mono WAV; samples that came from 16 bit keep their exact values."""
    import soundfile

    pcm = np.clip(np.rint(wave.astype(np.float64) * 32768.0), -32768, 32767).astype(np.int16)
    buffer = io.BytesIO()
    soundfile.write(buffer, pcm, rate_hz, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def read_clip(path: Path, start_ms: int, end_ms: int, where: str) -> bytes:
    """A mono WAV of exactly `[start_ms, end_ms)` at the file's own rate; reads only that span.

    The end is clamped to the recording. Raises `AudioError` for what the gate refuses in a header, and for a span
    that is empty or lies outside.
    """
    from core.audio.reader import opened, span

    with opened(path, where, LIMITS) as (sound, head):
        rate = head.sample_rate_hz
        start, end = start_ms * rate // 1000, end_ms * rate // 1000
        if head.frames is not None:
            end = min(end, head.frames)
        pieces = [] if start < 0 else [np.clip(b, -1.0, 1.0).mean(axis=1) for b in span(sound, rate, where, start, end)]
    if not pieces:
        raise AudioError(
            where,
            "no sound in {start_ms}-{end_ms} ms of a recording of {duration_ms} ms",
            start_ms=start_ms,
            end_ms=end_ms,
            duration_ms=head.duration_ms,
        )
    return to_wav(np.concatenate(pieces), rate)
