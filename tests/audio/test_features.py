"""core.audio.features: the MFCC that the voice network reads."""

import numpy as np
import pytest

from core.audio.features import mfcc, mfcc_batch, trim_leading_silence
from core.errors import NotEnoughData


def voice(ms: int, seed: int = 0) -> np.ndarray:
    """Return a harmonic sound of rising pitch with noise, 16 kHz."""
    at = np.arange(16 * ms) / 16_000
    pitch = 2 * np.pi * (150 * at + 40 * at**2)
    sound = sum(np.sin(k * pitch) / k for k in range(1, 12)) * 0.1
    return (sound + np.random.default_rng(seed).normal(0, 0.003, len(at))).astype(np.float32)


@pytest.mark.parametrize(("ms", "real"), [(100, 4), (1000, 32), (3200, 100), (9000, 100)])
def test_shape_padding_and_standardisation(ms: int, real: int) -> None:
    features = mfcc(voice(ms))
    assert features.shape == (100, 13)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()
    assert np.abs(features[:real].mean(axis=0)).max() < 1e-4
    assert features[:real].std(axis=0) == pytest.approx(np.ones(13), abs=1e-3)
    assert not features[real:].any()


def test_the_coefficients_are_those_of_librosa() -> None:
    from librosa.feature import mfcc as reference

    wave = voice(2000)[16:]
    plain = reference(y=trim_leading_silence(wave, 16_000), sr=16_000, n_mfcc=13).T
    expected = (plain - plain.mean(axis=0)) / plain.std(axis=0)
    assert mfcc(wave)[: len(plain)] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("silence", [1, 777, 16_000, 80_000])
def test_leading_silence_changes_nothing(silence: int) -> None:
    wave = voice(2500)
    late = np.concatenate([np.zeros(silence, dtype=np.float32), wave])
    assert np.array_equal(trim_leading_silence(late, 16_000), trim_leading_silence(wave, 16_000))
    assert mfcc(late) == pytest.approx(mfcc(wave), abs=1e-5)


def test_leading_noise_is_trimmed_and_inner_silence_kept() -> None:
    quiet = np.random.default_rng(1).normal(0, 1e-4, 16_000).astype(np.float32)
    wave = np.concatenate([quiet, voice(500), quiet, voice(500)])
    assert abs(len(trim_leading_silence(wave, 16_000)) - (len(wave) - 16_000)) <= 160


def test_sounds_differ() -> None:
    assert np.abs(mfcc(voice(2000)) - mfcc(voice(2000)[::-1].copy())).max() > 0.5


@pytest.mark.parametrize("samples", [1, 10, 1600])
def test_short_and_flat_clips_are_finite(samples: int) -> None:
    for wave in (np.zeros(samples), np.full(samples, 0.5), voice(100)[:samples]):
        assert np.isfinite(mfcc(wave.astype(np.float32))).all()


def test_an_empty_wave_is_refused() -> None:
    with pytest.raises(NotEnoughData, match="no samples"):
        mfcc(np.zeros(0, dtype=np.float32))
    assert len(trim_leading_silence(np.zeros(0, dtype=np.float32), 16_000)) == 0


def test_a_batch_equals_its_clips() -> None:
    waves, calls = [voice(300), voice(4000, 1), voice(1700, 2)], []
    batch = mfcc_batch(waves, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 3), (2, 3), (3, 3)]
    assert batch.dtype == np.float32
    assert all(np.array_equal(row, mfcc(wave)) for row, wave in zip(batch, waves, strict=True))
    assert mfcc_batch([]).shape == (0, 100, 13)
