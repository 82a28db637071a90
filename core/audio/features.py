"""The inputs of the voice network: 13 mel-frequency cepstral coefficients (MFCC) in 100 frames.

`mfcc` reads the first 3.2 s at 16 kHz without leading silence, standardised over the clip. `first_frames` is the seed's
way: the clip as it is at its own rate, cut after 100 frames. `spread_frames` trims the silence on both sides and
spreads 100 frames over the whole clip. Hop 512, window 2048 and 128 mel bands are librosa's defaults. `pitch_shift` is
the change of coefficients that a change of pitch makes. This module has no network and does not use torch.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.audio.sequences import equal_parts
from core.errors import NotEnoughData

RATE_HZ = 16_000
FRAMES, COEFFICIENTS = 100, 13
HOP, WINDOW, MELS = 512, 2048, 128
ONSET_DB = -30.0
ONSET_WINDOW_MS = 10
LEAST_POWER, RANGE_DB = 1e-10, 80.0  # librosa's: what is quieter, or further below the loudest band, counts as that
BLOCK = 128  # frames


def trim_leading_silence(wave: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    """Return the wave from its onset on, as a view. A wave of only zeros is returned unchanged.

    The onset is the end of the first 10 ms whose power is within 30 dB of the loudest 10 ms. It is exact to the sample,
    so digital silence of any length before it does not change the result.
    """
    width = max(1, rate_hz * ONSET_WINDOW_MS // 1000)
    power = np.cumsum(np.square(wave, dtype=np.float64))
    power[width:] -= power[:-width].copy()
    if not len(wave) or (peak := power.max()) <= 0.0:
        return wave
    return wave[int(np.argmax(power >= peak * 10 ** (ONSET_DB / 10))) :]


def trim_silence(wave: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    """Return the wave from its onset to its end, by the same rule from both sides, as a view."""
    return trim_leading_silence(trim_leading_silence(wave, rate_hz)[::-1], rate_hz)[::-1]


def mfcc(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 13 MFCC of the first 100 frames: float32 (100, 13), time first.

    `wave` is float32 (n,), mono, 16 kHz. Leading silence is trimmed. Each coefficient is standardised over the frames
    of the clip (mean 0, variance 1; a constant coefficient becomes 0). A shorter clip is then padded with zeros, which
    is the mean. `NotEnoughData` if `wave` is empty.
    """
    _check(wave)
    clip = trim_leading_silence(wave, RATE_HZ)[: (FRAMES - 1) * HOP + WINDOW // 2]
    coefficients = _cepstrum(clip, RATE_HZ)[:FRAMES].astype(np.float64)
    coefficients -= coefficients.mean(axis=0)
    deviation = coefficients.std(axis=0)
    coefficients /= np.where(deviation > 1e-6, deviation, 1.0)
    return _filled(coefficients)


def mfcc_batch(
    waves: Sequence[NDArray[np.float32]], progress: Callable[[int, int], None] | None = None
) -> NDArray[np.float32]:
    """Return `mfcc` of each wave: float32 (N, 100, 13). `progress(done, total)` is called after each wave."""
    result = np.zeros((len(waves), FRAMES, COEFFICIENTS), dtype=np.float32)
    for i, wave in enumerate(waves):
        result[i] = mfcc(wave)
        if progress is not None:
            progress(i + 1, len(waves))
    return result


def first_frames(wave: NDArray[np.float32], rate_hz: int) -> tuple[NDArray[np.float32], int]:
    """Return the MFCC of the first 100 frames, float32 (100, 13), and how many of them are true.

    Nothing is trimmed and nothing is standardised. At 48 kHz 100 frames are 1.07 s, at 16 kHz 3.2 s.
    """
    _check(wave)
    coefficients = _cepstrum(wave[: (FRAMES - 1) * HOP + WINDOW // 2], rate_hz)[:FRAMES]
    return _filled(coefficients), len(coefficients)


def spread_frames(wave: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
    """Return the MFCC of the whole clip at 16 kHz, float32 (100, 13), and how many frames are true.

    Silence is trimmed on both sides. More than 100 frames are pooled to 100 equal parts; nothing is standardised.
    """
    _check(wave)
    coefficients = equal_parts(_cepstrum(trim_silence(wave, RATE_HZ), RATE_HZ), FRAMES)
    return _filled(coefficients), len(coefficients)


@cache
def pitch_shift(semitones: float, rate_hz: int = RATE_HZ) -> NDArray[np.float32]:
    """Return the matrix M (13, 13) with `mfcc @ M` the coefficients of a sound whose spectrum lies `semitones` higher.

    13 coefficients hold the smooth spectrum only; it is shifted on the mel scale. The result is close to the
    coefficients of the shifted sound and costs no sound to be computed.
    """
    from librosa import mel_frequencies
    from scipy.fft import dct, idct

    centres = mel_frequencies(MELS, fmin=0.0, fmax=rate_hz / 2)
    spectra = idct(np.eye(COEFFICIENTS, MELS), axis=1, norm="ortho")
    shifted = [np.interp(centres / 2 ** (semitones / 12), centres, spectrum) for spectrum in spectra]
    return np.asarray(dct(np.stack(shifted), axis=1, norm="ortho")[:, :COEFFICIENTS], dtype=np.float32)


def register(wave: NDArray[np.float32]) -> str:
    """Tell by the median pitch whether a voice at 16 kHz is "low" (below 165 Hz, as most men's) or "high".

    It stands for the gender, which recordings seldom name; it is a property of the sound and not of the person.
    """
    from librosa import yin

    clip = trim_silence(wave, RATE_HZ)[: 5 * RATE_HZ]
    clip = np.pad(clip, (0, max(0, WINDOW - len(clip))))
    pitch = yin(clip, fmin=65.0, fmax=400.0, sr=RATE_HZ, frame_length=1024)
    return "low" if float(np.median(pitch)) < 165.0 else "high"


def _check(wave: NDArray[np.float32]) -> None:
    if not len(wave):
        raise NotEnoughData("no samples to take features from")


def _cepstrum(clip: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    """The MFCC of all frames of a clip, (F, 13), as librosa's: outside the clip there are zeros.

    The powers in all bands are computed in blocks that the cache of a processor holds, in float32.
    """
    frames = _frames(clip)
    window, filters, cosines = _tables(rate_hz)
    blocks = [filters @ _power(frames[at : at + BLOCK] * window).T for at in range(0, len(frames), BLOCK)]
    levels = 10.0 * np.log10(np.maximum(np.concatenate(blocks, axis=1), LEAST_POWER))
    return np.asarray(np.maximum(levels, levels.max() - RANGE_DB).T @ cosines, dtype=np.float32)


def _frames(clip: NDArray[np.float32]) -> NDArray[np.float32]:
    """A view of the windows around each 512th sample, (F, 2048)."""
    count = 1 + len(clip) // HOP
    sound = np.zeros(WINDOW + (count - 1) * HOP, np.float32)
    read = clip[: len(sound) - WINDOW // 2]
    sound[WINDOW // 2 : WINDOW // 2 + len(read)] = read
    return np.lib.stride_tricks.as_strided(sound, (count, WINDOW), (HOP * 4, 4), writeable=False)


def _power(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """The power spectra of frames, (F, 1025)."""
    from scipy.fft import rfft

    spectrum = rfft(frames, overwrite_x=True)
    return np.asarray(spectrum.real**2 + spectrum.imag**2)


def _filled(coefficients: NDArray[np.floating]) -> NDArray[np.float32]:
    """`coefficients` (F, 13), F <= 100, with zeros behind: float32 (100, 13)."""
    result = np.zeros((FRAMES, COEFFICIENTS), dtype=np.float32)
    result[: len(coefficients)] = coefficients
    return result


@cache
def _tables(rate_hz: int) -> tuple[NDArray[np.float32], Any, NDArray[np.float32]]:
    """The window (2048,), the mel filters (128, 1025), most of which is zero, and the cosines (128, 13) of the MFCC."""
    from librosa.filters import mel
    from scipy.fft import dct
    from scipy.signal import get_window
    from scipy.sparse import csr_array

    filters = csr_array(np.asarray(mel(sr=rate_hz, n_fft=WINDOW, n_mels=MELS), dtype=np.float32))
    cosines = dct(np.eye(MELS), axis=1, norm="ortho")[:, :COEFFICIENTS]
    return get_window("hann", WINDOW).astype(np.float32), filters, cosines.astype(np.float32)
