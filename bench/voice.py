"""Voices: `python -m bench.voice [--takes 8]`.

Spoken digits (FSDD: six speakers, ten digits, `--takes` of the fifty takes each) are imported, frozen for the voice and
learnt, as a person would do it: by the voice network, which reads a clip as it always did, as the seed did or as its
default does; and by frozen Whisper. The score on unseen speakers is that of a model that is used; a random
split, where each speaker is on every side, stands beside it to show what it hides. The cost of a vector is measured on
the same clips with Whisper's own window of 30 s and with the shorter one that is used, in turns.
"""

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench import results

SPOKEN = Path(__file__).resolve().parents[2] / "shared" / "data" / "fsdd" / "recordings"
TIMED = 12  # clips
LEARNT: dict[str, dict[str, str]] = {
    "conv-bilstm": {},
    "conv-bilstm seed": {"features": "seed", "speed": "0.1", "pitch": "2"},
    "conv-bilstm default": {"features": "spread", "speed": "0.1", "pitch": "2"},
    "whisper-base": {},
}


def workspace(folder: Path, takes: int, *, by_speaker: bool) -> Any:
    """A workspace with the digits as a scheme; without `by_speaker` every clip is a group of its own."""
    from core.ingest.audio.folder import Rules
    from core.ingest.audio.name_pattern import compile_pattern
    from core.workflows.corpus import schemes
    from core.workflows.imports.audio import ingest_audio
    from core.workflows.workspace import open_workspace

    chosen = folder / "digits"
    chosen.mkdir(parents=True)
    for path in SPOKEN.glob("*.wav"):
        if int(path.stem.rsplit("_", 1)[1]) < takes:
            shutil.copy(path, chosen)
    os.environ["GWIDAMA_HOME"] = str(folder / "workspace")
    ws = open_workspace()
    speaker = "speaker" if by_speaker else "person"
    pattern = compile_pattern("{digit}_{" + speaker + "}_{take}.wav")
    ingest_audio(ws, [chosen], Rules(pattern, {"digit": "digit"}))
    schemes.confirm(ws, "digit", "bench")
    return ws


def accuracy(ws: Any, encoder: str, settings: dict[str, str]) -> str:
    """Accuracy and macro-F1 of `encoder` with `settings` on the test side, with intervals."""
    from core.workflows.models import train
    from core.workflows.snapshots import snapshot

    if "s" not in {info.name for info in snapshot.every(ws)}:
        snapshot.create(ws, "s", "digit", "60/20/20", inputs="voice")
    start = time.monotonic()
    test = train.run(ws, train.plan(ws, "voice", "s", encoder, settings))["test"]
    shown = " / ".join(results.interval(test[name]) for name in ("accuracy", "macro_f1"))
    return f"{shown}, n {test['n']} in {test['n_groups']} groups, {time.monotonic() - start:.0f} s"


def cost() -> tuple[str, str]:
    """Seconds a clip with a window of 30 s and with the window in use, and the ratio."""
    from core.audio.gate import decode
    from core.speech import whisper

    waves = [decode(path, path.name).wave for path in sorted(SPOKEN.glob("*_1.wav"))[:TIMED]]
    used = whisper.window_s
    seconds: dict[str, list[float]] = {"plain": [], "ours": []}
    whisper.vectors(waves[:1])
    for _ in range(3):
        for name in seconds:
            whisper.window_s = (lambda samples: whisper.LONGEST_S) if name == "plain" else used
            start = time.process_time()
            whisper.vectors(waves)
            seconds[name].append((time.process_time() - start) / len(waves))
    whisper.window_s = used
    plain, ours = (float(np.median(seconds[name])) for name in ("plain", "ours"))
    return f"{plain:.3f} / {ours:.3f}", f"{plain / ours:.1f} times"


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--takes", type=int, default=8)
    takes = arguments.parse_args().takes
    rows: list[tuple[str, str]] = []
    for title, by_speaker in (("unseen speakers", True), ("random split", False)):
        with tempfile.TemporaryDirectory() as folder:
            ws = workspace(Path(folder), takes, by_speaker=by_speaker)
            rows += [
                (f"{name}, {title}: accuracy / macro-F1", accuracy(ws, name.split()[0], settings))
                for name, settings in LEARNT.items()
            ]
            if not by_speaker:
                each, ratio = cost()
                rows += [("processor seconds a clip: window of 30 s / window in use", each), ("ratio", ratio)]
    note = (
        f"FSDD, {takes} takes of six speakers and ten digits. Intervals are bootstraps over groups: speakers, or clips."
    )
    results.write("Voices: frozen Whisper against MFCC", f"python -m bench.voice --takes {takes}", rows, note)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
