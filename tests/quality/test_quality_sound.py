"""core.quality.sound: faults of synthetic sounds are found, speech has none, and the size of blocks does not matter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sounds import RATE_HZ, talk

from core.audio.header import LIMITS
from core.audio.reader import open_sound, read_blocks
from core.quality import faults, measure
from core.quality.sound import Sound
from core.records import ScannedSpan
from core.settings import DEMO

RNG = np.random.default_rng(5)


def measured(*channels: NDArray[np.float32], block: int = 5000) -> Sound:
    wave = np.stack(channels, axis=1)
    return measure((wave[at : at + block] for at in range(0, len(wave), block)), RATE_HZ)


def fault_places(sound: Sound, *spans: ScannedSpan) -> dict[str, int | None]:
    return {check: where for check, where, _ in faults(sound, spans)}


def test_a_voice_has_no_faults() -> None:
    for seed in range(1, 6):
        assert fault_places(measured(talk(seed=seed))) == {}


def test_silence() -> None:
    assert fault_places(measured(np.zeros(RATE_HZ, np.float32))) == {"silent": None}
    assert fault_places(measured((talk() * 0.003).astype(np.float32))) == {"silent": None}
    assert fault_places(measure([], RATE_HZ)) == {"silent": None}


def test_a_silent_utterance_in_a_recording_that_is_not() -> None:
    wave = np.concatenate([talk(), np.zeros(2 * RATE_HZ, np.float32), talk(seed=2)])
    spans = (
        ScannedSpan(1, 0, 3000, None),
        ScannedSpan(2, 3100, 4900, None),
        ScannedSpan(3, 5000, 8000, None),
        ScannedSpan(4, 90_000, 91_000, None),
    )
    assert list(faults(measured(wave), spans)) == [("silent-span", 2, "at most -200 dBFS")]


def test_clipping_shows_at_any_level() -> None:
    loud = np.clip(talk() * 8, -1, 1).astype(np.float32)
    assert fault_places(measured(loud)) == {"clipped": None}
    assert fault_places(measured((loud * 0.5).astype(np.float32))) == {"clipped": None}
    assert fault_places(measured(loud, talk())) != {}
    assert fault_places(measured((talk() / np.abs(talk()).max()).astype(np.float32))) == {}, "loud, but whole"


@pytest.mark.parametrize("hz", [50, 440, 1000, 3000])
def test_a_tone_is_no_voice(hz: int) -> None:
    tone = (0.3 * np.sin(2 * np.pi * hz * np.arange(2 * RATE_HZ) / RATE_HZ)).astype(np.float32)
    assert fault_places(measured(tone)) == {"synthetic": None}
    assert "around one frequency" in next(faults(measured(tone)))[2]


def test_plain_noise_is_no_voice() -> None:
    noise = (0.1 * RNG.standard_normal(3 * RATE_HZ)).astype(np.float32)
    assert fault_places(measured(noise)) == {"synthetic": None}
    assert "noise of all frequencies" in next(faults(measured(noise)))[2]


def test_two_speakers_left_and_right() -> None:
    assert fault_places(measured(talk(6, seed=1), talk(6, seed=4))) == {"two-speakers": None}
    assert fault_places(measured(talk(), -talk())) == {"silent": None}, "mixed to mono, they cancel each other"
    late = np.roll(talk(6), 40)
    assert fault_places(measured(talk(6), late)) == {}, "one sound, two microphones"
    assert fault_places(measured(talk(), np.zeros_like(talk()))) == {}, "one channel is empty"


def test_the_same_sound_left_and_right() -> None:
    assert fault_places(measured(talk(), talk())) == {"same-channels": None}
    assert fault_places(measured(talk(), (talk() * 0.4).astype(np.float32))) == {"same-channels": None}, "quieter"
    noisy = (talk() + 0.0005 * RNG.standard_normal(len(talk()))).astype(np.float32)
    assert fault_places(measured(talk(), noisy)) == {"same-channels": None}, "stored with losses"
    assert list(faults(measured(talk(), talk()))) == [
        ("same-channels", None, "left and right are the same sound (correlation 1.0000)")
    ]
    assert fault_places(measured(talk())) == {}, "mono"
    assert fault_places(measured(*[np.zeros(RATE_HZ, np.float32)] * 2)) == {"silent": None}
    assert "same-channels" not in fault_places(measured(talk(6, seed=1), talk(6, seed=4)))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 3000), min_size=1, max_size=20))
def test_blocks_of_any_size_give_the_same_values(sizes: list[int]) -> None:
    wave = np.stack([talk(1.0), talk(1.0, seed=3)], axis=1)
    cuts = np.cumsum(sizes)
    whole, cut = measure([wave], RATE_HZ), measure(np.split(wave, cuts[cuts < len(wave)]), RATE_HZ)
    assert (whole.frames, whole.channels, whole.peak) == (cut.frames, cut.channels, cut.peak) == (8000, 2, whole.peak)
    np.testing.assert_allclose(whole.levels, cut.levels, rtol=1e-4)
    assert (whole.tone, whole.flatness) == pytest.approx((cut.tone, cut.flatness), rel=1e-4)
    assert whole.likeness == pytest.approx(cut.likeness, rel=1e-4)


def test_the_demo_calls_have_no_faults() -> None:
    import zipfile

    archives = sorted(DEMO.glob("archives/*.zip"))
    assert archives
    for archive in archives[:6]:
        with zipfile.ZipFile(archive) as packed:
            for name in (member for member in packed.namelist() if member.endswith(".wav")):
                with open_sound(packed.read(name), name, LIMITS) as (sound, head):
                    measured_sound = measure(read_blocks(sound, head, name, LIMITS), head.sample_rate_hz)
                assert fault_places(measured_sound) == {}, name
