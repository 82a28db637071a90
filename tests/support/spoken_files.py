"""Small files of annotated speech for tests: a TextGrid of tiers, a call with one voice on each channel."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
import soundfile

Spans = Sequence[tuple[float, float, str]]


def textgrid(tiers: Mapping[str, Spans], end: float = 6.0) -> bytes:
    """A short TextGrid with interval tiers; the times are seconds."""
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", str(end), "<exists>", str(len(tiers))]
    for name, spans in tiers.items():
        lines += ['"IntervalTier"', f'"{name}"', "0", str(end), str(len(spans))]
        for start, stop, text in spans:
            lines += [str(start), str(stop), f'"{text}"']
    return "\n".join(lines).encode()


def srt(*texts: str) -> bytes:
    """An SRT whose captions last one second each."""
    blocks = [f"{n + 1}\n00:00:0{n},000 --> 00:00:0{n + 1},000\n{text}\n" for n, text in enumerate(texts)]
    return "\n".join(blocks).encode()


def tones(*hz: float, ms: int = 6_000, rate_hz: int = 8_000) -> bytes:
    """A WAV with a channel for each of `hz`, each a tone."""
    at = np.arange(ms * rate_hz // 1000) / rate_hz
    wave = np.stack([0.3 * np.sin(2 * np.pi * h * at) for h in hz], axis=1)
    out = io.BytesIO()
    soundfile.write(out, wave, rate_hz, format="WAV", subtype="PCM_16")
    return out.getvalue()


def pitch(data: bytes) -> float:
    """The frequency of the strongest tone of a mono WAV."""
    wave, rate_hz = soundfile.read(io.BytesIO(data))
    assert wave.ndim == 1
    return float(np.argmax(np.abs(np.fft.rfft(wave))) * rate_hz / len(wave))


def pcm(hz: float = 220.0, ms: int = 1_000, rate_hz: int = 16_000) -> bytes:
    """Sound without a header, 16 bit little-endian."""
    at = np.arange(ms * rate_hz // 1000) / rate_hz
    return (8_000 * np.sin(2 * np.pi * hz * at)).astype("<i2").tobytes()
