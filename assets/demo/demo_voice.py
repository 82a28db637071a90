"""Speech of the demo calls: espeak-ng turns laid on a timeline and sent down a telephone line.

Waves are float64 (n,), mono, 8 kHz. Everything random is drawn from a seeded generator, so that one call sounds the
same every time. How a caller speaks depends on age, gender, urgency and sentiment, with a jitter of the call's own
that is about as large: a voice model finds something, but not for nothing. No labels are written, no files touched.
"""

import io
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import gcd
from xml.sax.saxutils import escape

import numpy as np
import soundfile as sf
from numpy.typing import NDArray
from scipy import signal

RATE_HZ = 8_000
SHORTEST_MS, LONGEST_MS = 20_500, 59_000

Wave = NDArray[np.float64]

_VOICES = {
    ("M", "child"): ("ko+f5",), ("M", "young"): ("ko+m1", "ko+m3"), ("M", "adult"): ("ko+m2", "ko+m4", "ko+m7"),
    ("M", "elder"): ("ko+m5", "ko+m6"), ("F", "child"): ("ko+f5",), ("F", "young"): ("ko+f1", "ko+f2"),
    ("F", "adult"): ("ko+f2", "ko+f3", "ko+f4"), ("F", "elder"): ("ko+f3", "ko+f5"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Manner:
    """How one person speaks: words a minute, pitch 0-99, pitch range in % of the voice's own, level in dBFS.

    The level is the RMS of a turn before the line. `tremor` is the depth (0-1) of a 5-7 Hz shake of loudness,
    `hesitation` the chance of a pause at a space.
    """

    voice: str
    rate: float
    pitch: float
    span: float
    level: float
    tremor: float = 0.0
    hesitation: float = 0.0

    def moved(self, by: "Manner") -> "Manner":
        """This manner with every number of `by` added."""
        names = ("rate", "pitch", "span", "level", "tremor", "hesitation")
        return replace(self, **{n: getattr(self, n) + getattr(by, n) for n in names})


_AGES = {"child": (8, 22), "young": (6, 4), "adult": (0, 0), "elder": (-16, -6)}  # rate, pitch
_BY_URGENCY = {
    "하": Manner("", -16, -8, -15, -3.0),
    "중": Manner("", 0, 0, 0, 0),
    "상": Manner("", 20, 11, 15, 3.0),
}
_BY_SENTIMENT = {
    "불안/걱정": Manner("", 8, 10, 15, 0.5, tremor=0.35, hesitation=0.02),
    "당황/난처": Manner("", -2, 5, 35, 0.0, tremor=0.10, hesitation=0.16),
    "기타부정": Manner("", 10, -8, 45, 3.0, tremor=0.05),
    "중립": Manner("", -6, -2, -45, -1.5),
}


def caller(gender: str, age: str, urgency: str, sentiment: str, rng: np.random.Generator) -> Manner:
    """The caller's manner; `KeyError` for a word the tables above do not hold."""
    rate, pitch = _AGES[age]
    base = Manner(str(rng.choice(_VOICES[gender, age])), 172 + rate, 46 + pitch, 100, -21.0)
    own = Manner(
        "", rng.normal(0, 8), rng.normal(0, 5), rng.normal(0, 14), rng.normal(0, 1.5), abs(rng.normal(0, 0.06))
    )
    return base.moved(_BY_URGENCY[urgency]).moved(_BY_SENTIMENT[sentiment]).moved(own)


def taker(rng: np.random.Generator) -> Manner:
    """A call-taker: practised, even, a little softer than the caller."""
    gender = str(rng.choice(["M", "F"]))
    voice = str(rng.choice(_VOICES[gender, "adult"]))
    return Manner(voice, 178 + rng.normal(0, 6), 44 + rng.normal(0, 4), 85, -24.0 + rng.normal(0, 1))


def perform(
    turns: Sequence[tuple[int, str]], caller: Manner, taker: Manner, urgency: str, seed: int
) -> tuple[NDArray[np.int16], list[tuple[int, int]]]:
    """The call as int16 (n,) at 8 kHz and the `(start_ms, end_ms)` of each turn; n is a whole number of ms.

    Speaks again, faster or slower, until the call is between 20.5 and 59 s long.
    """
    haste = 1.0
    while True:
        rng = np.random.default_rng(seed)
        wave, spans = _laid_out(turns, (taker, caller), haste, urgency, rng)
        length_ms = len(wave) * 1000 // RATE_HZ
        if SHORTEST_MS <= length_ms <= LONGEST_MS:
            return _telephone(wave, rng), spans
        haste *= 1.08 if length_ms > LONGEST_MS else 0.92


def _laid_out(
    turns: Sequence[tuple[int, str]],
    people: tuple[Manner, Manner],
    haste: float,
    urgency: str,
    rng: np.random.Generator,
) -> tuple[Wave, list[tuple[int, int]]]:
    """About a fifth of the changes of speaker overlap by 120-450 ms; nobody overlaps himself."""
    pause = {"상": 0.6, "중": 1.0, "하": 1.4}[urgency]
    spoken = [_speak(text, people[speaker], haste, rng) for speaker, text in turns]
    spans: list[tuple[int, int]] = []
    ends, before = [0, 0], -1
    for (speaker, _), wave in zip(turns, spoken, strict=True):
        length = -(-len(wave) * 1000 // RATE_HZ)
        gap = round(rng.uniform(150, 600) * pause)
        cut_in, overlap = rng.random() < 0.2, round(rng.uniform(120, 450))
        start = max(ends) + (gap if spans else 500 + gap)
        if cut_in and spans and speaker != before:
            start = max(max(ends) - min(overlap, length // 2), ends[speaker] + 150, spans[-1][0] + 100)
        spans.append((start, start + length))
        ends[speaker], before = start + length, speaker
    total = np.zeros((max(ends) + round(rng.uniform(400, 900))) * RATE_HZ // 1000)
    for (start, _), wave in zip(spans, spoken, strict=True):
        at = start * RATE_HZ // 1000
        total[at : at + len(wave)] += wave
    return total, spans


def _speak(text: str, manner: Manner, haste: float, rng: np.random.Generator) -> Wave:
    """One turn without silence around it, at the manner's level."""
    pitch = float(np.clip(manner.pitch + rng.normal(0, 2), 5, 95))
    rate = max(90.0, (manner.rate + rng.normal(0, 4)) * haste)
    words = text.split(" ")
    pauses = [
        "" if rng.random() >= manner.hesitation else f'<break time="{round(rng.uniform(120, 330))}ms"/>' for _ in words
    ]
    body = " ".join(escape(word) + pause for word, pause in zip(words, [*pauses[:-1], ""], strict=True))
    wave = _espeak(f'<prosody range="{max(20, round(manner.span))}%">{body}</prosody>', manner.voice, rate, pitch)
    wave = _trimmed(wave)
    time = np.arange(len(wave)) / RATE_HZ
    wave *= 1 + manner.tremor * np.sin(2 * np.pi * rng.uniform(5, 7) * time + rng.uniform(0, 6))
    return wave / np.sqrt(np.mean(np.square(wave))) * 10 ** (manner.level / 20)


def _espeak(ssml: str, voice: str, rate: float, pitch: float) -> Wave:
    command = ["espeak-ng", "-m", "-v", voice, "-s", str(round(rate)), "-p", str(round(pitch)), "--stdout", ssml]
    wave, rate_hz = sf.read(io.BytesIO(subprocess.run(command, capture_output=True, check=True).stdout))
    common = gcd(RATE_HZ, rate_hz)
    return np.asarray(signal.resample_poly(wave, RATE_HZ // common, rate_hz // common), dtype=np.float64)


def _trimmed(wave: Wave) -> Wave:
    loud = np.flatnonzero(np.abs(wave) > 0.02 * np.abs(wave).max())
    return wave[max(0, loud[0] - 80) : loud[-1] + 80]


def _telephone(wave: Wave, rng: np.random.Generator) -> NDArray[np.int16]:
    """300-3400 Hz, line noise and hum, soft limiting, 8-bit mu-law and back (the noise below is its dither)."""
    time = np.arange(len(wave)) / RATE_HZ
    noise = rng.normal(0, 10 ** (rng.uniform(-50, -43) / 20), len(wave))
    hum = 10 ** (rng.uniform(-58, -50) / 20) * np.sin(2 * np.pi * 360 * time)
    band = signal.butter(4, (300, 3_400), "bandpass", fs=RATE_HZ, output="sos")
    line = np.tanh(signal.sosfilt(band, wave + noise + hum) * 1.1) * 0.9
    code = np.round(np.sign(line) * np.log1p(255 * np.abs(line)) / np.log1p(255) * 127) / 127
    return np.round(np.sign(code) * np.expm1(np.abs(code) * np.log1p(255)) / 255 * 32_767).astype(np.int16)
