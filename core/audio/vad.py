"""Find the utterances of a recording by voice activity detection (VAD).

A backend finds raw spans of sound, in several recordings at once. The same rules then turn them into utterances: spans
with less than 300 ms between them are merged, 100 ms are added on both sides, spans that are still under 300 ms are
dropped (a click, but not a shouted syllable), and spans longer than 15 s are split at their quietest point.
The backend `silero` recognises speech and is the default; `energy` finds any sound above the noise, and is the default
where `silero` is not installed. Neither distinguishes speakers.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from core.audio.clips import cut
from core.plugins import Backend, pick

MERGE_MS = 300
SHORTEST_MS = 300
PAD_MS = 100
LONGEST_MS = 15_000
FRAME_MS, HOP_MS = 25, 10
SILENT_DB = -70.0  # a recording whose loudest stretch is below this holds no speech
BLOCK = 6000  # frames that are measured together: a minute of sound
ZERO_DB = -95.0  # digital silence is below this; it is left out when the noise floor is estimated

VADS: dict[str, Backend] = {
    "energy": Backend("core.audio.vad:energies", needs=("librosa",), install="pip install librosa==0.11.0"),
    "silero": Backend(
        "core.speech.silero:spans", needs=("faster_whisper",), install="pip install faster-whisper==1.2.1"
    ),
}

Spans = list[tuple[int, int]]


def default() -> str:
    """The backend that `segments` takes where none is named: `silero` where it is installed, else `energy`."""
    return "silero" if VADS["silero"].installed() else "energy"


def raw(wave: NDArray[np.float32], rate_hz: int = 16_000, backend: str | None = None) -> Spans:
    """Return the raw spans of a backend, before the rules on lengths.

    `wave` is float32 (n,), mono. `UnknownName` or `MissingBackend` if the backend does not exist or is not installed.
    """
    return _raw_of_each([wave], rate_hz, backend)[0]


def segments(wave: NDArray[np.float32], rate_hz: int = 16_000, backend: str | None = None) -> Spans:
    """Return the utterances as `(start_ms, end_ms)`, in order, not overlapping, at most 15 s each; [] for silence.

    `wave` is float32 (n,), mono. `UnknownName` or `MissingBackend` if the backend does not exist or is not installed.
    """
    return segments_of_each([wave], rate_hz, backend)[0]


def segments_of_each(
    waves: Sequence[NDArray[np.float32]], rate_hz: int = 16_000, backend: str | None = None
) -> list[Spans]:
    """Return `segments` of each wave. Several short waves together take less time than one after the other."""
    found = _raw_of_each(waves, rate_hz, backend)
    return [_utterances(wave, spans, rate_hz) for wave, spans in zip(waves, found, strict=True)]


def _raw_of_each(waves: Sequence[NDArray[np.float32]], rate_hz: int, backend: str | None) -> list[Spans]:
    find = pick(VADS, backend or default(), "voice activity backend")
    found = iter(find([wave for wave in waves if len(wave)], rate_hz))
    return [next(found) if len(wave) else [] for wave in waves]


def _utterances(wave: NDArray[np.float32], found: Spans, rate_hz: int) -> Spans:
    """The raw spans of a wave after the rules on lengths."""
    long_enough = [span for span in _merged(found) if span[1] - span[0] + 2 * PAD_MS >= SHORTEST_MS]
    total_ms = len(wave) * 1000 // rate_hz
    padded = [(max(0, start - PAD_MS), min(total_ms, end + PAD_MS)) for start, end in long_enough]
    return [piece for span in padded for piece in pieces(wave, span, rate_hz)]


def pieces(wave: NDArray[np.float32], span: tuple[int, int], rate_hz: int = 16_000) -> Spans:
    """Return the span, or the pieces of a span above 15 s, split where it is quietest; only the span is measured."""
    start, end = span
    if end - start <= LONGEST_MS:
        return [span]
    inside = split((0, end - start), frame_db(cut(wave, rate_hz, start, end), rate_hz))
    return [(start + begin, start + stop) for begin, stop in inside]


def energies(waves: Sequence[NDArray[np.float32]], rate_hz: int) -> list[Spans]:
    """Return `energy` of each wave."""
    return [energy(wave, rate_hz) for wave in waves]


def energy(wave: NDArray[np.float32], rate_hz: int) -> Spans:
    """Return the raw spans whose energy is above a threshold that depends on the noise floor of the recording."""
    centred = wave - np.mean(wave, dtype=np.float64).astype(np.float32)
    levels = frame_db(centred, rate_hz)
    limit_db = _threshold_db(levels, HOP_MS)
    if limit_db is None:
        return []
    sound = np.concatenate([[False], levels > limit_db, [False]])
    edges = np.minimum(np.flatnonzero(sound[1:] != sound[:-1]) * _frame_hop(rate_hz)[1], len(wave))
    return [(int(start) * 1000 // rate_hz, int(end) * 1000 // rate_hz) for start, end in edges.reshape(-1, 2)]


def frame_db(wave: NDArray[np.float32], rate_hz: int) -> NDArray[np.float64]:
    """Return the RMS level in dBFS of 25 ms frames, one each 10 ms, centred as in librosa: float64 (1 + n // hop,).

    Frames overlap, so all of them together need many times the memory of the wave: they are measured block by block.
    """
    frame, hop = _frame_hop(rate_hz)
    total = 1 + max(0, len(wave) + 2 * (frame // 2) - frame) // hop
    levels = [_block_rms(wave, rate_hz, first, min(BLOCK, total - first)) for first in range(0, total, BLOCK)]
    return np.asarray(20.0 * np.log10(np.maximum(np.concatenate(levels), 1e-5)))


def _block_rms(wave: NDArray[np.float32], rate_hz: int, first: int, n: int) -> NDArray[np.float64]:
    """The RMS of `n` frames from frame `first` on; outside the wave there is silence."""
    from librosa.feature import rms

    frame, hop = _frame_hop(rate_hz)
    start = first * hop - frame // 2
    end = start + (n - 1) * hop + frame
    samples = np.pad(wave[max(0, start) : end], (max(0, -start), max(0, end - max(0, start, len(wave)))))
    level = rms(y=samples, frame_length=frame, hop_length=hop, center=False)[0]
    return np.asarray(level, np.float64)


def _frame_hop(rate_hz: int) -> tuple[int, int]:
    return rate_hz * FRAME_MS // 1000, rate_hz * HOP_MS // 1000


def _threshold_db(levels: NDArray[np.float64], hop_ms: int) -> float | None:
    """Return the level above which a frame is sound; None if the whole recording is silent.

    The noise floor is the 10th percentile of the levels. The threshold is 0.3 of the way from there to the loudest
    100 ms (an average, so that a click does not raise it), but 3 to 8 dB above the floor. It is low because missing a
    whisper costs more than finding a breath. If floor and peak are nearly equal, everything is sound.
    """
    width = min(100 // hop_ms, len(levels))
    peak = float(np.convolve(levels, np.ones(width) / width, mode="valid").max())
    if peak < SILENT_DB:
        return None
    floor = max(float(np.percentile(levels[levels > ZERO_DB], 10)), peak - 60.0)
    contrast = peak - floor
    return floor - 6.0 if contrast < 6.0 else floor + min(max(3.0, 0.3 * contrast), 8.0)


def _merged(spans: Iterable[tuple[int, int]]) -> Spans:
    merged: Spans = []
    for start, end in spans:
        if merged and start - merged[-1][1] < MERGE_MS:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def split(span: tuple[int, int], levels: NDArray[np.float64]) -> Spans:
    """Split until no span is longer than 15 s, each time at the quietest 200 ms of its middle half.

    `levels` are those of `frame_db`, of the wave in which the span lies.
    """
    return _split(span, np.convolve(levels, np.ones(20) / 20, mode="same"))


def _split(span: tuple[int, int], smooth: NDArray[np.float64]) -> Spans:
    """Each part has at most three quarters of the span, so that a recording of hours is split in few steps."""
    start, end = span
    if end - start <= LONGEST_MS:
        return [span]
    margin = (end - start) // 4
    inner = smooth[(start + margin) // HOP_MS : (end - margin) // HOP_MS]
    at = start + margin + int(inner.argmin()) * HOP_MS
    return _split((start, at), smooth) + _split((at, end), smooth)
