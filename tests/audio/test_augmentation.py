"""core.audio.augmentation: what each transform does to a sound is measured, not only that it ran."""

import numpy as np
import pytest
from numpy.typing import NDArray

from core.audio.augmentation import TRANSFORMS, changed, make, one_variant, read_operations, seed_of
from core.audio.augmentation.transforms import applied, room
from core.errors import InputError, NotEnoughData, UnknownName

RATE_HZ = 16_000
Wave = NDArray[np.float32]


def hum(pitch_hz: float = 150.0, seconds: float = 1.5, rate_hz: int = RATE_HZ) -> Wave:
    """Harmonics up to half the rate, louder and softer in turn, with a little noise."""
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    harmonics = range(1, int(0.45 * rate_hz / pitch_hz))
    voice = sum(np.sin(2 * np.pi * k * pitch_hz * t) / k for k in harmonics)
    loudness = 0.1 + 0.05 * np.sin(2 * np.pi * 3 * t)
    return (loudness * voice + 0.001 * np.random.default_rng(0).standard_normal(len(t))).astype(np.float32)


def by(name: str, wave: Wave, amount: float = 0.0, rate_hz: int = RATE_HZ, seed: int = 0) -> Wave:
    return applied(name, wave, rate_hz, amount, np.random.default_rng(seed))


