"""core.audio.channels: each channel becomes a mono WAV with the same samples."""

import io

import numpy as np
import pytest
import soundfile
from spoken_files import tones

from core.audio import channels
from core.errors import AudioError


def test_samples_of_16_bits_stay_exact() -> None:
    samples = np.random.default_rng(1).integers(-32768, 32767, (70_000, 3), dtype=np.int16)
    out = io.BytesIO()
    soundfile.write(out, samples, 11_025, format="FLAC", subtype="PCM_16")
    waves = channels.split(out.getvalue(), "a.flac")
    for number, wave in enumerate(waves):
        read, rate_hz = soundfile.read(io.BytesIO(wave), dtype="int16")
        assert rate_hz == 11_025
        assert np.array_equal(read, samples[:, number])


def test_a_sound_that_unpacks_to_too_much_is_refused() -> None:
    with pytest.raises(AudioError, match=r"a\.wav: too large: more than 10,000 samples once decoded"):
        channels.split(tones(300, 500), "a.wav", most=10_000)


def test_what_is_no_audio_is_refused() -> None:
    with pytest.raises(AudioError, match=r"a\.wav: "):
        channels.split(b"hello, this is a text", "a.wav")
