"""The leak meter by speaker: spoken digits, random clips against unseen speakers: `python -m bench.leakmeter_voice`.

FSDD (six speakers, ten digits, the first `TAKES` of the fifty takes) is imported and frozen for the voice, a third of
the speakers on each side. The voice network is trained four times; the copies have another speed or pitch, as in the
seed. With two speakers on the test side an interval says little.
"""

import shutil
import sys
import time
from pathlib import Path
from tempfile import mkdtemp

from bench import results
from bench.leakmeter import rows_of
from bench.voice import SPOKEN, workspace

TAKES, EPOCHS = 20, "15"
OPERATIONS = ("speed", "pitch")


def main() -> None:
    if not SPOKEN.is_dir():
        sys.exit(f"{SPOKEN} is missing; it holds the spoken digits")
    folder = Path(mkdtemp(prefix="gwidama-leakmeter-"))
    try:
        ws = workspace(folder, TAKES, by_speaker=True)
        from core.workflows.leaks import meter
        from core.workflows.leaks.plan import LeakPlan
        from core.workflows.leaks.sentences import sentences
        from core.workflows.snapshots import snapshot

        snapshot.create(ws, "digits", "digit", "34/33/33", inputs="voice")
        settings = {"features": "spread", "epochs": EPOCHS}
        plan = LeakPlan("digits", "voice", "conv-bilstm", overrides=settings, operations=OPERATIONS)
        began = time.perf_counter()
        document = meter.run(ws, plan)
        seconds = time.perf_counter() - began
        rows = [
            *rows_of(document),
            *((f"sentence {n}", text) for n, text in enumerate(sentences(document), start=1)),
            ("whole measurement", f"{seconds:.0f} s"),
        ]
        note = (
            f"{document['arms'][0]['n']} test clips of two speakers; {document['augmentation']['n']} copies by "
            f"{', '.join(OPERATIONS)}; `conv-bilstm`, features=spread, {EPOCHS} epochs. Accuracy / macro-F1 over ten "
            "digits, 95% intervals over speakers; differences are of the accuracy."
        )
        results.write("The leak meter by speaker: spoken digits", "python -m bench.leakmeter_voice", rows, note)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