def pitch_of(wave: Wave, rate_hz: int = RATE_HZ) -> float:
    from librosa import yin

    return float(np.median(yin(wave, fmin=60.0, fmax=500.0, sr=rate_hz, frame_length=rate_hz // 8)))


def level_db(wave: Wave, low_hz: float, high_hz: float, rate_hz: int = RATE_HZ) -> float:
    """Energy between two frequencies."""
    power = np.abs(np.fft.rfft(wave.astype(np.float64))) ** 2
    at = np.fft.rfftfreq(len(wave), 1 / rate_hz)
    return float(10 * np.log10(power[(at >= low_hz) & (at < high_hz)].sum() + 1e-12))


@pytest.mark.parametrize("factor", [0.8, 0.93, 1.25])
def test_speed_changes_the_duration_and_not_the_pitch(factor: float) -> None:
    wave = hum()
    faster = by("speed", wave, factor)
    assert len(faster) == round(len(wave) / factor)
    assert pitch_of(faster) == pytest.approx(150.0, rel=0.02)


@pytest.mark.parametrize(("semitones", "rate_hz"), [(-3.0, 16_000), (2.0, 16_000), (4.0, 8_000)])
def test_pitch_moves_by_semitones_and_the_duration_stays(semitones: float, rate_hz: int) -> None:
    wave = hum(rate_hz=rate_hz)
    higher = by("pitch", wave, semitones, rate_hz)
    assert len(higher) == len(wave)
    assert pitch_of(higher, rate_hz) == pytest.approx(150.0 * 2 ** (semitones / 12), rel=0.02)


def test_gain_is_in_decibels_and_never_clips() -> None:
    wave = hum()
    assert 20 * np.log10(np.std(by("gain", wave, -6.0)) / np.std(wave)) == pytest.approx(-6.0, abs=0.01)
    loud = by("gain", wave, 40.0)
    assert np.abs(loud).max() == pytest.approx(1.0, abs=1e-6)
    assert np.corrcoef(loud, wave)[0, 1] == pytest.approx(1.0, abs=1e-6)  # the same shape, so nothing was cut off


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000])
def test_a_telephone_leaves_its_band_only(rate_hz: int) -> None:
    wave = hum(80.0, rate_hz=rate_hz)
    line = by("telephone", wave, rate_hz=rate_hz)
    assert len(line) == len(wave)
    assert level_db(line, 500, 3000, rate_hz) == pytest.approx(level_db(wave, 500, 3000, rate_hz), abs=1.0)
    assert level_db(line, 60, 200, rate_hz) < level_db(wave, 60, 200, rate_hz) - 25
    if rate_hz > 8_000:
        assert level_db(line, 4100, 7900, rate_hz) < level_db(wave, 4100, 7900, rate_hz) - 40


@pytest.mark.parametrize("snr_db", [-5.0, 10.0, 25.0])
def test_noise_lies_at_the_stated_distance_and_is_pink(snr_db: float) -> None:
    wave = hum() * 0.2
    hiss = by("noise", wave, snr_db) - wave
    assert 10 * np.log10(np.mean(wave**2) / np.mean(hiss**2)) == pytest.approx(snr_db, abs=0.05)
    assert level_db(hiss, 200, 400) == pytest.approx(level_db(hiss, 3200, 6400), abs=1.5)  # equal in each octave


@pytest.mark.parametrize("seconds", [0.3, 0.8])
def test_a_room_dies_away_by_60_db_in_its_time(seconds: float) -> None:
    echoes = room(RATE_HZ, seconds, np.random.default_rng(1))[1:]
    left = 10 * np.log10(np.cumsum(echoes[::-1] ** 2)[::-1] / np.sum(echoes**2))
    at = [int(np.argmax(left <= level)) / RATE_HZ for level in (-5.0, -25.0)]
    assert 3 * (at[1] - at[0]) == pytest.approx(seconds, rel=0.1)  # as ISO 3382 measures it, over 20 dB
    assert 10 * np.log10(np.sum(echoes**2)) == pytest.approx(-5.0, abs=0.01)


def test_reverberation_smears_what_was_silent_and_keeps_the_length() -> None:
    wave = hum()
    wave[8000:] = 0
    wet = by("reverberation", wave, 0.6)
    assert len(wet) == len(wave)
    assert not np.any(wave[8200:9600])
    assert np.std(wet[8200:9600]) > 0.02 * np.std(wave[:8000])


def test_specaugment_makes_holes_in_time_and_in_frequency() -> None:
    wave = (0.1 * np.random.default_rng(3).standard_normal(4 * RATE_HZ)).astype(np.float32)
    masked = by("specaugment", wave, 0.4, seed=5)
    assert len(masked) == len(wave)
    frames = masked[: len(masked) // 160 * 160].reshape(-1, 160)
    silent = np.mean(np.abs(frames).max(axis=1) < 1e-6)
    assert 0.02 < silent <= 0.4
    spectrum = np.abs(np.fft.rfft(masked))
    bands = spectrum[: len(spectrum) // 100 * 100].reshape(100, -1).mean(axis=1)
    empty = np.mean(bands < 0.1 * np.median(bands))
    assert 0.02 < empty <= 0.4


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("samples", [1, 37, 9000])
def test_every_transform_gives_a_wave_in_bounds_for_any_length(name: str, samples: int) -> None:
    wave = np.sign(hum()[:samples]) * np.float32(1.0)  # as loud as can be
    row = TRANSFORMS[name]
    for amount in row.allowed:
        if name == "speed" and samples == 1:
            continue  # twice as fast, one sample is none
        copy = by(name, wave, amount)
        assert copy.dtype == np.float32
        assert copy.ndim == 1
        assert np.isfinite(copy).all()
        assert np.abs(copy).max(initial=0.0) <= 1.0
        assert len(copy) == (round(samples / amount) if name == "speed" else samples)


def test_a_telephone_is_silent_where_its_line_carries_no_sample() -> None:
    line = by("telephone", np.full(2, 0.5, np.float32), rate_hz=44_100)
    assert (line.dtype, line.tolist()) == (np.float32, [0.0, 0.0])


def test_an_empty_wave_is_an_error() -> None:
    with pytest.raises(NotEnoughData, match="no samples to change"):
        by("gain", np.zeros(0, np.float32), 1.0)


def test_operations_are_read_as_they_are_written() -> None:
    speed, line = read_operations(" speed=0.9..1.1, telephone + noise=20 ")
    assert speed.parts == (("speed", 0.9, 1.1),)
    assert line.parts == (("telephone", 0.0, 0.0), ("noise", 20.0, 20.0))
    assert read_operations(["pitch", "gain=-3..-1"])[0].parts == (("pitch", -2.0, 2.0),)
    drawn = line.draw(np.random.default_rng(0))
    assert drawn == {"telephone": {}, "noise": {"snr_db": 20.0}}


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("", "no operation is named; known are speed, pitch, gain"),
        ("speed,speed=1.2", "operation speed is named twice; give it one range, such as 0.9..1.1"),
        ("noise+noise", "noise+noise: a transform can be applied once to one copy"),
        ("telephone=3", "telephone=3: telephone takes no amount"),
        ("noise=loud", "noise=loud: expected a number or a range of snr_db, such as 10..30"),
        ("speed=3", "speed=3: factor must lie between 0.5 and 2, the smaller number first"),
        ("pitch=2..-2", "pitch=2..-2: semitones must lie between -12 and 12, the smaller number first"),
        ("gain=nan", "gain=nan: db must lie between -40 and 40, the smaller number first"),
    ],
)
def test_what_cannot_be_read_names_the_way_out(written: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        read_operations(written)
    assert str(error.value).startswith(message)


def test_an_unknown_transform_lists_the_known_ones() -> None:
    with pytest.raises(UnknownName, match="echo") as error:
        read_operations("telephone+echo")
    assert "reverberation" in str(error.value)


def test_equal_arguments_give_equal_copies_and_a_copy_can_be_made_again() -> None:
    wave, operations = hum(), read_operations("noise,reverberation,specaugment,pitch")
    first, refused = make(wave, RATE_HZ, operations, n=4, seed=7, key="call:1")
    again, _ = make(wave, RATE_HZ, operations, n=4, seed=7, key="call:1")
    assert not refused
    assert sorted(copy.operation for copy in first) == ["noise", "pitch", "reverberation", "specaugment"]
    for copy, same in zip(first, again, strict=True):
        assert np.array_equal(copy.wave, same.wave)
        assert np.array_equal(copy.wave, changed(wave, RATE_HZ, copy.parameters, copy.seed))
    other, _ = make(wave, RATE_HZ, operations, n=4, seed=8, key="call:1")
    assert {copy.seed for copy in other}.isdisjoint(copy.seed for copy in first)
    assert max(copy.seed for copy in first) < 2**48
    assert seed_of(7, "call:1", 0) == first[0].seed


def test_one_copy_of_each_clip_uses_every_operation() -> None:
    operations = read_operations("gain,noise,telephone")
    used = {make(hum(seconds=0.6), RATE_HZ, operations, n=1, seed=0, key=f"c{n}")[0][0].operation for n in range(20)}
    assert used == {"gain", "noise", "telephone"}


def test_what_may_not_be_used_is_counted_by_reason() -> None:
    wave = hum(seconds=0.6)
    copies, refused = make(wave, RATE_HZ, read_operations("gain=0,speed=2,gain+noise=60"), n=3, seed=0, key="k")
    assert dict(refused) == {"equal": 1, "short": 1}
    assert [copy.operation for copy in copies] == ["gain+noise"]
    _, silent = make(wave * 1e-4, RATE_HZ, read_operations("gain=-40"), n=1, seed=0, key="k")
    assert dict(silent) == {"silent": 1}


def test_a_drawn_copy_follows_from_its_generator() -> None:
    wave, operations = hum(seconds=0.6), read_operations("speed,noise")
    first, again, other = (one_variant(wave, RATE_HZ, operations, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
