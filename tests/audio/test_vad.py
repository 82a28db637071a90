"""core.audio.vad: bursts in noise, spoken digits, silence, and the rules on lengths."""

from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from core.audio import decode, vad
from core.audio.vad import LONGEST_MS, PAD_MS, VADS, default, energy, frame_db, raw, segments, split
from core.errors import MissingBackend, UnknownName

FSDD = Path(__file__).resolve().parent.parent.parent.parent / "shared" / "data" / "fsdd" / "recordings"
BURSTS = [(1000, 1800), (3000, 3400), (5000, 7500), (9000, 11_000)]
by_energy = partial(segments, backend="energy")  # tones are sound, and no speech
INSTALLED = [name for name, backend in VADS.items() if backend.installed()]


def in_noise(spans: list[tuple[int, int]], total_ms: int, snr_db: float, rate_hz: int = 16_000) -> np.ndarray:
    """Return tone bursts at -13 dBFS RMS in white noise."""
    rng, level = np.random.default_rng(0), 0.3
    wave = rng.normal(0.0, level / np.sqrt(2) * 10 ** (-snr_db / 20), rate_hz * total_ms // 1000)
    for start, end in spans:
        at = np.arange(rate_hz * start // 1000, rate_hz * end // 1000)
        wave[at] += level * np.sin(2 * np.pi * 440 * at / rate_hz)
    return wave.clip(-1, 1).astype(np.float32)


@pytest.mark.parametrize("snr_db", [60, 30, 20, 10])
@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
def test_bursts_are_found_in_noise(snr_db: float, rate_hz: int) -> None:
    wave = in_noise(BURSTS, 12_000, snr_db, rate_hz)
    utterances = by_energy(wave, rate_hz)
    assert len(utterances) == len(BURSTS)
    for (start, end), (true_start, true_end) in zip(utterances, BURSTS, strict=True):
        assert abs(start + PAD_MS - true_start) <= 30
        assert abs(end - PAD_MS - true_end) <= 30


def test_a_quiet_burst_beside_a_loud_one_is_found() -> None:
    wave = in_noise([(4000, 5000)], 7000, 50)
    wave[16_000:32_000] += 0.1 * in_noise([(0, 1000)], 1000, 50)
    assert [round(start, -2) for start, _ in by_energy(wave)] == [900, 3900]


@pytest.mark.skipif(not FSDD.is_dir(), reason="../shared/data/fsdd is absent")
@pytest.mark.parametrize("backend", INSTALLED)
@pytest.mark.parametrize("noise_db", [None, -60])
def test_spoken_digits_are_found(backend: str, noise_db: float | None) -> None:
    gap, rng = np.zeros(16 * 800, dtype=np.float32), np.random.default_rng(7)
    pieces, spoken, at = [gap], [], len(gap)
    for digit in range(10):
        for speaker in ("george", "nicolas"):
            word = decode(FSDD / f"{digit}_{speaker}_{digit}.wav", "digit").wave
            spoken.append((at // 16, (at + len(word)) // 16))
            pieces += [word, gap]
            at += len(word) + len(gap)
    wave = np.concatenate(pieces)
    if noise_db is not None:
        wave += rng.normal(0.0, 10 ** (noise_db / 20), len(wave)).astype(np.float32)
    utterances = segments(wave.clip(-1, 1), backend=backend)
    overlapping = [[span for span in utterances if span[0] < end and span[1] > start] for start, end in spoken]
    assert sum(len(spans) == 1 for spans in overlapping) >= (19 if backend == "energy" else 17)
    assert all(any(span in spans for spans in overlapping) for span in utterances)


@pytest.mark.parametrize("backend", INSTALLED)
def test_silence_has_no_utterance(backend: str) -> None:
    faint = np.random.default_rng(0).normal(0.0, 1e-5, 160_000).astype(np.float32)
    for wave in (np.zeros(160_000, dtype=np.float32), faint, np.zeros(10, dtype=np.float32), faint[:0]):
        assert segments(wave, backend=backend) == []


@pytest.mark.parametrize("backend", INSTALLED)
@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
def test_segments_are_ordered_apart_and_inside(backend: str, rate_hz: int) -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        level = np.repeat(10 ** rng.uniform(-4, -0.5, 60), rate_hz // 2)
        utterances = segments((level * rng.uniform(-1, 1, len(level))).astype(np.float32), rate_hz, backend)
        flat = [0, *(ms for span in utterances for ms in span), 30_000]
        assert flat == sorted(flat)
        assert all(0 < end - start <= LONGEST_MS for start, end in utterances)


def test_short_gaps_are_bridged_and_clicks_dropped() -> None:
    spans = [(1000, 1400), (1600, 2000), (4000, 4500)]
    assert len(by_energy(in_noise(spans, 6000, 40))) == 2
    clicked = in_noise([(2000, 3000)], 6000, 40)
    clicked[16 * 4500 : 16 * 4530] = 0.9
    assert len(energy(clicked, 16_000)) == 2
    assert len(by_energy(clicked)) == 1


def test_a_shouted_syllable_is_kept() -> None:
    ((start, end),) = by_energy(in_noise([(2000, 2180)], 5000, 30))
    assert (start + PAD_MS, end - PAD_MS) == (pytest.approx(2000, abs=20), pytest.approx(2180, abs=20))


def test_long_sound_is_split_at_its_quietest_point() -> None:
    wave = in_noise([(0, 20_000)], 21_000, 40)
    wave[16 * 11_900 : 16 * 12_100] *= 0.3
    (first, middle), (again, last) = by_energy(wave)
    assert first == 0
    assert middle == again
    assert abs(middle - 12_000) <= 100
    assert abs(last - 20_000) <= 130


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000])
def test_levels_in_blocks_are_the_levels_of_the_whole(rate_hz: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from librosa.feature import rms

    monkeypatch.setattr(vad, "BLOCK", 7)
    frame, hop = rate_hz * 25 // 1000, rate_hz // 100
    for n in (1, 50, hop, 7 * hop, 7 * hop + 1, 15 * hop + 33):
        sound = np.random.default_rng(n).normal(0.0, 0.1, n).astype(np.float32)
        whole = rms(y=sound, frame_length=frame, hop_length=hop)[0].astype(np.float64)
        assert frame_db(sound, rate_hz) == pytest.approx(20 * np.log10(np.maximum(whole, 1e-5)), abs=1e-4), n


def test_energy_finds_what_librosa_finds() -> None:
    from librosa.effects import split as by_librosa

    sound = in_noise([(0, 300), *BURSTS, (11_500, 12_000)], 12_000, 25)
    limit_db = vad._threshold_db(frame_db(sound, 16_000), 10)
    assert limit_db is not None
    expected = by_librosa(sound, top_db=-limit_db, ref=1.0, frame_length=400, hop_length=160)
    found = energy(sound, 16_000)
    assert found == [(int(start) // 16, int(end) // 16) for start, end in expected]
    assert (found[0][0], found[-1][1]) == (0, 12_000)


def test_hours_of_flat_level_are_split_in_few_steps() -> None:
    minutes = 600
    parts = split((0, 60_000 * minutes), np.full(6000 * minutes, -20.0))
    assert (parts[0][0], parts[-1][1]) == (0, 60_000 * minutes)
    assert all(left[1] == right[0] for left, right in pairwise(parts))
    assert all(LONGEST_MS // 4 <= end - start <= LONGEST_MS for start, end in parts)


def test_only_a_long_span_is_measured_and_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[int] = []
    original = vad._block_rms

    def counted(wave: np.ndarray, rate_hz: int, first: int, n: int) -> np.ndarray:
        measured.append(n)
        return original(wave, rate_hz, first, n)

    monkeypatch.setattr(vad, "_block_rms", counted)
    monkeypatch.setattr(vad, "BLOCK", 1000)
    monkeypatch.setattr(vad, "_raw_of_each", lambda waves, rate_hz, backend: [[(10_000, 12_000), (30_000, 49_800)]])
    sound = np.random.default_rng(0).normal(0.0, 0.1, 16_000 * 100).astype(np.float32)
    sound[16 * 38_900 : 16 * 39_100] = 0.0
    assert segments(sound)[0] == (9900, 12_100)
    (start, middle), (again, end) = segments(sound)[1:]
    assert (start, middle, end) == (29_900, again, 49_900)
    assert abs(middle - 39_000) <= 20
    assert measured == [1000, 1000, 1] * 2, "20 s of 100"


def test_steady_sound_is_not_lost() -> None:
    siren = (0.3 * np.sin(np.arange(16_000 * 40) * 0.2)).astype(np.float32)
    utterances = by_energy(siren)
    assert (utterances[0][0], utterances[-1][1]) == (0, 40_000)
    assert all(end - start <= LONGEST_MS for start, end in utterances)
    assert all(left[1] == right[0] for left, right in pairwise(utterances))


def test_unknown_and_absent_backends() -> None:
    with pytest.raises(UnknownName, match="energy, silero"):
        segments(np.zeros(100, dtype=np.float32), backend="webrtc")
    if not VADS["silero"].installed():
        with pytest.raises(MissingBackend, match=r"pip install faster-whisper==1\.2\.1"):
            segments(np.zeros(100, dtype=np.float32), backend="silero")


def test_silero_hears_speech_and_not_a_tone() -> None:
    if not VADS["silero"].installed():
        pytest.skip("faster-whisper is not installed: " + VADS["silero"].install)
    assert segments(in_noise([(1000, 3000)], 5000, 40), backend="silero") == []


def test_silero_is_the_default_where_it_is_installed() -> None:
    tone = in_noise([(1000, 3000)], 5000, 30)
    assert default() == ("silero" if VADS["silero"].installed() else "energy")
    assert (segments(tone) == []) == VADS["silero"].installed()
    assert raw(tone, backend="energy") == energy(tone, 16_000)
    assert raw(tone[:0]) == []
