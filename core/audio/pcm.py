"""Sound without a header, such as KsponSpeech's `.pcm`: 16 bit, little-endian, mono. It becomes a WAV.

Nothing in such a file tells its sampling rate or that it is sound at all. So the rate is given, and `is_noise` warns
if neighbouring samples have nothing to do with each other, as with another width, byte order or kind of file.
"""

import io
import wave

import numpy as np

SUFFIXES = (".pcm",)  # `.raw` may be a picture as well
RATE_HZ = 16_000
_LOOKED_AT = 160_000  # samples
_NOISE = 1.2  # mean step between neighbours over mean size; speech has about 0.3, white noise 1.4 (Gaussian) or 1.33


def to_wav(data: bytes, rate_hz: int = RATE_HZ) -> bytes:
    """The samples `data` as a WAV file; half a sample at the end is left out."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(data[: len(data) // 2 * 2])
    return buffer.getvalue()


def is_noise(data: bytes) -> bool:
    """Whether the samples `data` look like noise and not like recorded sound.

    >>> is_noise(bytes(range(64)))
    False
    """
    samples = np.frombuffer(data[: min(len(data) // 2, _LOOKED_AT) * 2], "<i2").astype(np.float64)
    if len(samples) < 2:
        return False
    samples -= samples.mean()
    size = float(np.abs(samples).mean())
    return size > 0 and float(np.abs(np.diff(samples)).mean()) / size > _NOISE
