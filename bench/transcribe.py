"""Speech to text: `python -m bench.transcribe [FOLDER]`.

What Whisper writes where nobody speaks, with and without voice activity detection before it; spoken digits of
../shared/data/fsdd in English; the demo's synthetic Korean voices; and the letter error rate of FOLDER, a folder of WAV
files with a text of the same name (`a.wav`, `a.txt`), at 16 kHz and through an 8 kHz telephone band. Each part says how
many seconds of sound were read in one second. It writes its section of bench/RESULTS.md. It tunes nothing.
"""

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from bench import results
from core.audio.gate import decode
from core.filters import Filter
from core.scores.letters import letter_errors
from core.settings import ROOT, settings
from core.speech.transcribers import faster
from core.speech.transcribers.listening import Listener
from core.speech.transcribers.transcript import Transcript
from core.workflows.speech.corpus import transcripts
from core.workflows.workspace import open_workspace

DIGITS = ROOT.parent / "shared" / "data" / "fsdd" / "recordings"
NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
RATE_HZ = 16_000

Wave = NDArray[np.float32]


def whole(wave: Wave) -> list[tuple[int, int]]:
    return [(0, len(wave) * 1000 // RATE_HZ)]


def timed(read: Callable[[], list[Transcript]]) -> tuple[list[Transcript], str]:
    """What was read, and the ratio of sound to the processor's time, and to the time that passed."""
    began, busy = time.perf_counter(), time.process_time()
    made = read()
    seconds = sum(t.end_ms - t.start_ms for t in made) / 1000
    passed, computed = time.perf_counter() - began, time.process_time() - busy
    return made, f"{seconds / computed:.1f} times real time a core ({seconds / passed:.1f} as this machine was busy)"


def nobody(transcriber: Listener, sounds: dict[str, Wave]) -> list[tuple[str, str]]:
    """How many sounds without speech give a text, with and without voice activity detection."""
    fooled = replace(transcriber, speech=lambda wave, rate_hz: whole(wave))
    rows = []
    for title, listener in (("as it is", transcriber), ("without voice activity detection", fooled)):
        texts = [t.text for wave in sounds.values() for t in listener.transcribe(wave, whole(wave))]
        rows.append((f"nobody speaks, {title}: sounds with a text", f"{sum(map(bool, texts))} of {len(texts)}"))
    return rows


def digits(transcriber: Listener, count: int) -> list[tuple[str, str]]:
    """Strings of six digits, each by one speaker: how many are understood, and the error rate of their digits."""
    rng = random.Random(0)
    speakers = sorted({path.stem.split("_")[1] for path in DIGITS.glob("*.wav")})
    wanted, waves = [], []
    for _ in range(count):
        said, who, take = [rng.randrange(10) for _ in range(6)], rng.choice(speakers), rng.randrange(50)
        parts = [soundfile.read(DIGITS / f"{d}_{who}_{take}.wav", dtype="float32")[0] for d in said]
        gap = np.zeros(2400, np.float32)
        waves.append(np.concatenate([p for d in parts for p in (gap, soxr.resample(d, 8000, RATE_HZ))] + [gap]))
        wanted.append("".join(map(str, said)))
    made, speed = timed(lambda: read_joined(transcriber, waves, "en"))
    understood = [(right, as_digits(t.text)) for right, t in zip(wanted, made, strict=True) if t.state == "ok"]
    errors = letter_errors(*map(list, zip(*understood, strict=True)), [str(n) for n in range(len(understood))])
    return [
        ("spoken digits (fsdd, en): strings understood", f"{len(understood)} of {count}; {speed}"),
        ("spoken digits: wrong of the digits understood", shown(errors.rate, errors.low, errors.high)),
    ]


def demo(transcriber: Listener, most: int) -> list[tuple[str, str]]:
    """The demo's synthetic voices: the states, and what came through."""
    ws = open_workspace()
    utterances = list(ws.store.corpus.every(Filter(with_audio=True)))[:most]
    reads, speed = timed(
        lambda: [t for _, t in transcripts(ws, transcriber, "ko", utterances) if isinstance(t, Transcript)]
    )
    states = Counter(t.state for t in reads)
    return [
        ("the demo's synthetic voices", ", ".join(f"{name}: {n}" for name, n in sorted(states.items())) + f"; {speed}")
    ]


def folder(transcriber: Listener, path: Path) -> list[tuple[str, str]]:
    """The letter error rate of WAV files with texts beside them, at 16 kHz and through a telephone band."""
    pairs = [(wav, wav.with_suffix(".txt")) for wav in sorted(path.glob("*.wav")) if wav.with_suffix(".txt").is_file()]
    texts = [text.read_text(encoding="utf-8") for _, text in pairs]
    waves = [decode(wav, wav.name, rate_hz=RATE_HZ).wave for wav, _ in pairs]
    narrow = [soxr.resample(soxr.resample(wave, RATE_HZ, 8000), 8000, RATE_HZ) for wave in waves]
    rows = []
    for title, heard in (("16 kHz", waves), ("8 kHz telephone band", narrow)):
        made, speed = timed(lambda sounds=heard: read_joined(transcriber, sounds, "ko"))  # type: ignore[misc]
        errors = letter_errors(texts, [t.text for t in made], [wav.stem for wav, _ in pairs])
        lost = sum(t.state != "ok" for t in made)
        rows.append((f"letter error rate, {title}", f"{shown(errors.rate, errors.low, errors.high)}; {speed}"))
        rows.append((f"not understood, {title}", f"{lost} of {len(made)}"))
    return rows


def read_joined(transcriber: Listener, waves: Sequence[Wave], language: str) -> list[Transcript]:
    """Clips as the turns of one recording, as those of a call are."""
    ends = np.cumsum([len(wave) * 1000 // RATE_HZ for wave in waves]).tolist()
    even = [wave[: len(wave) // 16 * 16] for wave in waves]
    spans = list(zip([0, *ends[:-1]], ends, strict=True))
    return transcriber.transcribe(np.concatenate(even).astype(np.float32), spans, language)


def as_digits(text: str) -> str:
    for digit, word in enumerate(NAMES):
        text = text.lower().replace(word, str(digit))
    return "".join(c for c in text if c.isdigit())


def shown(rate: float | None, low: float | None, high: float | None) -> str:
    return "–" if rate is None else f"{rate:.3f} ({low:.3f}-{high:.3f})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--digits", type=int, default=24)
    parser.add_argument("--demo", type=int, default=60)
    arguments = parser.parse_args()
    import sys

    sys.path.insert(0, str(ROOT / "tests" / "support"))
    from quiet_sounds import nobody_speaks

    with tempfile.TemporaryDirectory() as home:
        transcriber = faster.make(replace(settings(), home=Path(home)))
        rows = nobody(transcriber, nobody_speaks())
        rows += digits(transcriber, arguments.digits) if DIGITS.is_dir() else []
        rows += demo(transcriber, arguments.demo)
        rows += folder(transcriber, arguments.folder) if arguments.folder else []
    results.write(
        "Speech to text", "python -m bench.transcribe", rows,
        "Whisper base, int8, one thread for each of two workers. Sounds: silence; white and pink noise, a tone, "
        "ringing, busy tone, dialling, two melodies and a siren, each at -50, -30 and -12 dB.",
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
