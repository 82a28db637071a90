"""core.audio.clips: clips are exact to the sample."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.audio import cut, to_wav
from core.audio.clips import read_clip
from core.errors import AudioError


@pytest.fixture
def call(tmp_path: Path) -> tuple[Path, np.ndarray]:
    """A file with ten seconds of noise at 8 kHz, 16 bits, and its samples."""
    samples = np.random.default_rng(3).integers(-30_000, 30_000, 80_000).astype(np.int16)
    path = tmp_path / "call.wav"
    soundfile.write(path, samples, 8000, subtype="PCM_16")
    return path, samples


def pcm(data: bytes) -> tuple[np.ndarray, int]:
    return soundfile.read(io.BytesIO(data), dtype="int16")


def test_cut_is_exact_and_neighbours_tile() -> None:
    wave = np.arange(44_100, dtype=np.float32) / 44_100
    assert len(cut(wave, 44_100, 100, 200)) == 4410
    pieces = [cut(wave, 44_100, start, start + 7) for start in range(0, 1001, 7)]
    assert np.array_equal(np.concatenate(pieces), wave)
    assert len(cut(wave, 44_100, 990, 5000)) == 441
    assert len(cut(wave, 44_100, 5000, 6000)) == 0
    assert len(cut(wave, 44_100, -50, 100)) == 4410


def test_read_clip_gives_the_exact_samples(call: tuple[Path, np.ndarray]) -> None:
    path, samples = call
    clip, rate_hz = pcm(read_clip(path, 1234, 5678, "call.wav"))
    assert rate_hz == 8000
    assert len(clip) == (5678 - 1234) * 8
    assert np.array_equal(clip, samples[1234 * 8 : 5678 * 8])


def test_read_clip_stops_at_the_end_of_the_recording(call: tuple[Path, np.ndarray]) -> None:
    path, samples = call
    clip, _ = pcm(read_clip(path, 9900, 12_000, "call.wav"))
    assert np.array_equal(clip, samples[9900 * 8 :])


@pytest.mark.parametrize(("start_ms", "end_ms"), [(10_000, 11_000), (500, 500), (800, 200), (-10, 200)])
def test_a_span_without_sound_is_named(call: tuple[Path, np.ndarray], start_ms: int, end_ms: int) -> None:
    with pytest.raises(AudioError) as caught:
        read_clip(call[0], start_ms, end_ms, "call.wav")
    assert str(caught.value) == f"call.wav: no sound in {start_ms}-{end_ms} ms of a recording of 10000 ms"


def test_read_clip_reads_only_the_span(tmp_path: Path) -> None:
    samples = np.full(80_000, 0.25, dtype=np.float32)
    samples[70_000] = np.nan
    path = tmp_path / "call.wav"
    soundfile.write(path, samples, 8000, subtype="FLOAT")
    assert len(pcm(read_clip(path, 0, 8000, "call"))[0]) == 64_000
    with pytest.raises(AudioError, match=r"non-finite samples .* at 8750 ms"):
        read_clip(path, 8000, 9000, "call")


def test_read_clip_seeks_in_flac_and_mixes_stereo(tmp_path: Path) -> None:
    left = np.random.default_rng(4).integers(-10_000, 10_000, 96_000).astype(np.int16)
    path = tmp_path / "call.flac"
    soundfile.write(path, np.column_stack([left, left]), 48_000)
    clip, rate_hz = pcm(read_clip(path, 501, 1502, "call.flac"))
    assert rate_hz == 48_000
    assert np.array_equal(clip, left[501 * 48 : 1502 * 48])


def test_read_clip_passes_the_gate(tmp_path: Path) -> None:
    path = tmp_path / "notes.wav"
    path.write_text("not a sound")
    with pytest.raises(AudioError, match=r"^notes: not audio"):
        read_clip(path, 0, 100, "notes")


def test_to_wav_rounds_and_clips() -> None:
    clip, rate_hz = pcm(to_wav(np.array([0.0, 0.5, 1.0, -1.0, 2.0, 100 / 32768], dtype=np.float32), 16_000))
    assert rate_hz == 16_000
    assert clip.tolist() == [0, 16_384, 32_767, -32_768, 32_767, 100]
