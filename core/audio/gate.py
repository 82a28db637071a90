"""The gate for audio: `decode` checks and reads every audio file, and `probe` checks only its header.

The result is samples, or an `AudioError(where, reason)`; unreadable audio never becomes silence. The checks are, in
order: size, magic bytes, header (channels, rate, duration, truncation), then each decoded block. Blocks are mixed to
mono and resampled one by one, so the memory depends on the result and not on the numbers in a header. The loudness is
not normalised.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from core.audio.header import LIMITS, Limits
from core.errors import AudioError
from core.messages import Message

if TYPE_CHECKING:
    from core.audio.reader import Header

SILENCE = 10 ** (-90 / 20)  # a lower peak is silence; one step of 16 bits is -90.3 dBFS
MAX_SAMPLES = 100_000_000  # 400 MB of float32; a file can have more only if it is not resampled

__all__ = ["LIMITS", "Audio", "Limits", "Probe", "decode", "probe"]


@dataclass(frozen=True, eq=False)
class Audio:
    """Decoded audio: `wave` float32 (n,), mono, in [-1, 1], at `sample_rate_hz`. The other fields describe the file."""

    wave: NDArray[np.float32]
    sample_rate_hz: int
    source_rate_hz: int
    channels: int
    format: str
    duration_ms: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """The facts in a header that passed all checks; `format` is WAV, FLAC, OGG, MP3, AIFF, AU, M4A, 3GP, AMR, WEBM …

    `copy` is a FLAC of a sound that libsndfile or browsers cannot read, else None; `sample_rate_hz` is then its own.
    """

    format: str
    sample_rate_hz: int
    channels: int
    duration_ms: int
    notes: tuple[str, ...] = ()
    copy: bytes | None = field(default=None, repr=False)


def probe(data: bytes | Path | BinaryIO, where: str, limits: Limits = LIMITS) -> Probe:
    """Check the header and describe the file; `AudioError` if it is refused.

    This decodes the sound only if the header does not give its length (some FLAC files), or if the sound needs a copy
    in FLAC. Otherwise only `decode` finds silence, NaN and damage inside the sound.
    """
    from core.audio.reader import open_sound, read_blocks, to_ms

    with open_sound(data, where, limits) as (sound, head):
        duration_ms, rate_hz, copy = head.duration_ms, head.sample_rate_hz, None
        small: tuple[str, ...] = ()
        if head.copied:
            copy, frames, rate_hz, small = _copied(read_blocks(sound, head, where, limits), head, where, limits)
            duration_ms = to_ms(frames, head.sample_rate_hz)
        elif head.frames is None:
            frames = sum(len(block) for block in read_blocks(sound, head, where, limits))
            duration_ms = to_ms(frames, head.sample_rate_hz)
    return Probe(head.format, rate_hz, head.channels, duration_ms, (*head.notes, *sound.notes, *small), copy)


def _copied(
    blocks: Iterable[NDArray[np.float32]], head: "Header", where: str, limits: Limits
) -> tuple[bytes, int, int, tuple[str, ...]]:
    """The sound as FLAC, the number of its frames, the sample rate of the FLAC, and a note if it had to be smaller."""
    from core.audio.foreign.copy import FlacCopy

    with FlacCopy(head.sample_rate_hz, head.channels, head.bits) as flac:
        frames = sum(len(block) for block in flac.take(blocks))
        if not frames:
            raise AudioError(where, "zero frames: nothing could be decoded", kind="no-frames")
        data = flac.finished(limits.max_bytes)
        if (flac.rate_hz, flac.channels) == (head.sample_rate_hz, head.channels):
            return data, frames, flac.rate_hz, ()
        note = Message(
            "its copy has {rate_hz} Hz, to stay small: the file as it came is kept too", rate_hz=flac.rate_hz
        )
        return data, frames, flac.rate_hz, (note,)


def decode(
    data: bytes | Path | BinaryIO, where: str, *, rate_hz: int | None = 16_000, limits: Limits = LIMITS
) -> Audio:
    """Decode, mix to mono, and resample to `rate_hz` (None: keep the rate of the file).

    A stream is read from its current position. Samples beyond +-1 (float files, MP3) are clipped, and a note says so.
    `AudioError` if the audio is refused; `where` is the name of the file in the error.
    """
    from core.audio.reader import open_sound, read_blocks, to_ms

    with open_sound(data, where, limits) as (sound, head):
        mix = _MonoMix(where)
        target = rate_hz or head.sample_rate_hz
        wave = _gather(
            _resampled(mix.take(read_blocks(sound, head, where, limits)), head.sample_rate_hz, target), where
        )
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
        notes=(*head.notes, *sound.notes, *clipped),
    )


class _MonoMix:
    """Mixes blocks to mono, and counts frames, samples beyond +-1, and peaks."""

    def __init__(self, where: str) -> None:
        self.where, self.frames, self.beyond, self.peak, self.mono_peak = where, 0, 0, 0.0, 0.0

    def take(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        for block in blocks:
            size = np.abs(block)
            peak = float(size.max())
            if peak > 1.0:
                self.beyond += int((size > 1.0).sum())
                block = np.clip(block, -1.0, 1.0)
            mono = block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32)
            self.frames += len(block)
            self.peak = max(self.peak, peak)
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

    blocks = iter(waves)
    held = next(blocks, np.zeros(0, dtype=np.float32))  # one block behind, since the last one ends the stream
    following = next(blocks, None)
    if following is None:  # the same samples, without a stream
        yield soxr.resample(held, rate_hz, target_hz)
        return
    stream = soxr.ResampleStream(rate_hz, target_hz, 1, dtype="float32")
    while following is not None:
        yield stream.resample_chunk(held)
        held, following = following, next(blocks, None)
    yield stream.resample_chunk(held, last=True)


def _gather(waves: Iterable[NDArray[np.float32]], where: str) -> NDArray[np.float32]:
    return np.concatenate([np.zeros(0, dtype=np.float32), *limited(waves, where, MAX_SAMPLES)])


def limited(blocks: Iterable[NDArray[np.float32]], where: str, most: int) -> Iterator[NDArray[np.float32]]:
    """Yield `blocks`; `AudioError` as soon as they have more than `most` samples."""
    samples = 0
    for block in blocks:
        samples += block.size
        if samples > most:
            raise AudioError(
                where, "too large: more than {max_samples:,} samples once decoded", kind="too-large", max_samples=most
            )
        yield block
