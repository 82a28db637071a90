"""core.audio.foreign: phone formats are read in a child process that cannot hang, outgrow its limits or outlive us."""

import io
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from odd_sounds import FORMATS, RATE_HZ, encoded, speech, video_without_sound, written

from core.audio import decode
from core.audio.clips import read_clip
from core.audio.foreign import workers
from core.audio.foreign.copy import FlacCopy
from core.audio.foreign.sound import open_foreign
from core.audio.foreign.workers import Bounds, DecoderError
from core.audio.gate import probe
from core.audio.header import Limits
from core.errors import AudioError
from core.settings import ROOT

pytestmark = pytest.mark.integration
KINDS = {
    "a.m4a": "M4A", "a.mp4": "MP4", "lossless.m4a": "M4A", "a.3gp": "3GP", "a.amr": "AMR", "a.webm": "WEBM",
    "a.mkv": "MKV", "a.aac": "AAC", "a.oga": "OGG",
}  # fmt: skip


def reason(data: bytes, **options: object) -> str:
    with pytest.raises(AudioError) as caught:
        decode(data, "call", **options)  # type: ignore[arg-type]
    return str(caught.value.reason)


@pytest.mark.parametrize("name", KINDS)
def test_phone_formats_are_read_and_copied_as_flac(name: str) -> None:
    data = encoded(name, channels=2 if name == "a.m4a" else 1)
    head, audio = probe(data, name), decode(data, name)
    assert head.copy is not None
    assert (head.format, audio.format) == (KINDS[name], KINDS[name])
    assert (head.sample_rate_hz, head.channels) == (FORMATS[name][2], 2 if name == "a.m4a" else 1)
    assert head.duration_ms == audio.duration_ms == pytest.approx(3000, abs=100)
    spectrum = np.abs(np.fft.rfft(audio.wave * np.hanning(len(audio.wave))))
    assert np.argmax(spectrum) * 16_000 / len(audio.wave) == pytest.approx(300, abs=3)
    copy = decode(head.copy, "copy")
    assert (copy.format, copy.duration_ms, copy.channels) == ("FLAC", audio.duration_ms, audio.channels)
    assert np.abs(copy.wave - audio.wave).max() < 1e-4


@pytest.mark.parametrize("kind", ["CAF", "W64"])
def test_what_no_browser_plays_is_read_by_libsndfile_and_copied(kind: str) -> None:
    head, audio = probe(written(kind), "a"), decode(written(kind), "a", rate_hz=None)
    assert (head.format, head.duration_ms, head.notes) == (kind, 3000, ())
    assert np.abs(audio.wave - speech()).max() < 1e-4
    assert head.copy is not None
    samples, rate_hz = soundfile.read(io.BytesIO(head.copy), dtype="int16")
    assert (rate_hz, len(samples)) == (RATE_HZ, 3 * RATE_HZ)
    assert np.array_equal(samples, soundfile.read(io.BytesIO(written(kind)), dtype="int16")[0])


def test_lossless_sound_has_the_same_samples() -> None:
    wave = decode(encoded("lossless.m4a"), "a", rate_hz=None).wave
    assert np.abs(wave[: 3 * RATE_HZ] - speech()).max() < 1e-4


def test_a_wrong_suffix_and_a_path_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(encoded("a.m4a"))
    assert probe(path, "call.wav").format == "M4A"
    clip, rate_hz = soundfile.read(io.BytesIO(read_clip(path, 1000, 1250, "call.wav")))
    assert (rate_hz, len(clip)) == (44_100, 11_025)


def test_what_is_no_sound_is_named() -> None:
    assert reason(video_without_sound()) == "not audio: MP4 video without sound"
    assert reason(encoded("a.m4a")[:3000]).startswith("M4A sound (MP4) that cannot be decoded: ")
    assert reason(b"\0\0\0\x20ftypM4A " + bytes(500)).startswith("M4A sound (MP4) that cannot be decoded: ")
    assert reason(b"#!AMR\n" + b"text and no sound") == "AMR sound: zero frames, nothing could be decoded"
    assert reason(b"\x1aE\xdf\xa3" + bytes(range(256)) * 9).startswith("Matroska that cannot be decoded: ")


