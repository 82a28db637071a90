"""core.audio.gate: any bytes give samples, or an `AudioError` with the reason."""

import io
import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.audio import decode, reader
from core.audio.gate import probe
from core.audio.header import Limits
from core.errors import AudioError

ROOT = Path(__file__).resolve().parent.parent.parent
ODD = ROOT.parent / "shared" / "data" / "odd_audio"

# A process of its own: a crash, a hang or too much memory inside libsndfile fails one test and not the whole run.
ODD_SCRIPT = """
import json, resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (2_500_000_000, 2_500_000_000))
import numpy as np
from core.audio import decode, reader
from core.audio.gate import probe
from core.errors import AudioError
results = {}
for path in sorted(Path(sys.argv[1]).rglob("*")):
    if path.is_dir() or path.name in ("license", "README.txt"):
        continue
    try:
        probe(path, path.name)
        header = "ok"
    except AudioError as error:
        header = error.reason
    try:
        audio = decode(path.read_bytes(), path.name)
        assert audio.wave.dtype == np.float32 and audio.wave.ndim == 1 and len(audio.wave) > 0
        assert np.isfinite(audio.wave).all() and np.abs(audio.wave).max() <= 1.0
        results[path.name] = ["ok", header, audio.duration_ms, audio.channels]
    except AudioError as error:
        results[path.name] = [error.reason, header, 0, 0]
assert not {"torch", "librosa"} & set(sys.modules)
print(json.dumps(results))
"""

FUZZ_SCRIPT = """
import io, random, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2_500_000_000, 2_500_000_000))
import numpy as np, soundfile
from core.audio import decode, reader
from core.errors import AudioError
noise = np.random.default_rng(0).uniform(-0.5, 0.5, (2000, 2))
rng, good, bad = random.Random(5), 0, 0
for kind, subtype in [("WAV", "PCM_16"), ("WAV", "FLOAT"), ("WAV", "IMA_ADPCM"), ("RF64", "PCM_24"), ("FLAC", "PCM_16"),
                      ("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III"), ("AIFF", "PCM_16"), ("AU", "PCM_16")]:
    buffer = io.BytesIO()
    soundfile.write(buffer, noise, 8000, format=kind, subtype=subtype)
    for _ in range(60):
        data = bytearray(buffer.getvalue())
        for _ in range(rng.choice([1, 3, 20])):
            data[rng.randrange(min(len(data), rng.choice([64, len(data)])))] = rng.choice([0, 127, 128, 255])
        try:
            wave = decode(bytes(data[: rng.choice([len(data), rng.randrange(1, len(data))])]), kind).wave
            assert len(wave) and np.isfinite(wave).all() and np.abs(wave).max() <= 1.0
            good += 1
        except AudioError:
            bad += 1
print(good, bad)
"""


def wav(samples: np.ndarray, rate_hz: int = 8000, subtype: str = "PCM_16", kind: str = "WAV") -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate_hz, format=kind, subtype=subtype)
    return buffer.getvalue()


