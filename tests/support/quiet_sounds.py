"""Sounds in which nobody speaks, as a telephone line has them: float32 (n,), 16 kHz, at three levels."""

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
LEVELS_DB = (-50, -30, -12)  # of the whole sound, RMS
ROWS, COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477)
KEYS = "123456789*0#"

Wave = NDArray[np.float32]


def nobody_speaks(seconds: float = 6.0) -> dict[str, Wave]:
    """Name -> sound, such as `ringing -30`; silence has one level only."""
    n = int(RATE_HZ * seconds)
    time_s = np.arange(n) / RATE_HZ
    rng = np.random.default_rng(0)
    sounds = {
        "white noise": rng.standard_normal(n),
        "pink noise": _pink(rng.standard_normal(n)),
        "tone": _tones(time_s, 1000),
        "ringing": _tones(time_s, 440, 480) * (time_s % 3 < 1),  # Korean ring-back: one second on, two off
        "busy": _tones(time_s, 480, 620) * (time_s % 1 < 0.5),
        "dialling": _dialling("01012345678119"),
        "hold music": _music(seconds, seed=3),
        "other hold music": _music(seconds, seed=9),
        "siren": np.sin(2 * np.pi * (700 * time_s + 95 * np.sin(np.pi * time_s))),
    }
    levels = {f"{name} {db}": _at(wave, db) for name, wave in sounds.items() for db in LEVELS_DB}
    return levels | {"silence": np.zeros(n, np.float32)}


def _at(wave: NDArray[np.float64], db: float) -> Wave:
    return np.clip(wave / np.sqrt(np.mean(wave**2)) * 10 ** (db / 20), -1, 1).astype(np.float32)


def _tones(time_s: NDArray[np.float64], *hz: float) -> NDArray[np.float64]:
    return np.sum([np.sin(2 * np.pi * f * time_s) for f in hz], axis=0)


def _pink(white: NDArray[np.float64]) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(white)
    return np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), len(white))


def _dialling(number: str) -> NDArray[np.float64]:
    on, pause = np.arange(int(0.15 * RATE_HZ)) / RATE_HZ, np.zeros(int(0.1 * RATE_HZ))
    keys = [divmod(KEYS.index(key), 3) for key in number]
    return np.concatenate([p for row, column in keys for p in (_tones(on, ROWS[row], COLUMNS[column]), pause)])


def _music(seconds: float, seed: int) -> NDArray[np.float64]:
    """A melody of plucked notes with a bass an octave below."""
    rng, n = np.random.default_rng(seed), int(seconds * RATE_HZ)
    out, at = np.zeros(n + 2 * RATE_HZ), 0
    while at < n:
        length_s = float(rng.choice([0.25, 0.5, 0.75]))
        time_s = np.arange(int((length_s + 0.4) * RATE_HZ)) / RATE_HZ
        hz = float(rng.choice([261.6, 293.7, 329.6, 392.0, 440.0, 523.3]))
        harmonics = sum(np.sin(2 * np.pi * hz * k / 2 * time_s) / k for k in range(1, 10))
        out[at : at + len(time_s)] += harmonics * np.exp(-3 * time_s) * np.minimum(1, time_s / 0.01)
        at += int(length_s * RATE_HZ)
    return out[:n]
