"""Broken sound files: files of every format, and copies of them changed at random. The same seed, the same files."""

import io
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

NO_AUDIO = {"license", "readme.txt"}
LARGEST = 200_000  # bytes; a longer file makes the same mistakes possible and only costs time
RATE_HZ = 8_000
NATIVE = (
    ("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "FLOAT"), ("WAV", "ULAW"), ("WAV", "IMA_ADPCM"), ("WAVEX", "PCM_16"),
    ("RF64", "PCM_16"), ("W64", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("AIFF", "PCM_16"),
    ("MP3", "MPEG_LAYER_III"), ("AU", "PCM_16"), ("CAF", "ALAC_16"),
)  # fmt: skip
FOREIGN = (
    ("m4a", "ipod", "aac", 16_000), ("3gp", "3gp", "libopencore_amrnb", 8_000),
    ("amr", "amr", "libopencore_amrnb", 8_000), ("webm", "webm", "libopus", 48_000), ("aac", "adts", "aac", 16_000),
)  # fmt: skip
EDGES = tuple(map(bytes.fromhex, ("00", "ff", "7fffffff", "ffffffff", "80000000", "00000000", "ffffff7f", "0100")))
MARKS = (
    b"RIFF", b"WAVE", b"fmt ", b"data", b"LIST", b"fLaC", b"OggS", b"OpusHead", b"FORM", b"COMM", b"SSND", b"ID3\4",
    b"\xff\xfb", b"ftyp", b"moov", b"mdat", b"#!AMR\n", b"\x1aE\xdf\xa3", b".snd", b"caff", b"RF64", b"ds64",
)  # fmt: skip

File = tuple[str, bytes]
Change = Callable[[random.Random, bytes, bytes], bytes]


def sound(rate_hz: int = RATE_HZ, seconds: float = 0.8) -> NDArray[np.float32]:
    """Return a tone in pulses with a little noise, float32 (n,)."""
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    noise = np.random.default_rng(0).normal(0, 0.01, len(t))
    return (0.4 * np.sin(2 * np.pi * 300 * t) * (np.sin(2 * np.pi * 4 * t) > 0) + noise).astype(np.float32)


def own_sounds() -> Iterator[File]:
    """Yield a short sound in every format that this machine can write."""
    for kind, codec in NATIVE:
        buffer = io.BytesIO()
        soundfile.write(buffer, sound(), RATE_HZ if codec != "OPUS" else 48_000, format=kind, subtype=codec)
        yield f"{kind}-{codec}.{kind[:4]}".lower(), buffer.getvalue()
    for extension, container, codec, rate_hz in FOREIGN:
        yield f"a.{extension}", encoded(sound(rate_hz)[None], container, codec, rate_hz)


def encoded(channels: NDArray[np.float32], container: str, codec: str, rate_hz: int) -> bytes:
    """Return the bytes of `channels`, float32 (1 or 2, n), in a format that PyAV writes."""
    import av

    layout = "mono" if len(channels) == 1 else "stereo"
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        stream: Any = file.add_stream(codec, rate=rate_hz, layout=layout)
        frame = av.AudioFrame.from_ndarray(channels, format="fltp", layout=layout)
        frame.sample_rate, frame.pts = rate_hz, 0
        resampler = av.AudioResampler(format=stream.codec_context.format or "fltp", layout=layout, rate=rate_hz)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            for packet in stream.encode(part):
                file.mux(packet)
        for packet in stream.encode(None):
            file.mux(packet)
    return out.getvalue()


def odd_sounds(folder: Path) -> Iterator[File]:
    """Yield the files of a folder that are not too large; none where the folder is absent."""
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file() and path.name.lower() not in NO_AUDIO and path.stat().st_size <= LARGEST:
            yield path.name, path.read_bytes()


# --- changes: each takes a file and another one ----------------------------------------------------------------------


def flip(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """Change some bits, often in the header."""
    changed = bytearray(data)
    end = len(changed) if rng.random() < 0.3 else min(len(changed), 128)
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        if end:
            changed[rng.randrange(end)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def cut(rng: random.Random, data: bytes, other: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def cut_out(rng: random.Random, data: bytes, other: bytes) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + data[start + rng.choice((1, 2, 4, 100, 1000)) :]


def overwrite(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """Write an extreme number over a field, often in the header."""
    start = rng.randrange(min(len(data), 256) + 1) if rng.random() < 0.8 else rng.randrange(len(data) + 1)
    edge = rng.choice(EDGES)
    return data[:start] + edge + data[start + len(edge) :]


def insert(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """Put in a mark of some format, zeros, or random bytes."""
    start = rng.randrange(len(data) + 1)
    piece = rng.choice((rng.choice(MARKS), bytes(rng.randrange(1, 2000)), rng.randbytes(rng.randrange(1, 200))))
    return data[:start] + piece + data[start:]


def repeat(rng: random.Random, data: bytes, other: bytes) -> bytes:
    start = rng.randrange(len(data) + 1)
    piece = data[start : start + rng.choice((4, 44, 500, 5000))]
    return data[:start] + piece * rng.randrange(2, 6) + data[start:]


def splice(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """Begin as this file and go on as another one."""
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]


def noise(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """Keep the first bytes and make the rest random."""
    kept = rng.choice((4, 12, 44, 64, 200))
    return data[:kept] + rng.randbytes(rng.randrange(3000))


CHANGES: tuple[Change, ...] = (flip, flip, overwrite, overwrite, cut, cut_out, insert, repeat, splice, noise)


def mutated(files: Sequence[File], count: int, seed: int) -> Iterator[File]:
    """Yield `count` changed files; each has one to three changes, and its number in its name."""
    rng = random.Random(seed)
    for number in range(count):
        name, data = files[number % len(files)]
        for _ in range(rng.choice((1, 1, 2, 3))):
            data = rng.choice(CHANGES)(rng, data, rng.choice(files)[1])
        stem, _, extension = name.rpartition(".")
        yield f"{number}-{stem}.{extension}", data[: 2 * LARGEST]
