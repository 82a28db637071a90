"""Odd audio files for tests, written by PyAV and soundfile: phone formats, and headers that lie. Skips without PyAV."""

import io
import struct

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from bench import mutations

RATE_HZ = 16_000
SECONDS = 3

# name -> container, codec, rate
FORMATS = {
    "a.m4a": ("ipod", "aac", 44_100),
    "a.mp4": ("mp4", "aac", RATE_HZ),
    "lossless.m4a": ("ipod", "alac", RATE_HZ),
    "a.3gp": ("3gp", "libopencore_amrnb", 8_000),
    "a.amr": ("amr", "libopencore_amrnb", 8_000),
    "a.webm": ("webm", "libopus", 48_000),
    "a.mkv": ("matroska", "libopus", 48_000),
    "a.aac": ("adts", "aac", RATE_HZ),
    "a.oga": ("ogg", "flac", RATE_HZ),
    "a.mp3": ("mp3", "libmp3lame", RATE_HZ),
}


def speech(rate_hz: int = RATE_HZ, seconds: float = SECONDS) -> NDArray[np.float32]:
    """A tone of 300 Hz in pulses, float32 (n,)."""
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    return (0.4 * np.sin(2 * np.pi * 300 * t) * (np.sin(2 * np.pi * 2 * t) > 0)).astype(np.float32)


def encoded(name: str, channels: int = 1, seconds: float = SECONDS) -> bytes:
    """The bytes of `speech` in the format of `FORMATS`."""
    pytest.importorskip("av", reason="PyAV is not installed")
    container, codec, rate_hz = FORMATS[name]
    return mutations.encoded(np.repeat(speech(rate_hz, seconds)[None], channels, 0), container, codec, rate_hz)


def video_without_sound() -> bytes:
    """An MP4 with eight grey pictures and no sound."""
    av = pytest.importorskip("av", reason="PyAV is not installed")
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as file:
        stream = file.add_stream("mpeg4", rate=8)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(8):
            for packet in stream.encode(av.VideoFrame(64, 64, "yuv420p")):
                file.mux(packet)
        for packet in stream.encode(None):
            file.mux(packet)
    return out.getvalue()


def written(kind: str, subtype: str = "PCM_16") -> bytes:
    """The bytes of `speech` as soundfile writes them."""
    out = io.BytesIO()
    soundfile.write(out, speech(), RATE_HZ, format=kind, subtype=subtype)
    return out.getvalue()


def wav_of(*sizes: int | None, claimed: int | None = None, between: bytes = b"") -> bytes:
    """A WAV of `speech` whose data chunks hold so many bytes each (None: the rest), with chunks `between` them."""
    plain = written("WAV")
    at = plain.index(b"data")
    head, sound = plain[:at], plain[at + 8 :]
    body = b""
    for size in sizes:
        part, sound = (sound, b"") if size is None else (sound[:size], sound[size:])
        body += b"data" + struct.pack("<I", len(part) if claimed is None else claimed) + part + between
    return head[:4] + struct.pack("<I", len(head) + len(body) - 8) + head[8:] + body


def with_frames_claimed(mp3: bytes, share: float) -> bytes:
    """The MP3 whose Info header claims `share` of its true number of frames."""
    at = mp3.index(b"Info") + 8
    (frames,) = struct.unpack(">I", mp3[at : at + 4])
    return mp3[:at] + struct.pack(">I", round(frames * share)) + mp3[at + 4 :]
