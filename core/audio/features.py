"""The input of the voice network: 13 mel-frequency cepstral coefficients (MFCC) in 100 frames.

The rate is 16 kHz, the hop 512 and the window 2048 samples, so 100 frames are 3.2 s. Leading silence is removed before,
because the first seconds of a studio clip are nearly all silence. This module has no network and does not use torch.
"""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from core.errors import NotEnoughData

RATE_HZ = 16_000
FRAMES, COEFFICIENTS = 100, 13
HOP, WINDOW, MELS = 512, 2048, 128
ONSET_DB = -30.0
ONSET_WINDOW_MS = 10


def trim_leading_silence(wave: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    """Return the wave from its onset on, as a view. A wave of only zeros is returned unchanged.

    The onset is the end of the first 10 ms whose power is within 30 dB of the loudest 10 ms. It is exact to the sample,
    so digital silence of any length before it does not change the result.
    """
    width = max(1, rate_hz * ONSET_WINDOW_MS // 1000)
    total = np.concatenate(([0.0], np.cumsum(np.square(wave, dtype=np.float64))))
    ends = np.arange(1, len(wave) + 1)
    power = total[ends] - total[np.maximum(ends - width, 0)]
    if not len(wave) or power.max() <= 0.0:
        return wave
    return wave[int(np.argmax(power >= power.max() * 10 ** (ONSET_DB / 10))) :]


def mfcc(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 13 MFCC of the first 100 frames: float32 (100, 13), time first.

    `wave` is float32 (n,), mono, 16 kHz. Leading silence is trimmed; hop 512, window 2048 and 128 mel bands are
    librosa's defaults. Each coefficient is standardised over the frames of the clip (mean 0, variance 1; a constant
    coefficient becomes 0). A shorter clip is then padded with zeros, which is the mean. `NotEnoughData` if `wave` is
    empty.
    """
    from librosa import power_to_db, stft
    from librosa.feature import mfcc as cepstrum

    if not len(wave):
        raise NotEnoughData("no samples to take features from")
    clip = trim_leading_silence(wave, RATE_HZ)[: (FRAMES - 1) * HOP + WINDOW // 2]
    real = min(FRAMES, 1 + len(clip) // HOP)
    if len(clip) < WINDOW:
        clip = np.pad(clip, (0, WINDOW - len(clip)))
    power = np.abs(stft(clip, n_fft=WINDOW, hop_length=HOP)) ** 2
    mels = power_to_db(_mel_filters() @ power[:, :real])
    coefficients = cepstrum(S=mels, n_mfcc=COEFFICIENTS).T.astype(np.float64)
    coefficients -= coefficients.mean(axis=0)
    deviation = coefficients.std(axis=0)
    coefficients /= np.where(deviation > 1e-6, deviation, 1.0)
    result = np.zeros((FRAMES, COEFFICIENTS), dtype=np.float32)
    result[:real] = coefficients
    return result


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


@cache
def _mel_filters() -> NDArray[np.float32]:
    """Return the mel filters, (128, 1025). librosa would compute them for each clip, which is half of its time."""
    from librosa.filters import mel

    return np.asarray(mel(sr=RATE_HZ, n_fft=WINDOW, n_mels=MELS), dtype=np.float32)
