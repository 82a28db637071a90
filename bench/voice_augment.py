"""What changed voices are worth: `python -m bench.voice_augment [--takes 6] [--epochs 12]`.

Spoken digits (FSDD, six speakers). Each speaker is left out in turn; the voice network learns the digits of the other
five, once from the clips as they are and once with two changed copies of each (`AUGMENT`), as `--set augment=...
--set augment_copies=2` makes them. The unseen speaker's clips are then judged as they are, over a noisy telephone line,
and in a room. Copies cost time, so the seconds of both are printed. How many copies of a kind are made a second is
measured on the same clips.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import results
from bench.voice import SPOKEN
from core.audio.augmentation import TRANSFORMS, changed, read_operations, seed_of
from core.audio.gate import decode
from core.models.prepare import mfcc
from core.models.values import Sample
from core.schemes.target import Target
from core.scores import evaluate
from core.training.fits import Fitting, Rows
from core.training.fits.conv_bilstm import ConvBilstmFit, ConvBilstmSettings
from core.training.voice_copies import copies

RATE_HZ = 16_000
AUGMENT = "telephone+noise=5..20,reverberation=0.2..0.6,gain=-6..6"
HEARD = {"as recorded": "", "noisy telephone line": "telephone+noise=10", "a room": "reverberation=0.4"}
DIGITS = Target("digit", tuple("0123456789"))


def clips(takes: int) -> list[Sample]:
    """The clips; the text of each is its digit."""
    made = []
    for path in sorted(SPOKEN.glob("*.wav")):
        digit, speaker, take = path.stem.split("_")
        if int(take) < takes:
            made.append(Sample(digit, decode(path, path.name, rate_hz=RATE_HZ).wave, speaker, 8_000))
    return made


def fitted(train: Sequence[Sample], config: dict[str, Any], seed: int) -> Any:
    """The network after its last epoch; no validation side chooses another one."""
    settings = ConvBilstmSettings(**config)
    fields = asdict(settings)
    samples = [each for n, s in enumerate(train) for each in (s, *copies(s, f"clip {n}", fields, seed))]
    rows = Rows(mfcc(samples, "", fields), {"digit": answers(samples)}, [s.speaker for s in samples])
    last: list[Any] = []

    def epoch_end(epoch: int, model: Any, loss: float, **more: Any) -> bool:
        last[:] = [model]
        return False

    with tempfile.TemporaryDirectory() as folder:
        ConvBilstmFit()(rows, [DIGITS], "", settings, Fitting(Path(folder), seed, lambda *step: None, epoch_end))
    return last[0]


def answers(samples: Sequence[Sample]) -> NDArray[np.int64]:
    return np.array([int(sample.text) for sample in samples], np.int64)


def heard(samples: Sequence[Sample], operation: str) -> list[Sample]:
    """The clips as `operation` changes them, always the same."""
    if not operation:
        return list(samples)
    (chosen,) = read_operations(operation)
    return [
        Sample(s.text, changed(s.wave, RATE_HZ, chosen.draw(np.random.default_rng(n)), n), s.speaker, s.source_hz)
        for n, s in enumerate(samples)
        if s.wave is not None
    ]


def scores(samples: list[Sample], config: dict[str, Any]) -> tuple[dict[str, str], float]:
    """Accuracy over all speakers, each left out once, by how the clips are heard; and the seconds of learning."""
    probs: dict[str, list[NDArray[np.float64]]] = {name: [] for name in HEARD}
    spent, order = 0.0, sorted({s.speaker or "" for s in samples})
    for speaker in order:
        train, test = ([s for s in samples if (s.speaker == speaker) == out] for out in (False, True))
        start = time.monotonic()
        model = fitted(train, config, 0)
        spent += time.monotonic() - start
        for name, operation in HEARD.items():
            logits = model.logits(mfcc(heard(test, operation), "", config))["digit"]
            probs[name].append(DIGITS.probabilities(logits))
    gold = np.concatenate([answers([s for s in samples if s.speaker == speaker]) for speaker in order])
    groups = [speaker for speaker in order for s in samples if s.speaker == speaker]
    shown = {}
    for name, parts in probs.items():
        shown[name] = results.interval(evaluate(gold, np.concatenate(parts), groups, DIGITS.codes)["accuracy"])
    return shown, spent


def rates(samples: Sequence[Sample]) -> str:
    """Seconds of sound that each transform changes in a second of one core."""
    waves = [s.wave for s in samples[:60] if s.wave is not None]
    seconds = sum(map(len, waves)) / RATE_HZ
    parts = []
    for name, row in TRANSFORMS.items():
        parameters = {name: {row.amount: row.usual[0]} if row.amount else {}}
        changed(waves[0], RATE_HZ, parameters, 0)  # compiles what is compiled at the first call
        start = time.process_time()
        for n, wave in enumerate(waves):
            changed(wave, RATE_HZ, parameters, seed_of(0, "clip", n))
        parts.append(f"{name} {seconds / (time.process_time() - start):,.0f}")
    return ", ".join(parts)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--takes", type=int, default=6)
    arguments.add_argument("--epochs", type=int, default=12)
    given = arguments.parse_args()
    samples = clips(given.takes)
    usual: dict[str, Any] = {"features": "spread", "epochs": given.epochs}
    plain, plain_s = scores(samples, usual)
    more, more_s = scores(samples, usual | {"augment": AUGMENT, "augment_copies": 2})
    rows = [(f"{name}: without / with copies", f"{plain[name]} / {more[name]}") for name in HEARD]
    rows += [
        ("seconds of learning, all speakers: without / with copies", f"{plain_s:.0f} / {more_s:.0f}"),
        ("seconds of sound changed in a second of one core", rates(samples)),
    ]
    note = (
        f"FSDD, {len(samples)} clips, six speakers, each left out once. Accuracy of the voice network (features "
        f"spread, {given.epochs} epochs) with intervals over speakers. Copies: `{AUGMENT}`, two a clip, "
        f"so a pass has three times as many steps; both learn for equally many passes. The line is "
        f"`{HEARD['noisy telephone line']}`, the room `{HEARD['a room']}`."
    )
    command = f"python -m bench.voice_augment --takes {given.takes} --epochs {given.epochs}"
    results.write("Voices changed in training", command, rows, note)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
