"""Make model inputs from the items of a Snapshot: the Values that an architecture's `prepare` gives for their Samples.

An unusable item is left out and listed as a `Skip`; it is never replaced. Each recording is decoded once. What was
prepared of voices is cached in a safetensors file beside the run.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save

from core.audio.clips import cut
from core.audio.features import RATE_HZ
from core.audio.gate import SILENCE, decode
from core.errors import AudioError
from core.files import write_bytes
from core.messages import Message, message_from_json, message_to_json
from core.models import Modality, prepared
from core.models.values import Sample, Values, join, take
from core.records import SHORTEST_VOICE_MS, Side, Skip
from core.snapshots.items import Item, Items
from core.training.voice_copies import copies

TOGETHER = 64  # clips that an encoder is given at once
Progress = Callable[[int, int], None]  # clips done, clips in all


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model reads of an item: which parts, by which architecture and encoder, in which configuration.

    `seed` is that of a training, whose training side also gets the changed copies that the configuration asks for.
    None: nothing is changed, as in serving and scoring.
    """

    modality: Modality
    architecture: str
    encoder: str
    config: Mapping[str, Any]
    seed: int | None = None

    def prepare(self, samples: Sequence[Sample]) -> Values:
        """The Values of `samples`, as in serving."""
        return prepared(self.architecture, samples, self.encoder, self.config)

    def samples(self, item: Item, sample: Sample) -> list[Sample]:
        """The sample of an item; behind it, on the training side of a training, its changed copies."""
        if self.seed is None or item.side != "train":
            return [sample]
        return [sample, *copies(sample, item.key, self.config, self.seed)]


@dataclass(frozen=True, eq=False)
class Inputs:
    """`values` are the model's inputs of `items`, row by row; copies of a clip repeat its item. `skipped`: unusable
    items.
    """

    items: Items
    values: Values
    skipped: tuple[Skip, ...]

    def on(self, side: Side) -> "Inputs":
        """The rows of one side."""
        rows = [i for i, on in enumerate(self.items.column("side")) if on == side]
        return self.take(rows)

    def without_copies(self) -> "Inputs":
        """The first row of each item."""
        first: dict[str, int] = {}
        for row, key in enumerate(self.items.column("key")):
            first.setdefault(key, row)
        return self if len(first) == len(self.items) else self.take(list(first.values()))

    def take(self, rows: Sequence[int]) -> "Inputs":
        """The given rows."""
        return Inputs(self.items.take(rows), take(self.values, rows), ())


def of_speakers(items: Items, speakers: tuple[str, ...]) -> Items:
    """The items of one of `speakers` or of an unknown speaker; all items if `speakers` is empty."""
    if not speakers:
        return items
    return items.take([i for i, who in enumerate(items.column("speaker")) if who is None or who in speakers])


def read_inputs(items: Items, reading: Reading, workspace: Path, cache: Path, progress: Progress) -> Inputs:
    """The inputs of a model. What it reads of voices is computed once, then read from the file `cache`.

    Audio paths are relative to the folder `workspace`. `progress(done, total)` counts items whose voice is read.
    """
    if reading.modality == "text":
        return _text_inputs(items, reading)
    if not cache.is_file():
        write_bytes(cache, _packed(*_voices(items, reading, workspace, progress)))
    return _unpacked(items, cache)


def _text_inputs(items: Items, reading: Reading) -> Inputs:
    """Inputs of the frozen texts, which are cleaned already."""
    texts = items.column("text")
    used = [i for i, text in enumerate(texts) if text]
    skipped = tuple(Skip(items[i].key, "no text") for i, text in enumerate(texts) if not text)
    values = reading.prepare([Sample(text) for text in texts if text])
    return Inputs(items.take(used) if skipped else items, values, skipped)


def _packed(keys: list[str], values: Values, reasons: Mapping[str, str]) -> bytes:
    """The content of the cache: arrays by column, lists and keys in the header."""
    columns = values if isinstance(values, dict) else {"": values}
    header = {
        "keys": json.dumps(keys),
        "skipped": json.dumps({key: message_to_json(reason) for key, reason in reasons.items()}),
        "lists": json.dumps({name: column for name, column in columns.items() if isinstance(column, list)}),
    }
    return bytes(save({f"column:{n}": c for n, c in columns.items() if not isinstance(c, list)}, metadata=header))


def _unpacked(items: Items, cache: Path) -> Inputs:
    with safe_open(cache, framework="numpy") as file:
        header = file.metadata()
        columns: dict[str, Any] = {name.removeprefix("column:"): file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    columns |= json.loads(header["lists"])
    place = {key: row for row, key in enumerate(items.column("key"))}
    skipped = tuple(Skip(key, message_from_json(reason)) for key, reason in json.loads(header["skipped"]).items())
    rows = [place[key] for key in json.loads(header["keys"])]
    return Inputs(items.take(rows), columns[""] if columns.keys() == {""} else columns, skipped)


def _voices(
    items: Items, reading: Reading, workspace: Path, progress: Progress
) -> tuple[list[str], Values, dict[str, str]]:
    """The keys of the usable items, their Values, and key -> reason of the others."""
    reasons = {item.key: reason for item in items if (reason := _unusable(item))}
    voiced = [item for item in items if item.key not in reasons]
    silent = len(reasons)
    keys: list[str] = []
    parts: list[Values] = []
    for block in _clips(voiced, workspace, reading, reasons, lambda done: progress(silent + done, len(items))):
        keys += [item.key for item, _ in block]
        parts.append(reading.prepare([sample for _, sample in block]))
    if reading.modality == "both":  # the text alone is enough
        readable = [item for item in items if item.key in reasons and item.text]
        for item in readable:
            del reasons[item.key]
        if readable:
            keys += [item.key for item in readable]
            parts.append(reading.prepare([Sample(item.text, None, item.speaker) for item in readable]))
    return keys, join(parts) if parts else np.zeros((0, 1), dtype=np.float32), reasons


def _clips(
    items: Sequence[Item],
    workspace: Path,
    reading: Reading,
    reasons: dict[str, str],
    progress: Callable[[int], None],
) -> Iterator[list[tuple[Item, Sample]]]:
    """The items with their Samples, some at a time; what cannot be used is noted in `reasons`.

    Each recording is decoded once; clips of several recordings come together, since an encoder is faster on many.
    """
    block: list[tuple[Item, Sample]] = []
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
                sample = Sample(item.text, wave, item.speaker, audio.source_rate_hz)
                together = reading.samples(item, sample)
                block += [(item, each) for each in together]
                if len(together) > 1 and len(block) >= TOGETHER:  # copies of a long recording would fill the memory
                    yield block
                    block = []
            done += 1
            progress(done)
        if len(block) >= TOGETHER:
            yield block
            block = []
    if block:
        yield block


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
