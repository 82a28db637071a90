"""Make model inputs from the items of a Snapshot: texts, or features of spans of recordings.

An unusable item is left out and listed as a `Skip`; it is never replaced. Each recording is decoded once. The features
are cached in a safetensors file beside the run, by item key.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save

from core.audio.clips import cut
from core.audio.features import RATE_HZ
from core.audio.gate import SILENCE, decode
from core.errors import AudioError
from core.files import write_bytes
from core.messages import Message, message_from_json, message_to_json
from core.models import voice_features
from core.records import SHORTEST_VOICE_MS, Side, Skip
from core.snapshots.items import Item, Items

TOGETHER = 64  # clips that an encoder is given at once
Progress = Callable[[int, int], None]  # clips done, clips in all


@dataclass(frozen=True, eq=False)
class Inputs:
    """`values[i]` is the model input of `items[i]`: a text, or the features of a voice. `skipped`: unusable items."""

    items: Items
    values: list[str] | NDArray[np.float32]
    skipped: tuple[Skip, ...]

    def labels(self) -> NDArray[np.int64]:
        """The class ids, int64 (N,)."""
        return np.array(self.items.column("label"), dtype=np.int64)

    def on(self, side: Side) -> "Inputs":
        """The rows of one side."""
        rows = [i for i, on in enumerate(self.items.column("side")) if on == side]
        values = [self.values[i] for i in rows] if isinstance(self.values, list) else self.values[rows]
        return Inputs(self.items.take(rows), values, ())


def of_speakers(items: Items, speakers: tuple[str, ...]) -> Items:
    """The items of one of `speakers` or of an unknown speaker; all items if `speakers` is empty."""
    if not speakers:
        return items
    return items.take([i for i, who in enumerate(items.column("speaker")) if who is None or who in speakers])


def text_inputs(items: Items) -> Inputs:
    """Inputs for a text model: the frozen texts, which are cleaned already."""
    texts = items.column("text")
    used = [i for i, text in enumerate(texts) if text]
    skipped = tuple(Skip(items[i].key, "no text") for i, text in enumerate(texts) if not text)
    return Inputs(items.take(used) if skipped else items, [texts[i] for i in used], skipped)


def voice_inputs(items: Sequence[Item], encoder: str, workspace: Path, cache: Path, progress: Progress) -> Inputs:
    """Inputs for a voice model: what `encoder` reads of each item's span. Computed once, then read from file `cache`.

    Audio paths are relative to the folder `workspace`. `progress(done, total)` counts items.
    """
    if not cache.is_file():
        features, reasons = _features(items, encoder, workspace, progress)
        table = np.stack(list(features.values())) if features else np.zeros((0, 1), dtype=np.float32)
        metadata = {
            "keys": json.dumps(list(features)),
            "skipped": json.dumps({key: message_to_json(reason) for key, reason in reasons.items()}),
        }
        write_bytes(cache, save({"features": table}, metadata=metadata))
    with safe_open(cache, framework="numpy") as file:
        metadata, values = file.metadata(), file.get_tensor("features")
    by_key = {item.key: item for item in items}
    skipped = tuple(Skip(key, message_from_json(reason)) for key, reason in json.loads(metadata["skipped"]).items())
    return Inputs(Items.of(by_key[key] for key in json.loads(metadata["keys"])), values, skipped)


def _features(
    items: Sequence[Item], encoder: str, workspace: Path, progress: Progress
) -> tuple[dict[str, NDArray[np.float32]], dict[str, str]]:
    """Item key -> what `encoder` reads of the usable items, and item key -> reason of the others."""
    read = voice_features(encoder)
    features: dict[str, NDArray[np.float32]] = {}
    reasons = {item.key: reason for item in items if (reason := _unusable(item))}
    usable = [item for item in items if item.key not in reasons]
    start = len(reasons)
    for waves in _clips(usable, workspace, reasons, lambda done: progress(start + done, len(items))):
        features |= dict(zip(waves, read(list(waves.values())), strict=True))
    return features, reasons


def _clips(
    items: Sequence[Item], workspace: Path, reasons: dict[str, str], progress: Callable[[int], None]
) -> Iterator[dict[str, NDArray[np.float32]]]:
    """The waves of the items by key, some at a time; what cannot be used is noted in `reasons`.

    Each recording is decoded once; clips of several recordings come together, since an encoder is faster on many.
    """
    waves: dict[str, NDArray[np.float32]] = {}
    done = 0
    for path, group in groupby(sorted(items, key=lambda i: (i.audio or "", i.key)), key=lambda i: i.audio or ""):
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
                waves[item.key] = wave
            done += 1
            progress(done)
        if len(waves) >= TOGETHER:
            yield waves
            waves = {}
    if waves:
        yield waves


def _unusable(item: Item) -> str | None:
    """Why an item cannot be judged by voice; None if its audio may be tried."""
    if item.audio is None:
        return Message("no audio that can be judged by voice")
    if item.start_ms is not None and item.end_ms is not None and item.end_ms - item.start_ms < SHORTEST_VOICE_MS:
        return Message("{n} ms, shorter than {least} ms", n=item.end_ms - item.start_ms, least=SHORTEST_VOICE_MS)
    return None


def _inside(workspace: Path, path: str) -> Path:
    """The file `path` of the workspace; `AudioError` if it is missing or lies outside the workspace."""
    resolved = (workspace / path).resolve()
    if not resolved.is_relative_to(workspace.resolve()):
        raise AudioError(path, "lies outside the workspace")
    if not resolved.is_file():
        raise AudioError(path, "is missing from the workspace")
    return resolved
