"""core.audio.repair: WAV and MP3 whose headers hide or invent sound are read as a whole; what is cut off is refused."""

import io
import struct

import numpy as np
import pytest
from odd_sounds import RATE_HZ, encoded, speech, wav_of, with_frames_claimed, written

from core.audio import decode
from core.audio.gate import probe
from core.audio.repair import flac, mpeg, riff
from core.errors import AudioError

LIST = b"LIST" + struct.pack("<I", 4) + b"INFO"
WHOLE = speech()


@pytest.fixture(scope="module")
def mp3() -> bytes:
    return encoded("a.mp3")


def length(data: bytes) -> tuple[int, int, tuple[str, ...]]:
    audio = decode(data, "call")
    return probe(data, "call").duration_ms, audio.duration_ms, audio.notes


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (wav_of(None, claimed=0), "the header leaves the length open"),
        (wav_of(40_000, None), "2 data chunks were joined"),
        (wav_of(40_000, None, between=LIST), "2 data chunks were joined"),
        (wav_of(10_000, 10_000, 10_000, None, between=LIST), "4 data chunks were joined"),
        (wav_of(0, None, between=LIST), "2 data chunks were joined"),
    ],
)
def test_a_wav_that_hides_its_sound_is_read_as_a_whole(data: bytes, note: str) -> None:
    audio = decode(data, "call.wav", rate_hz=None)
    assert (audio.duration_ms, audio.notes) == (3000, (note,))
    assert np.abs(audio.wave - WHOLE).max() < 1e-4
    assert (probe(data, "call.wav").duration_ms, probe(data, "call.wav").copy) == (3000, None)


def test_an_empty_wav_stays_empty_and_a_big_endian_one_is_joined() -> None:
    with pytest.raises(AudioError, match="zero frames"):
        probe(wav_of(0), "call.wav")
    with pytest.raises(AudioError, match="zero frames"):
        probe(wav_of(0, between=LIST), "call.wav")
    big = b"RIFX" + struct.pack(">I", 60) + b"WAVE" + b"fmt " + struct.pack(">IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
    big += b"".join(b"data" + struct.pack(">I4h", 8, n, n, n, n) for n in (1000, 2000))
    audio = decode(big, "call.wav", rate_hz=None)
    assert np.rint(audio.wave * 32768).tolist() == [1000] * 4 + [2000] * 4


@pytest.mark.parametrize("start", ["fLaC", "OggS", "caff", "ID3"])
def test_text_that_begins_like_sound_is_text(start: str) -> None:
    with pytest.raises(AudioError) as caught:
        decode(f"{start} 로 시작하는 메모입니다.\n".encode(), "memo.wav")
    assert caught.value.reason == "not audio: text, UTF-8"


def test_a_plain_wav_is_not_touched() -> None:
    stream = io.BytesIO(written("WAV"))
    assert riff.mended(stream) == (stream, ())
    cut = io.BytesIO(written("WAV")[:2000])
    assert riff.mended(cut) == (cut, ())


@pytest.mark.parametrize("share", [0.1, 0.33, 2.0, 10.0])
def test_the_frames_of_an_mp3_are_counted_if_its_header_lies(mp3: bytes, share: float) -> None:
    probed, decoded, notes = length(with_frames_claimed(mp3, share))
    assert 3000 <= probed == decoded <= 3100
    assert [note for note in notes if "MP3 header claims" in note]


@pytest.mark.parametrize("junk", [bytes(1000), b"<html>hello</html>" * 20, b"\xff\xfb" * 300, b"\x01" * 60_000])
def test_an_mp3_behind_junk_is_read(mp3: bytes, junk: bytes) -> None:
    assert length(junk + mp3)[:2] == (3000, 3000)


def test_an_mp3_with_a_lying_tag_or_a_damaged_first_frame_is_read(mp3: bytes) -> None:
    assert length(b"ID3\x03\0\0\0\0\x7f\x7f" + mp3)[:2] == (3000, 3000)
    assert length(b"\0\0" + mp3[2:])[:2] == (3000, 3000)
    first = mpeg.first_frame(mp3)
    assert first is not None
    assert 2900 <= length(mp3[:first] + b"\0\0" + mp3[first + 2 :])[1] <= 3100


def test_an_mp3_that_is_cut_off_is_refused(mp3: bytes) -> None:
    with pytest.raises(AudioError, match=r"truncated: 14[0-9][0-9] ms of sound, the header claims 3000 ms"):
        decode(mp3[: len(mp3) // 2], "call.mp3")
    assert mpeg.mended(stream := io.BytesIO(mp3)) == (stream, ())


def test_a_frame_header_is_read_and_noise_is_none(mp3: bytes) -> None:
    first = mpeg.first_frame(mp3)
    assert first is not None
    frame = mpeg.read_frame(mp3, first)
    assert frame is not None
    assert (frame.samples, frame.kind[2]) == (576, RATE_HZ)
    noise = np.random.default_rng(0).bytes(300_000)
    assert mpeg.first_frame(noise) is None
    assert not flac.is_hidden(bytes(5000))
    assert mpeg.read_frame(b"\xff\xfb\xf0\x00", 0) is None  # no such bit rate


def test_a_flac_frame_is_found_by_its_checksum() -> None:
    data = written("FLAC")
    frames = data[data.index(b"\xff\xf8") :]
    assert flac.is_hidden(b"\x01\x02\x03" * 100 + frames)
    assert not flac.is_hidden(b"\x01\x02\x03" * 100 + frames[:4] + bytes([frames[4] ^ 1]) + frames[5:20])
