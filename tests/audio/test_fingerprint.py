"""core.audio.fingerprint: copies of a sound are found whatever their level, format, rate or start; others are not."""

import io

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sounds import RATE_HZ as TALK_HZ
from sounds import talk

from core.audio import fingerprint as prints
from core.audio.fingerprint import MOST_ERRORS, RATE_HZ, differ, fingerprint, near_identical

Wave = NDArray[np.float32]


def voice(seed: int, seconds: float = 3.0) -> Wave:
    resampled: Wave = soxr.resample(talk(seconds, seed), TALK_HZ, RATE_HZ)
    return resampled


def encoded(wave: Wave, kind: str) -> Wave:
    held = io.BytesIO()
    soundfile.write(held, wave, RATE_HZ, format=kind)
    held.seek(0)
    return soundfile.read(held, dtype="float32")[0]


CHANGES = {
    "quieter": lambda wave: wave * np.float32(0.2),
    "ogg": lambda wave: encoded(wave, "OGG"),
    "mp3": lambda wave: encoded(wave, "MP3"),
    "later": lambda wave: np.concatenate([np.zeros(2500, np.float32), wave]),
    "telephone": lambda wave: soxr.resample(soxr.resample(wave, RATE_HZ, 8000), 8000, RATE_HZ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_copy_is_found(change: str) -> None:
    waves = [voice(seed) for seed in range(1, 9)]
    copies = [CHANGES[change](wave) for wave in waves]
    prints = [fingerprint(wave) for wave in (*waves, *copies)]
    assert [differ(prints[i], prints[i + 8]) <= MOST_ERRORS for i in range(8)] == [True] * 8
    assert set(near_identical(prints)) >= {(i, i + 8) for i in range(8)}


def test_other_sounds_are_not() -> None:
    rng = np.random.default_rng(0)
    noises = [rng.standard_normal(3 * RATE_HZ).astype(np.float32) for _ in range(20)]
    assert list(near_identical([fingerprint(wave) for wave in noises])) == []
    assert min(differ(fingerprint(a), fingerprint(b)) for a in noises[:5] for b in noises[5:10]) > 0.3


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 20_000))
def test_any_length_has_a_fingerprint(samples: int) -> None:
    assert fingerprint(np.ones(samples, np.float32)).dtype == np.uint32


def test_a_long_recording_is_measured_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[int] = []
    original = prints._energy

    def counted(frames: Wave) -> NDArray[np.floating]:
        measured.append(len(frames))
        return original(frames)

    monkeypatch.setattr(prints, "_energy", counted)
    whole = fingerprint(voice(1))
    monkeypatch.setattr(prints, "BLOCK", 30)
    assert np.array_equal(fingerprint(voice(1)), whole)
    assert measured[0] == sum(measured[1:]) == len(whole) + 1
    assert max(measured[1:]) == 30
