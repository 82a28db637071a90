"""core.audio.features: the MFCC that the voice network reads."""

import numpy as np
import pytest

from core.audio.features import (
    first_frames,
    mfcc,
    mfcc_batch,
    pitch_shift,
    register,
    spread_frames,
    trim_leading_silence,
    trim_silence,
)
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


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100])
def test_frames_of_every_rate_and_length_are_those_of_librosa(rate_hz: int) -> None:
    from librosa.feature import mfcc as reference

    for wave in (voice(2000), voice(90_000 // 16)[: 512 * 150 + 7], np.zeros(3000, np.float32), voice(2000)[:2048]):
        made, true = first_frames(wave, rate_hz)
        plain = reference(y=wave[: 99 * 512 + 1024], sr=rate_hz, n_mfcc=13).T[:100]
        assert true == len(plain)
        assert made[:true] == pytest.approx(plain, rel=1e-5, abs=2e-3), len(wave)
    short, true = first_frames(voice(2000)[:700], rate_hz)
    whole, _ = first_frames(np.pad(voice(2000)[:700], (0, 1348)), rate_hz)
    assert true == 2
    assert short[:2] == pytest.approx(whole[:2], abs=1e-3), "behind the clip there are zeros"


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


def test_first_frames_are_those_of_librosa_as_the_seed_took_them() -> None:
    from librosa.feature import mfcc as reference

    wave = np.concatenate([np.zeros(8_000, dtype=np.float32), voice(3000)])
    features, true = first_frames(wave, 48_000)
    assert true == 100
    assert features == pytest.approx(reference(y=wave, sr=48_000, n_mfcc=13)[:, :100].T, abs=1.5)
    short, true = first_frames(wave[:16_000], 16_000)
    assert true == 32
    assert not short[32:].any()
    with pytest.raises(NotEnoughData, match="no samples"):
        first_frames(wave[:0], 16_000)


def test_spread_frames_cover_the_clip_without_the_silence_around_it() -> None:
    wave = voice(9000)
    silence = np.zeros(20_000, dtype=np.float32)
    around = np.concatenate([silence, wave, silence])
    assert np.array_equal(trim_silence(around, 16_000), trim_silence(wave, 16_000))
    features, true = spread_frames(around)
    assert true == 100
    last = np.concatenate([wave[:-32_000], voice(2000, 5)[::-1]])
    assert np.abs(spread_frames(last)[0][-10:] - features[-10:]).max() > 5  # the end is read, mfcc reads 3.2 s
    assert mfcc(last) == pytest.approx(mfcc(around), abs=1e-3)
    assert spread_frames(wave[:4_000])[1] == 8


def test_a_pitch_shift_of_coefficients_is_near_that_of_the_sound() -> None:
    from librosa.effects import pitch_shift as shifted

    wave = voice(2000)
    plain, real = spread_frames(wave)[0][:55], spread_frames(shifted(wave, sr=16_000, n_steps=2.0))[0][:55]
    assert pitch_shift(0.0) == pytest.approx(np.eye(13), abs=1e-5)
    before, after = np.abs(plain - real), np.abs(plain @ pitch_shift(2.0) - real)
    assert after[:, 1:].mean() < 0.8 * before[:, 1:].mean()


@pytest.mark.parametrize(("pitch", "name"), [(110, "low"), (220, "high")])
def test_the_register_follows_the_pitch(pitch: int, name: str) -> None:
    at = np.arange(16_000) / 16_000
    assert register(sum(np.sin(2 * np.pi * pitch * k * at) / k for k in range(1, 9)).astype(np.float32)) == name