def test_a_sound_that_breaks_off_is_refused() -> None:
    data = encoded("a.webm", seconds=6)
    assert reason(data[: len(data) // 2]).startswith("truncated: ")


def test_caps_hold() -> None:
    data = encoded("a.m4a", channels=2)
    assert reason(data, limits=Limits(max_duration_ms=2000)) == "too long: 3.0 s or more, at most 2.0 s are read"
    assert reason(data, limits=Limits(max_channels=1)) == "too many channels: 2, at most 1"
    assert reason(data, limits=Limits(max_rate_hz=16_000)) == "sample rate 44100 Hz is outside 1000-16000 Hz"
    assert reason(data, limits=Limits(max_bytes=1000)) == "too large: more than 1,000 bytes"
    assert decode(data, "after").duration_ms > 2900, "a sound that was left early does not disturb the next"


def test_without_pyav_the_message_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    m4a, oga = encoded("a.m4a"), encoded("a.oga")
    monkeypatch.setitem(sys.modules, "av", None)
    assert reason(m4a) == (
        "M4A sound (MP4): reading it needs the package av, which is not installed: pip install av==18.1.0"
    )
    assert reason(oga).endswith("; the package av may read it: pip install av==18.1.0")
    assert decode(written("CAF"), "a").duration_ms == 3000


def test_a_flac_that_libsndfile_gives_up_is_read_on_by_ffmpeg() -> None:
    mono, stereo = io.BytesIO(), io.BytesIO()
    soundfile.write(mono, speech(), RATE_HZ, format="FLAC")
    soundfile.write(stereo, np.column_stack([speech(), speech()]), RATE_HZ, format="FLAC")
    first, second = (out.getvalue() for out in (mono, stereo))
    both = bytearray(first + second[second.index(b"\xff\xf8") :])
    both[21] &= 0xF0
    both[22:26] = bytes(4)  # the header does not tell its length
    audio = decode(bytes(both), "a.flac", rate_hz=None)
    assert audio.channels == 1
    assert audio.duration_ms == 6000
    assert "read by FFmpeg from " in " ".join(audio.notes)
    assert np.abs(audio.wave[:RATE_HZ] - speech()[:RATE_HZ]).max() < 1e-4


@pytest.mark.parametrize("name", KINDS)
def test_damaged_bytes_give_samples_or_an_audio_error(name: str) -> None:
    plain, rng = encoded(name, seconds=1), random.Random(name)
    for _ in range(8):
        data = bytearray(plain)
        for _ in range(rng.choice([1, 5, 50])):
            data[rng.randrange(min(len(data), rng.choice([200, len(data)])))] = rng.choice([0, 127, 128, 255])
        cut = bytes(data[: rng.choice([len(data), rng.randrange(20, len(data))])])
        try:
            wave = decode(cut, name).wave
            assert len(wave)
            assert np.isfinite(wave).all()
        except AudioError as error:
            assert str(error.reason)  # noqa: PT017


def test_a_damaged_flac_stays_refused() -> None:
    data = bytearray(written("FLAC"))
    for at in range(len(data) // 3, len(data) // 2):
        data[at] ^= 0x55
    assert reason(bytes(data)).startswith("truncated")


@pytest.mark.parametrize(("values", "most", "rate_hz", "channels"), [
    (0.1, 10_000_000, 44_100, 2), (0.1, 150_000, 16_000, 2), (0.1, 75_000, 16_000, 1), (0.1, 40_000, 8_000, 1),
])  # fmt: skip
def test_a_copy_that_would_be_too_large_shrinks(values: float, most: int, rate_hz: int, channels: int) -> None:
    noise = np.random.default_rng(1).uniform(-values, values, (2 * 44_100, 2)).astype(np.float32)
    with FlacCopy(44_100, 2, 16) as copy:
        assert sum(map(len, copy.take([noise]))) == len(noise)
        data = copy.finished(most)
    samples, found_hz = soundfile.read(io.BytesIO(data), always_2d=True)
    assert (found_hz, samples.shape[1], len(data) <= most) == (rate_hz, channels, True)
    assert len(samples) == pytest.approx(2 * rate_hz, abs=2)


def test_a_recording_has_the_rate_of_its_copy() -> None:
    data = encoded("a.aac")
    plain = probe(data, "a")
    assert plain.copy is not None
    most = max(len(data), len(plain.copy) - 1)
    assert most < len(plain.copy)
    assert probe(data, "a", Limits(max_bytes=len(plain.copy))).sample_rate_hz == 16_000
    small = probe(data, "a", Limits(max_bytes=most))
    assert small.copy is not None
    assert len(small.copy) <= most
    assert decode(small.copy, "copy").source_rate_hz == small.sample_rate_hz == 8_000
    assert "its copy has 8000 Hz, to stay small: the file as it came is kept too" in small.notes
    assert small.duration_ms == plain.duration_ms


def test_one_process_serves_many_files_and_ends_with_them() -> None:
    data = encoded("a.amr")
    workers.end_all()
    probe(data, "a")
    (worker,) = workers._current_pool().idle
    probe(data, "b")
    assert workers._current_pool().idle == [worker]
    workers.end_all()
    assert worker.process.poll() is not None


def test_too_little_memory_and_too_little_time_are_named(tmp_path: Path) -> None:
    workers.end_all()
    data = io.BytesIO(encoded("a.amr"))
    tight = Bounds(memory_bytes=30_000_000)
    with pytest.raises(AudioError, match="AMR sound: "), open_foreign(data, "call", bounds=tight):
        pass
    worker = workers.Worker(Bounds(seconds=1))
    try:
        os.kill(worker.process.pid, signal.SIGSTOP)  # it hangs
        with (tmp_path / "a").open("wb+") as file:
            worker.ask(file.fileno(), {})
            with pytest.raises(DecoderError) as caught:
                worker.receive()
        assert caught.value.kind == "time"
    finally:
        worker.end()
    assert worker.process.returncode == -signal.SIGKILL


def test_a_killed_process_is_an_error_of_its_file_and_the_next_is_read() -> None:
    data = encoded("a.m4a", seconds=30)
    with open_foreign(io.BytesIO(data), "call") as sound:
        sound._worker.process.kill()
        with pytest.raises(DecoderError):
            sound.seek(30 * 44_100)
    assert decode(encoded("a.m4a"), "next").duration_ms > 2900


ORPHAN = """
import io, sys, os, time
from core.audio.foreign import workers
from core.audio.gate import probe
probe(open(sys.argv[1], "rb").read(), "a")
print(workers._current_pool().idle[0].process.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def test_no_process_outlives_a_killed_parent(tmp_path: Path) -> None:
    path = tmp_path / "a.amr"
    path.write_bytes(encoded("a.amr"))
    parent = subprocess.run(
        [sys.executable, "-c", ORPHAN, str(path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    pid, until = int(parent.stdout), time.monotonic() + 20
    while Path(f"/proc/{pid}/cmdline").exists() and b"child.py" in Path(f"/proc/{pid}/cmdline").read_bytes():
        assert time.monotonic() < until, "it still runs"
        time.sleep(0.05)
