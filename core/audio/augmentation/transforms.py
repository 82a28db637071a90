"""The table `TRANSFORMS`: each changes a wave by one amount, whose unit stands in its name.

- speed: `factor` times as fast, at the same pitch; the wave is that much shorter
- pitch: `semitones` higher, at the same speed
- gain: `db` louder, as far as the loudest sample stays within 1
- telephone: 300 to 3,400 Hz at 8 kHz, in the 256 steps of a mu-law line (no amount)
- noise: pink noise, the power of the whole clip `snr_db` above it
- reverberation: the sound of a room that dies away by 60 dB in `seconds`
- specaugment: SpecAugment on the spectrogram: two stretches of time and two bands, together at most `share` of each

All but speed keep the length. A wave that would leave [-1, 1] is scaled down as a whole, so nothing is clipped.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from core.errors import NotEnoughData

Wave = NDArray[np.float32]

LINE_HZ, LOW_HZ, HIGH_HZ = 8_000, 300, 3_400  # of a telephone
STEPS = 255  # of mu-law
BEFORE_ECHO_S = 0.005
ECHO_DB = -5.0  # energy of all echoes against that of the direct sound
FLAT_HZ = 50.0  # below it pink noise grows no more
MASKS = 2  # stretches of time, and bands
WINDOW_S = 0.064  # of the spectrum that speed and pitch read
MASK_WINDOW_S = 0.032


@dataclass(frozen=True, slots=True)
class Transform:
    """`apply(wave, rate_hz, amount, rng)` makes the changed wave.

    `amount` names the amount with its unit, "" for none; it is drawn from `usual` unless a person says otherwise, and
    `allowed` are its limits.
    """

    apply: Callable[[Wave, int, float, Generator], Wave]
    amount: str = ""
    usual: tuple[float, float] = (0.0, 0.0)
    allowed: tuple[float, float] = (0.0, 0.0)


def speed(wave: Wave, rate_hz: int, factor: float, rng: Generator) -> Wave:
    """The voice `factor` times as fast: `len(wave) / factor` samples."""
    from librosa.effects import time_stretch

    return _within(time_stretch(_long(wave, rate_hz), rate=factor, n_fft=_window(rate_hz))[: round(len(wave) / factor)])


def pitch(wave: Wave, rate_hz: int, semitones: float, rng: Generator) -> Wave:
    """The voice `semitones` higher."""
    from librosa.effects import pitch_shift

    shifted = pitch_shift(
        _long(wave, rate_hz), sr=rate_hz, n_steps=semitones, n_fft=_window(rate_hz), res_type="soxr_hq"
    )
    return _within(shifted[: len(wave)])


def gain(wave: Wave, rate_hz: int, db: float, rng: Generator) -> Wave:
    """The voice `db` louder, or as much as its loudest sample allows."""
    return _within(wave * 10 ** (db / 20))


def telephone(wave: Wave, rate_hz: int, amount: float, rng: Generator) -> Wave:
    """The voice through a telephone: band, sampling rate and mu-law steps of a line.

    Silence where the line would not carry a single sample.
    """
    import soxr
    from librosa import mu_compress, mu_expand
    from scipy.signal import butter, sosfiltfilt

    line = soxr.resample(wave, rate_hz, LINE_HZ)
    if not len(line):
        return np.zeros(len(wave), np.float32)
    band = butter(6, (LOW_HZ, HIGH_HZ), "bandpass", fs=LINE_HZ, output="sos")
    line = np.clip(sosfiltfilt(band, line, padlen=min(len(line) - 1, 100)), -1.0, 1.0)
    heard = mu_expand(mu_compress(line, mu=STEPS), mu=STEPS)
    return _within(_fitted(soxr.resample(heard.astype(np.float32), LINE_HZ, rate_hz), len(wave)))


def noise(wave: Wave, rate_hz: int, snr_db: float, rng: Generator) -> Wave:
    """The voice in pink noise; a wave of zeros stays as it is."""
    shape = np.fft.rfft(rng.standard_normal(len(wave)))
    shape /= np.sqrt(np.maximum(np.fft.rfftfreq(len(wave), 1 / rate_hz), FLAT_HZ))
    shape[0] = 0.0  # no offset
    hiss = np.fft.irfft(shape, len(wave))
    power, present = float(np.mean(np.square(wave, dtype=np.float64))), float(np.mean(hiss**2))
    return _within(wave + hiss * np.sqrt(power / max(present, 1e-20) / 10 ** (snr_db / 10)))


def reverberation(wave: Wave, rate_hz: int, seconds: float, rng: Generator) -> Wave:
    """The voice in a room: the direct sound, then noise that dies away; what rings on after the end is cut."""
    from scipy.signal import fftconvolve

    return _within(fftconvolve(wave, room(rate_hz, seconds, rng))[: len(wave)])


def room(rate_hz: int, seconds: float, rng: Generator) -> NDArray[np.float64]:
    """The answer of a room to one click: 1 at once, then echoes, down by 60 dB after `seconds`."""
    first = int(BEFORE_ECHO_S * rate_hz)
    t = np.arange(int(1.2 * seconds * rate_hz)) / rate_hz
    echoes = rng.standard_normal(len(t)) * 10 ** (-3 * t / seconds)
    echoes *= np.sqrt(10 ** (ECHO_DB / 10) / np.sum(echoes**2))
    return np.concatenate([[1.0], np.zeros(first), echoes])


def specaugment(wave: Wave, rate_hz: int, share: float, rng: Generator) -> Wave:
    """The voice with silent stretches and missing bands, drawn as SpecAugment draws them (Park et al. 2019)."""
    from librosa import istft, stft

    n_fft = _power_of_two(MASK_WINDOW_S * rate_hz)
    spectrum = stft(_long(wave, rate_hz), n_fft=n_fft, hop_length=n_fft // 4)
    for axis, size in enumerate(spectrum.shape):
        for _ in range(MASKS):
            width = int(rng.integers(1, max(1, int(share * size / MASKS)) + 1))
            start = int(rng.integers(0, size - width + 1))
            spectrum[(slice(None),) * axis + (slice(start, start + width),)] = 0
    return _within(_fitted(istft(spectrum, hop_length=n_fft // 4, n_fft=n_fft), len(wave)))


TRANSFORMS: dict[str, Transform] = {
    "speed": Transform(speed, "factor", (0.9, 1.1), (0.5, 2.0)),
    "pitch": Transform(pitch, "semitones", (-2.0, 2.0), (-12.0, 12.0)),
    "gain": Transform(gain, "db", (-6.0, 6.0), (-40.0, 40.0)),
    "telephone": Transform(telephone),
    "noise": Transform(noise, "snr_db", (10.0, 30.0), (-10.0, 60.0)),
    "reverberation": Transform(reverberation, "seconds", (0.2, 0.6), (0.05, 3.0)),
    "specaugment": Transform(specaugment, "share", (0.1, 0.2), (0.01, 0.5)),
}


def applied(name: str, wave: Wave, rate_hz: int, amount: float, rng: Generator) -> Wave:
    """The wave after the transform `name`; `NotEnoughData` for an empty wave."""
    if not len(wave):
        raise NotEnoughData("no samples to change")
    return np.ascontiguousarray(TRANSFORMS[name].apply(wave, rate_hz, amount, rng), np.float32)


def _within(wave: NDArray[np.floating]) -> Wave:
    """The wave as float32, scaled down where a sample lies outside [-1, 1]."""
    peak = float(np.abs(wave).max(initial=0.0))
    return np.asarray(wave / peak if peak > 1.0 else wave, np.float32)


def _fitted(wave: NDArray[np.floating], samples: int) -> NDArray[np.floating]:
    """The first `samples` of a wave, with zeros behind where it has fewer."""
    return np.pad(wave[:samples], (0, max(0, samples - len(wave))))


def _long(wave: Wave, rate_hz: int) -> Wave:
    """The wave, with zeros behind where it is shorter than one window of a spectrum."""
    return np.pad(wave, (0, max(0, _window(rate_hz) - len(wave))))


def _window(rate_hz: int) -> int:
    return _power_of_two(WINDOW_S * rate_hz)


def _power_of_two(samples: float) -> int:
    return 1 << round(float(np.log2(samples)))
