"""Cut clips of a recording, exact to the sample, to play or judge one utterance.

Sample `k` belongs to `[start_ms, end_ms)` if `start_ms * rate // 1000 <= k < end_ms * rate // 1000`, so neighbouring
spans neither overlap nor leave a gap. Players that can only seek to whole seconds get a WAV that holds just the span.
"""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.audio.header import LIMITS
from core.errors import AudioError


def cut(wave: NDArray[np.float32], rate_hz: int, start_ms: int, end_ms: int) -> NDArray[np.float32]:
    """Return the samples of `[start_ms, end_ms)` as a view, limited to the wave; empty if the span lies outside."""
    start, end = max(0, start_ms * rate_hz // 1000), max(0, end_ms * rate_hz // 1000)
    return wave[start:end]


def to_pcm16(wave: NDArray[np.float32]) -> NDArray[np.int16]:
    """Return 16-bit samples. Those that were decoded from 16 bits keep their exact values."""
    return np.clip(np.rint(wave.astype(np.float64) * 32768.0), -32768, 32767).astype(np.int16)


def to_wav(wave: NDArray[np.float32], rate_hz: int) -> bytes:
    """Return a 16-bit PCM mono WAV. Samples that were decoded from 16 bits keep their exact values."""
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, to_pcm16(wave), rate_hz, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def read_clip(path: Path, start_ms: int, end_ms: int, where: str) -> bytes:
    """Return a mono WAV of exactly `[start_ms, end_ms)`, at the file's own sample rate. This reads only that span.

    The end is limited to the recording. `AudioError` if the header of the file is refused (see `core.audio.gate`), or
    if the span is empty or outside the recording.
    """
    from core.audio.reader import open_sound, read_span

    with open_sound(path, where, LIMITS) as (sound, head):
        rate = head.sample_rate_hz
        start, end = start_ms * rate // 1000, end_ms * rate // 1000
        if head.frames is not None:
            end = min(end, head.frames)
        blocks = [] if start < 0 else read_span(sound, rate, where, start, end)
        pieces = [np.clip(block, -1.0, 1.0).mean(axis=1) for block in blocks]
    if not pieces:
        raise AudioError(
            where,
            "no sound in {start_ms}-{end_ms} ms of a recording of {duration_ms} ms",
            start_ms=start_ms,
            end_ms=end_ms,
            duration_ms=head.duration_ms,
        )
    return to_wav(np.concatenate(pieces), rate)
