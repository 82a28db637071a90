"""Changed copies of voices for a leak meter: WAV files in the folder of the measurement, removed with it.

They are made by `core.audio.augmentation`, as those of the Augment page are, and become no recordings of the workspace.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np

from core.audio.augmentation import make, read_operations
from core.audio.clips import cut, to_wav
from core.audio.gate import decode
from core.errors import CoreError
from core.files import make_folder, write_bytes
from core.records import SHORTEST_VOICE_MS
from core.snapshots.items import Item
from core.workflows.workspace import Workspace

AUDIO = "audio"  # the folder below that of a measurement
Number = Callable[[Item], int]
Progress = Callable[[int, int], None]


def watched(items: Sequence[Item], progress: Progress) -> Iterator[Item]:
    """The items; before each, `progress(done, total)` is told, which may raise to stop."""
    for done, item in enumerate(items):
        progress(done, len(items))
        yield item


def copies(
    ws: Workspace,
    originals: Iterable[Item],
    operations: str,
    seed: int,
    how_many: Number,
    work: Path,
    progress: Progress = lambda done, total: None,
) -> tuple[list[Item], Counter[str]]:
    """Copies of the gold rows that have a voice, `how_many` of each, and the refused ones by reason.

    A clip that cannot be read or is too short has no copy; the trainings leave it out too, and say why.
    `progress(done, total)` counts these rows, before each of them, and may raise to stop.
    """
    chosen = read_operations(operations)
    make_folder(work / AUDIO)
    made: list[Item] = []
    refused: Counter[str] = Counter()
    for item, wave, rate_hz in _clips(ws, originals, progress):
        variants, reasons = make(wave, rate_hz, chosen, n=how_many(item), seed=seed, key=item.key)
        refused.update(reasons)
        for number, variant in enumerate(variants, start=1):
            path = work / AUDIO / f"{len(made):06}.wav"
            write_bytes(path, to_wav(variant.wave, rate_hz))
            made.append(
                replace(
                    item, key=f"{item.key}~{number}", start_ms=0, recording=None,
                    audio=str(path.relative_to(ws.settings.home)), end_ms=len(variant.wave) * 1000 // rate_hz,
                )
            )  # fmt: skip
    return made, refused


def _clips(ws: Workspace, originals: Iterable[Item], progress: Progress) -> Iterator[tuple[Item, np.ndarray, int]]:
    """Each gold row that has a voice, its sound and the sampling rate; a recording is decoded once."""
    voiced = [item for item in originals if item.audio is not None and item.gold]
    voiced.sort(key=lambda item: (str(item.audio), item.key))
    for path, group in groupby(watched(voiced, progress), key=lambda item: str(item.audio)):
        try:
            audio = decode(ws.inside(path), path, rate_hz=None)
        except CoreError:
            continue
        for item in group:
            wave = cut(audio.wave, audio.sample_rate_hz, item.start_ms or 0, item.end_ms or audio.duration_ms)
            if len(wave) * 1000 >= SHORTEST_VOICE_MS * audio.sample_rate_hz:
                yield item, wave, audio.sample_rate_hz