def tone(ms: int, rate_hz: int = 8000, hz: float = 440.0, level: float = 0.4) -> np.ndarray:
    return level * np.sin(2 * np.pi * hz * np.arange(rate_hz * ms // 1000) / rate_hz)


def with_data_size(data: bytes, size: int) -> bytes:
    """Return the WAV with the length `size` in its data chunk."""
    at = data.index(b"data") + 4
    return data[:at] + struct.pack("<I", size) + data[at + 4 :]


def reason(data: object, **options: object) -> str:
    with pytest.raises(AudioError) as caught:
        decode(data, "call.wav", **options)  # type: ignore[arg-type]
    assert str(caught.value) == f"call.wav: {caught.value.reason}"
    return caught.value.reason


def run_alone(script: str, *args: str) -> str:
    completed = subprocess.run(
        [sys.executable, "-c", script, *args], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert completed.returncode == 0, completed.stderr[-2000:]
    assert "Traceback" not in completed.stderr
    return completed.stdout


@pytest.fixture(scope="module")
def odd() -> dict[str, list]:
    if not ODD.is_dir():
        pytest.skip("../shared/data/odd_audio is absent")
    return json.loads(run_alone(ODD_SCRIPT, str(ODD)))


def test_every_odd_file_gives_samples_or_an_audio_error(odd: dict[str, list]) -> None:
    assert len(odd) >= 81
    assert all(row[0] for row in odd.values())
    assert sum(row[0] == "ok" for row in odd.values()) >= 50


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("test-44100Hz-le-1ch-4bytes-early-eof.wav", "truncated: 5 ms of sound, the header claims 100 ms"),
        ("test-44100Hz-le-1ch-4bytes-early-eof-no-data.wav", "truncated: the header claims 17,708 bytes"),
        ("test-44100Hz-le-1ch-4bytes-incomplete-chunk.wav", "truncated: the header claims 17,708 bytes"),
        ("oom-48ae4cd061ff8578ad3f23dc87624bd365cf5216.wav", "truncated: the header claims 1,179,011,416 bytes"),
        ("test-8000Hz-le-3ch-5S-36bit.wav", "codec error: File contains data in an unimplemented format"),
        ("waveformatex-16bit-44100Hz-stereo.wav", "all-silent as mono: the channels cancel each other"),
        ("nonstandard-01.wav", "all-silent: every sample is zero"),
        ("waveformatextensible-24bit-192kHz-mono.wav", "too short: 4 frames give no sample at 16000 Hz"),
        ("08 - blocksize 65536.flac", "truncated or damaged after 0 ms"),
    ],
)
def test_odd_files_are_refused_by_name(odd: dict[str, list], name: str, expected: str) -> None:
    assert odd[name][0].startswith(expected)


@pytest.mark.parametrize(
    ("name", "duration_ms", "channels"),
    [
        ("01 - wrong max blocksize.flac", 4250, 1),
        ("08 - blocksize 65535.flac", 10565, 2),
        ("09 - Rice partition order 15.flac", 4378, 1),
        ("04 - changing bitdepth.flac", 11230, 1),
        ("04 - wrong number of channels.flac", 4058, 5),
        ("10 - file starting at frame header.flac", 15072, 1),
        ("11 - file starting with unparsable data.flac", 12889, 1),
        ("test-44100Hz-le-1ch-4bytes-rf64.wav", 100, 1),
        ("test-44100Hz-be-1ch-4bytes.wav", 100, 1),
        ("pluck-alaw.aifc", 300, 2),
        ("pluck-ulaw.au", 300, 2),
    ],
)
def test_uncommon_files_are_read(odd: dict[str, list], name: str, duration_ms: int, channels: int) -> None:
    assert odd[name] == ["ok", "ok", duration_ms, channels]


def test_damaged_bytes_give_samples_or_an_audio_error() -> None:
    good, bad = map(int, run_alone(FUZZ_SCRIPT).split())
    assert good > 20
    assert bad > 200


def test_a_plain_call_is_described() -> None:
    audio = decode(wav(tone(1500)), "call.wav")
    assert (audio.sample_rate_hz, audio.source_rate_hz, audio.channels) == (16_000, 8_000, 1)
    assert (audio.format, audio.duration_ms, audio.notes) == ("WAV", 1500, ())
    assert audio.wave.dtype == np.float32


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_resampling_keeps_duration_and_pitch(rate_hz: int) -> None:
    audio = decode(wav(tone(3000, rate_hz), rate_hz), "tone")
    assert abs(len(audio.wave) / 16 - 3000) <= 1
    spectrum = np.abs(np.fft.rfft(audio.wave * np.hanning(len(audio.wave))))
    assert np.argmax(spectrum) * 16_000 / len(audio.wave) == pytest.approx(440.0, abs=0.5)
    assert np.abs(audio.wave[1600:-1600]).max() == pytest.approx(0.4, abs=0.01)


def test_no_rate_leaves_the_samples_alone() -> None:
    samples = (np.random.default_rng(1).uniform(-0.9, 0.9, 200_000) * 32768).astype(np.int16)
    audio = decode(wav(samples, 48_000), "call", rate_hz=None)
    assert audio.sample_rate_hz == 48_000
    assert np.array_equal(audio.wave, samples.astype(np.float32) / 32768)


def test_block_wise_resampling_equals_resampling_at_once() -> None:
    import soxr

    samples = (np.random.default_rng(2).uniform(-0.9, 0.9, 200_000) * 32768).astype(np.int16)
    whole = soxr.resample(samples.astype(np.float32) / 32768, 44_100, 16_000)
    assert np.abs(decode(wav(samples, 44_100), "call").wave - whole.clip(-1, 1)).max() < 1e-4


@pytest.mark.parametrize(
    ("kind", "subtype"),
    [
        ("WAV", "ULAW"),
        ("FLAC", "PCM_16"),
        ("OGG", "VORBIS"),
        ("MP3", "MPEG_LAYER_III"),
        ("AIFF", "PCM_16"),
        ("AU", "PCM_16"),
    ],
)
def test_formats_are_sniffed_whatever_the_name(kind: str, subtype: str, tmp_path: Path) -> None:
    path = tmp_path / "call.wavp"
    path.write_bytes(wav(tone(2000), 8000, subtype, kind))
    audio, head = decode(path, "call.wavp"), probe(path, "call.wavp")
    assert audio.format == head.format == kind
    assert audio.duration_ms == pytest.approx(2000, abs=1)
    assert head.duration_ms == pytest.approx(2000, abs=1)


def test_stereo_is_mixed_and_cancelling_channels_are_named() -> None:
    left = tone(500)
    audio = decode(wav(np.column_stack([left, np.zeros_like(left)])), "call", rate_hz=None)
    assert audio.channels == 2
    assert np.abs(audio.wave - left / 2).max() < 1e-4
    assert reason(wav(np.column_stack([left, -left]), 8000, "FLOAT")) == (
        "all-silent as mono: the channels cancel each other"
    )


def test_a_stream_is_read_from_its_position() -> None:
    stream = io.BytesIO(b"skip" + wav(tone(300)))
    stream.seek(4)
    assert decode(stream, "upload").duration_ms == 300


def test_empty_and_foreign_bytes() -> None:
    assert reason(b"") == "empty file"
    assert reason(b"hello, this is a text") == "not audio: text, UTF-8"
    assert reason(b"RIFF\x10\x00\x00\x00WEBPVP8 ") == "not audio: WebP picture"
    assert reason(b"PK\x03\x04" + bytes(60)) == "not audio: ZIP"
    assert reason(b"%PDF-1.7 ") == "not audio: PDF"


def test_paths_that_hold_no_file(tmp_path: Path) -> None:
    assert reason(tmp_path / "gone.wav") == "no such file"
    assert reason(tmp_path) == "not a regular file"


def test_zero_frames_in_decode_and_probe() -> None:
    data = wav(np.zeros(0))
    assert reason(data) == "zero frames: a header without sound"
    with pytest.raises(AudioError, match="zero frames"):
        probe(data, "call.wav")


def test_silence_is_named_and_a_whisper_is_not() -> None:
    assert reason(wav(np.zeros(8000))) == "all-silent: every sample is zero"
    assert reason(wav(np.full(8000, 2e-5), 8000, "FLOAT")) == "all-silent: its peak is below -90 dBFS"
    assert len(decode(wav(tone(500, level=0.001)), "whisper").wave) == 8000


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_non_finite_samples_are_named_with_their_time(bad: float) -> None:
    samples = tone(1000).astype(np.float32)
    samples[4000] = bad
    assert reason(wav(samples, 8000, "FLOAT")) == "non-finite samples (NaN or infinity) at 500 ms"


def test_samples_beyond_one_are_clipped_and_noted() -> None:
    samples = tone(1000)
    samples[:3] = 7.5
    audio = decode(wav(samples, 8000, "FLOAT"), "call", rate_hz=None)
    assert audio.notes == ("3 samples beyond +-1 were clipped",)
    assert audio.wave.max() == 1.0


def test_truncated_is_named_but_a_slightly_wrong_size_passes() -> None:
    data = wav(tone(60_000))
    assert reason(data[: len(data) // 2]).startswith("truncated: 29999 ms of sound, the header claims 60000 ms")
    with pytest.raises(AudioError, match="truncated"):
        probe(data[: len(data) // 2], "call.wav")
    audio = decode(data[:-4000], "call.wav")
    assert audio.duration_ms == 59_750
    assert audio.notes == ("the header claims 4000 bytes more than there are",)
    assert decode(data + b"\x00", "call.wav").notes == ()


def test_truncated_compressed_files_are_named() -> None:
    flac, mp3 = wav(tone(20_000), kind="FLAC"), wav(tone(20_000), 8000, "MPEG_LAYER_III", "MP3")
    assert reason(flac[: len(flac) // 2]).startswith("truncated or damaged after")
    ogg = wav(tone(20_000), 8000, "VORBIS", "OGG")
    notes = decode(ogg[: len(ogg) // 2], "call.ogg").notes
    assert notes == ("the Ogg stream has no last page, its end may be missing",)
    assert len(mp3) > 1000
    assert decode(mp3, "call.mp3").duration_ms == 20_000


def test_a_wav_that_claims_four_gigabytes() -> None:
    data = wav(tone(1000))
    assert reason(with_data_size(data, 4_000_000_000)).startswith("truncated: 1000 ms of sound")
    never_closed = data[:4] + struct.pack("<I", 8) + data[8:]
    for streamed in (
        with_data_size(data, 0xFFFFFFFF),
        with_data_size(data, 0x7FFFF000),
        with_data_size(never_closed, 0),
    ):
        audio = decode(streamed, "streamed")
        assert (audio.duration_ms, audio.notes) == (1000, ("the header leaves the length open",))


def test_an_hour_of_flac_is_refused_from_its_header(monkeypatch: pytest.MonkeyPatch) -> None:
    data = wav(np.zeros(3600 * 8000, dtype=np.int16), 8000, kind="FLAC")
    assert len(data) < 500_000
    monkeypatch.setattr(soundfile.SoundFile, "read", lambda *_, **__: pytest.fail("decoded before the check"))
    assert reason(data) == "too long: 3600.0 s or more, at most 1800.0 s are read"


def test_every_cap_is_checked_before_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    nine = wav(np.zeros((80, 9)))
    slow, short = wav(tone(1000, 500), 500), wav(tone(1000))
    monkeypatch.setattr(soundfile.SoundFile, "read", lambda *_, **__: pytest.fail("decoded before the check"))
    assert reason(nine) == "too many channels: 9, at most 8"
    assert reason(slow) == "sample rate 500 Hz is outside 1000-384000 Hz"
    assert reason(short, limits=Limits(max_rate_hz=7999)) == "sample rate 8000 Hz is outside 1000-7999 Hz"
    assert reason(short, limits=Limits(max_duration_ms=999)) == "too long: 1.0 s or more, at most 1.0 s are read"
    assert reason(short, limits=Limits(max_bytes=1000)) == "too large: more than 1,000 bytes"
    assert reason(io.BytesIO(short), limits=Limits(max_bytes=1000)) == "too large: more than 1,000 bytes"


def test_importing_is_cheap() -> None:
    heavy = run_alone("import sys, core.audio; print({'torch', 'librosa', 'soundfile', 'soxr'} & set(sys.modules))")
    assert heavy.strip() == "set()"


@pytest.mark.parametrize("frames", [1, 100, 999, 1000, 1001, 2000, 5_432])
def test_a_sound_of_one_block_is_resampled_as_in_several(frames: int, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = np.random.default_rng(0).normal(0, 0.4, frames).clip(-1, 1)
    buffer = io.BytesIO()
    soundfile.write(buffer, sound, 8_000, format="WAV", subtype="PCM_16")
    whole = decode(buffer.getvalue(), "x")
    monkeypatch.setattr(reader, "BLOCK_FRAMES", 1000)
    assert np.array_equal(decode(buffer.getvalue(), "x").wave, whole.wave)
    assert len(whole.wave) == 2 * frames
