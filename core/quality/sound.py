"""Measures the sound of a recording, and tells which measured values are faults.

`measure` takes blocks of float32 (frames, channels) in [-1, 1] in their order. It keeps a few numbers for each frame of
64 ms, so its memory stays small for long audio. Levels are in dBFS. Nothing is decoded or read from disk here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.messages import Message
from core.records import ScannedSpan

PARTS = 4  # levels in one frame
SILENT_DB = -55.0  # silent if the loudest 16 ms of a recording, or of an utterance, is below this
QUIET_DB = -40.0  # a frame this far below the loudest one is not used for tone and flatness
CLIPPED_RUN, CLIPPED_SHARE, CLIPPED_PEAK = 4, 0.001, 0.1
TONE_BINS, TONE_SHARE = 5, 0.95  # a pure tone has nearly all of its power around one frequency
NOISE_FLATNESS = 0.45  # white noise has .56, speech below .2
FEWEST_FRAMES = 8  # half a second of loud frames
UNLIKE, UNLIKE_LEVELS, CHANNEL_DB = 0.3, 0.5, -50.0
OPPOSITE = -0.99
ALIKE = 0.999  # also a mono sound that was stored as stereo with losses, or with one channel quieter


@dataclass(frozen=True, eq=False)
class Sound:
    """The measured values of one recording. Shares are in [0, 1], correlations in [-1, 1].

    `levels` float32 (n,): dBFS of the loudest channel, each over `level_ms` milliseconds. `clipped`: share of samples
    in flat runs at the peak. `tone`: median share of a frame's power around its strongest frequency. `flatness`: median
    spectral flatness. Both medians are over the loud frames, and 0 if there are too few. `likeness`: correlation of two
    channels (of samples, of levels); None unless there are exactly two channels and both have sound.
    """

    frames: int
    rate_hz: int
    channels: int
    peak: float
    levels: NDArray[np.float32]
    level_ms: float
    clipped: float
    tone: float
    flatness: float
    likeness: tuple[float, float] | None


def measure(blocks: Iterable[NDArray[np.float32]], rate_hz: int) -> Sound:
    """Measure a sound from its blocks, float32 (frames, channels), which come in order and have any length."""
    size = 1 << max(6, round(rate_hz * 0.064).bit_length() - 1)
    clips, spectra = _Clips(), _Spectra(size)
    powers: list[NDArray[np.float32]] = []
    channels, sums = 0, np.zeros(3)
    for block in _framed(clips.watch(blocks), size):
        channels = block.shape[1]
        parts = block.reshape(-1, size // PARTS, channels)
        powers.append((parts**2).mean(axis=1))
        loudest = powers[-1].max(axis=1).reshape(-1, PARTS).max(axis=1)
        spectra.add(_louder(block.reshape(-1, size, channels)), loudest)
        if channels == 2:
            left, right = block[:, 0].astype(np.float64), block[:, 1].astype(np.float64)
            sums += (left @ left, right @ right, left @ right)
    power = np.concatenate(powers) if powers else np.zeros((0, max(channels, 1)), np.float32)
    tone, flatness = spectra.medians()
    return Sound(
        frames=clips.frames, rate_hz=rate_hz, channels=channels, peak=clips.peak, levels=_db(power.max(axis=1)),
        level_ms=size // PARTS * 1000 / rate_hz, clipped=clips.share, tone=tone, flatness=flatness,
        likeness=_likeness(power, sums) if channels == 2 else None,
    )  # fmt: skip


def faults(sound: Sound, spans: Sequence[ScannedSpan] = ()) -> Iterator[tuple[str, int | None, str]]:
    """The faults of a sound: (name of the check, utterance id or None for the whole recording, measured value as text).

    `spans` are the utterances of the recording, in ms. A silent recording has no other faults.
    """
    loudest = float(sound.levels.max()) if len(sound.levels) else float(_db(np.array([sound.peak**2]))[0])
    if loudest < SILENT_DB:
        yield "silent", None, Message("at most {db:.0f} dBFS", db=loudest)
        return
    if sound.likeness is not None and sound.likeness[0] < OPPOSITE:
        yield "silent", None, "as mono: the channels cancel each other"
    for span in spans:
        first, last = int(span.start_ms / sound.level_ms), int(-(-span.end_ms // sound.level_ms))
        levels = sound.levels[first:last]
        if len(levels) and float(levels.max()) < SILENT_DB:
            yield "silent-span", span.id, Message("at most {db:.0f} dBFS", db=float(levels.max()))
    if sound.clipped >= CLIPPED_SHARE:
        yield "clipped", None, Message("{share:.1%} of the samples lie flat at the peak", share=sound.clipped)
    if sound.tone >= TONE_SHARE:
        yield "synthetic", None, Message("{share:.0%} of the power around one frequency", share=sound.tone)
    elif sound.flatness >= NOISE_FLATNESS:
        yield "synthetic", None, Message("noise of all frequencies alike (flatness {value:.2f})", value=sound.flatness)
    if sound.likeness is not None and abs(sound.likeness[0]) < UNLIKE and sound.likeness[1] < UNLIKE_LEVELS:
        yield (
            "two-speakers",
            None,
            Message("left and right are different sounds (correlation {value:.2f})", value=sound.likeness[0]),
        )
    if sound.likeness is not None and sound.likeness[0] >= ALIKE:
        yield (
            "same-channels",
            None,
            Message("left and right are the same sound (correlation {value:.4f})", value=sound.likeness[0]),
        )


class _Clips:
    """Counts samples in flat runs at the highest value so far, so that clipping is found at any level."""

    def __init__(self) -> None:
        self.frames, self.peak, self._flat = 0, 0.0, 0

    def watch(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """The blocks unchanged; each is counted before it is passed on."""
        for block in blocks:
            size = np.abs(block)
            highest = float(size.max()) if len(block) else 0.0
            if highest > self.peak * (1 + 1e-4):
                self.peak, self._flat = highest, 0
            self.frames += len(block)
            flat: NDArray[np.bool_] = np.any(size >= self.peak * (1 - 1e-5), axis=1)
            self._flat += _in_runs(flat, CLIPPED_RUN)
            yield block

    @property
    def share(self) -> float:
        """Clipped samples as a share of all frames; 0 if the peak is below `CLIPPED_PEAK`."""
        return self._flat / self.frames if self.frames and self.peak > CLIPPED_PEAK else 0.0


class _Spectra:
    """Keeps tone share, spectral flatness and power of each frame."""

    def __init__(self, size: int) -> None:
        self._window = np.hanning(size).astype(np.float32)
        self._rows: list[NDArray[np.float32]] = []

    def add(self, frames: NDArray[np.float32], power: NDArray[np.float32]) -> None:
        """Add frames: `frames` float32 (n, size) and their `power` float32 (n,)."""
        spectrum = np.abs(np.fft.rfft(frames * self._window, axis=1))[:, 1:] ** 2 + 1e-20
        around = np.cumsum(np.pad(spectrum, ((0, 0), (TONE_BINS // 2 + 1, TONE_BINS // 2))), axis=1)
        tone = (around[:, TONE_BINS:] - around[:, :-TONE_BINS]).max(axis=1) / spectrum.sum(axis=1)
        flatness = np.exp(np.log(spectrum).mean(axis=1)) / spectrum.mean(axis=1)
        self._rows.append(np.stack([tone, flatness, power], axis=1).astype(np.float32))

    def medians(self) -> tuple[float, float]:
        """Median (tone, flatness) of the loud frames; (0, 0) if there are fewer than `FEWEST_FRAMES`."""
        rows = np.concatenate(self._rows) if self._rows else np.zeros((0, 3), np.float32)
        levels = _db(rows[:, 2])
        loud = rows[levels >= max(SILENT_DB, float(levels.max(initial=-200.0)) + QUIET_DB)]
        return (
            (float(np.median(loud[:, 0])), float(np.median(loud[:, 1]))) if len(loud) >= FEWEST_FRAMES else (0.0, 0.0)
        )


def _framed(blocks: Iterable[NDArray[np.float32]], size: int) -> Iterator[NDArray[np.float32]]:
    """The same sound in blocks of whole frames of `size` samples; the last frame is filled up with zeros."""
    rest: NDArray[np.float32] | None = None
    for block in blocks:
        whole = block if rest is None else np.concatenate([rest, block])
        cut = len(whole) // size * size
        if cut:
            yield whole[:cut]
        rest = whole[cut:]
    if rest is not None and len(rest):
        yield np.concatenate([rest, np.zeros((size - len(rest), rest.shape[1]), np.float32)])


def _louder(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, size, channels) -> (n, size): the channel with more power in each frame. A mix of both could cancel out."""
    if frames.shape[2] == 1:
        return frames[:, :, 0]
    channel = (frames**2).sum(axis=1).argmax(axis=1)
    return np.take_along_axis(frames, channel[:, None, None], axis=2)[:, :, 0]


def _in_runs(flags: NDArray[np.bool_], least: int) -> int:
    """How many flags are true in runs of at least `least` true flags."""
    edges = np.flatnonzero(np.diff(flags, prepend=False, append=False))
    lengths = edges[1::2] - edges[::2]
    return int(lengths[lengths >= least].sum())


def _db(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean power to dBFS, not below -200."""
    return (10 * np.log10(np.maximum(power, 1e-20))).astype(np.float32)


def _likeness(power: NDArray[np.float32], sums: NDArray[np.float64]) -> tuple[float, float] | None:
    """Correlation of two channels: (of samples, of levels). `sums`: left·left, right·right, left·right over all."""
    if not len(power) or float(_db(power.max(axis=0)).min()) < CHANNEL_DB:
        return None
    levels = np.sqrt(power.astype(np.float64))
    spread = levels.std(axis=0)
    alike = float(np.corrcoef(levels.T)[0, 1]) if spread.min() > 0 else 1.0
    return float(sums[2] / np.sqrt(sums[0] * sums[1])), alike
