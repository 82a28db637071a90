"""From the items of a Snapshot to what a model takes: texts, or MFCC of the spans of decoded recordings.

What cannot be used is left out by name (`Skip`), never replaced. Each recording is decoded once; features are cached
as safetensors beside the run, keyed by item.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save

from core.audio.clips import cut
from core.audio.features import COEFFICIENTS, FRAMES, RATE_HZ, mfcc
from core.audio.gate import SILENCE, decode
from core.errors import AudioError
from core.files import write_bytes
from core.messages import Message, packed, unpacked
from core.records import SHORTEST_VOICE_MS, Side, Skip
from core.training.snapshot import Item

Progress = Callable[[int, int], None]  # clips done, clips in all


@dataclass(frozen=True, eq=False)
class Inputs:
    """`values[i]` is what the model takes for `items[i]`: a text, or float32 (100, 13)."""

    items: tuple[Item, ...]
    values: list[str] | NDArray[np.float32]
    skipped: tuple[Skip, ...]

    def labels(self) -> NDArray[np.int64]:
        return np.array([item.label for item in self.items], dtype=np.int64)

    def on(self, side: Side) -> "Inputs":
        """The rows of one side."""
        rows = [i for i, item in enumerate(self.items) if item.side == side]
        values = [self.values[i] for i in rows] if isinstance(self.values, list) else self.values[rows]
        return Inputs(tuple(self.items[i] for i in rows), values, ())


def chosen(items: tuple[Item, ...], speakers: tuple[str, ...]) -> tuple[Item, ...]:
    """Those said by one of `speakers` or by nobody known; all where `speakers` is empty."""
    return tuple(item for item in items if not speakers or item.speaker is None or item.speaker in speakers)


def texts(items: tuple[Item, ...]) -> Inputs:
    """The texts as frozen: cleaned already."""
    used = tuple(item for item in items if item.text)
    return Inputs(used, [item.text for item in used], tuple(Skip(i.key, "no text") for i in items if not i.text))


def voices(items: tuple[Item, ...], workspace: Path, cache: Path, progress: Progress) -> Inputs:
    """MFCC of each item's span of its recording below `workspace`; computed once, then read from `cache`."""
    if not cache.is_file():
        found, reasons = _features(items, workspace, progress)
        table = np.stack(list(found.values())) if found else np.zeros((0, FRAMES, COEFFICIENTS), dtype=np.float32)
        about = {
            "keys": json.dumps(list(found)),
            "skipped": json.dumps({key: packed(reason) for key, reason in reasons.items()}),
        }
        write_bytes(cache, save({"mfcc": table}, metadata=about))
    with safe_open(cache, framework="numpy") as file:
        about, values = file.metadata(), file.get_tensor("mfcc")
    by_key = {item.key: item for item in items}
    skipped = tuple(Skip(key, unpacked(reason)) for key, reason in json.loads(about["skipped"]).items())
    return Inputs(tuple(by_key[key] for key in json.loads(about["keys"])), values, skipped)


def _features(
    items: tuple[Item, ...], workspace: Path, progress: Progress
) -> tuple[dict[str, NDArray[np.float32]], dict[str, str]]:
    """float32 (100, 13) by key of what can be used, the reason by key of what cannot."""
    found: dict[str, NDArray[np.float32]] = {}
    reasons = {item.key: reason for item in items if (reason := _unusable(item))}
    usable = sorted((i for i in items if i.key not in reasons), key=lambda i: (i.audio or "", i.key))
    for path, group in groupby(usable, key=lambda i: i.audio or ""):
        spans = list(group)
        try:
            audio = decode(_inside(workspace, path), path, rate_hz=RATE_HZ)
        except AudioError as error:
            reasons |= {item.key: error.message for item in spans}
            continue
        for item in spans:
            wave = cut(audio.wave, RATE_HZ, item.start_ms or 0, item.end_ms or audio.duration_ms)
            if len(wave) * 1000 < SHORTEST_VOICE_MS * RATE_HZ or np.abs(wave).max() < SILENCE:
                reasons[item.key] = Message(
                    "{path}: no {least} ms of sound in {start_ms}-{end_ms} ms",
                    path=path,
                    least=SHORTEST_VOICE_MS,
                    start_ms=item.start_ms,
                    end_ms=item.end_ms,
                )
            else:
                found[item.key] = mfcc(wave)
            progress(len(found) + len(reasons), len(items))
    return found, reasons


def _unusable(item: Item) -> str | None:
    if item.audio is None:
        return Message("no audio that can be judged by voice")
    if item.start_ms is not None and item.end_ms is not None and item.end_ms - item.start_ms < SHORTEST_VOICE_MS:
        return Message("{n} ms, shorter than {least} ms", n=item.end_ms - item.start_ms, least=SHORTEST_VOICE_MS)
    return None


def _inside(workspace: Path, path: str) -> Path:
    """`path` below the workspace; a name in a snapshot is no way out of it."""
    found = (workspace / path).resolve()
    if not found.is_relative_to(workspace.resolve()):
        raise AudioError(path, "lies outside the workspace")
    if not found.is_file():
        raise AudioError(path, "is missing from the workspace")
    return found
