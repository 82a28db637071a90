"""The one function through which every byte of audio passes: `decode`, and `probe` that reads only the header.

Either samples or one `AudioError(where, reason)`; nothing unreadable ever turns into silence. The order is: bytes,
magic, header (channels, rate, duration, truncation), then decoding block by block into a mono mix that is resampled
as it comes, so memory follows the result and never a header's claim. Does not normalise loudness.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from core.audio.header import LIMITS, Limits
from core.errors import AudioError
from core.messages import Message

SILENCE = 10 ** (-90 / 20)  # peak; one step of 16 bit is -90.3 dBFS
MAX_SAMPLES = 100_000_000  # 400 MB of float32; only reached when no resampling is asked for

__all__ = ["LIMITS", "Audio", "Limits", "Probe", "decode", "probe"]


@dataclass(frozen=True, eq=False)
class Audio:
    """`wave` float32 (n,), mono, in [-1, 1], at `sample_rate_hz`; the rest describes the source."""

    wave: NDArray[np.float32]
    sample_rate_hz: int
    source_rate_hz: int
    channels: int
    format: str
    duration_ms: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """A header that passed; `format` is WAV, FLAC, OGG, MP3, AIFF or AU."""

    format: str
    sample_rate_hz: int
    channels: int
    duration_ms: int
    notes: tuple[str, ...] = ()


def probe(data: bytes | Path | BinaryIO, where: str, limits: Limits = LIMITS) -> Probe:
    """Check and describe by the header alone; decodes only where the header leaves the length open (some FLACs).

    Raises `AudioError`. Silence, NaN and a broken stream inside the sound are found by `decode` only.
    """
    from core.audio.reader import blocks, opened, to_ms

    with opened(data, where, limits) as (sound, head):
        duration_ms = head.duration_ms
        if head.frames is None:
            duration_ms = to_ms(sum(len(block) for block in blocks(sound, head, where, limits)), head.sample_rate_hz)
    return Probe(head.format, head.sample_rate_hz, head.channels, duration_ms, head.notes)


def decode(
    data: bytes | Path | BinaryIO, where: str, *, rate_hz: int | None = 16_000, limits: Limits = LIMITS
) -> Audio:
    """Decode, mix to mono, resample to `rate_hz` (None: as it is). `where` names the file in the `AudioError`.

    A stream is read from where it stands. Samples beyond +-1 (float files, MP3) are clipped and noted.
    """
    from core.audio.reader import blocks, opened, to_ms

    with opened(data, where, limits) as (sound, head):
        mix = _Mix(where)
        target = rate_hz or head.sample_rate_hz
        wave = _gather(_resampled(mix.take(blocks(sound, head, where, limits)), head.sample_rate_hz, target), where)
    mix.check()
    if not len(wave):
        raise AudioError(
            where,
            "too short: {frames} frames give no sample at {target} Hz",
            kind="too-short",
            frames=mix.frames,
            target=target,
        )
    clipped = (Message("{n} samples beyond +-1 were clipped", n=mix.beyond),) if mix.beyond else ()
    return Audio(
        wave=np.clip(wave, -1.0, 1.0),
        sample_rate_hz=target,
        source_rate_hz=head.sample_rate_hz,
        channels=head.channels,
        format=head.format,
        duration_ms=to_ms(mix.frames, head.sample_rate_hz),
        notes=head.notes + clipped,
    )


class _Mix:
    """Mixes blocks to mono and remembers what passed by."""

    def __init__(self, where: str) -> None:
        self.where, self.frames, self.beyond, self.peak, self.mono_peak = where, 0, 0, 0.0, 0.0

    def take(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        for block in blocks:
            size = np.abs(block)
            self.frames += len(block)
            self.beyond += int((size > 1.0).sum())
            self.peak = max(self.peak, float(size.max()))
            mono = np.clip(block, -1.0, 1.0).mean(axis=1, dtype=np.float32)
            self.mono_peak = max(self.mono_peak, float(np.abs(mono).max()))
            yield mono

    def check(self) -> None:
        if not self.frames:
            raise AudioError(self.where, "zero frames: nothing could be decoded", kind="no-frames")
        if self.peak < SILENCE:
            raise AudioError(
                self.where,
                "all-silent: every sample is zero" if self.peak == 0 else "all-silent: its peak is below -90 dBFS",
                kind="silent",
            )
        if self.mono_peak < SILENCE:
            raise AudioError(self.where, "all-silent as mono: the channels cancel each other", kind="silent")


def _resampled(waves: Iterable[NDArray[np.float32]], rate_hz: int, target_hz: int) -> Iterator[NDArray[np.float32]]:
    if rate_hz == target_hz:
        yield from waves
        return
    import soxr

    stream = soxr.ResampleStream(rate_hz, target_hz, 1, dtype="float32")
    for wave in waves:
        yield stream.resample_chunk(wave)
    yield stream.resample_chunk(np.zeros(0, dtype=np.float32), last=True)


def _gather(waves: Iterable[NDArray[np.float32]], where: str) -> NDArray[np.float32]:
    pieces, samples = [np.zeros(0, dtype=np.float32)], 0
    for wave in waves:
        samples += len(wave)
        if samples > MAX_SAMPLES:
            raise AudioError(
                where,
                "too large: more than {max_samples:,} samples once decoded",
                kind="too-large",
                max_samples=MAX_SAMPLES,
            )
        pieces.append(wave)
    return np.concatenate(pieces)
