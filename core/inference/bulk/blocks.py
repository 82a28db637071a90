"""What a bulk judge is given: blocks of ids with texts or clips, and how a clip becomes a Sample.

A clip is named by its file; the worker that judges it decodes it. Each recording of a block is decoded once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.audio.clips import cut
from core.audio.features import RATE_HZ
from core.audio.gate import SILENCE, Audio, decode
from core.errors import AudioError
from core.messages import Message
from core.models.values import Sample
from core.records import SHORTEST_VOICE_MS


@dataclass(frozen=True, slots=True)
class Clip:
    """The span `[start_ms, end_ms)` of the sound file `path`, with what is said in it, "" where nobody knows.

    `path` is relative to the folder of the workspace; "" is a text without sound. `end_ms` None: to the end.
    """

    path: str
    start_ms: int = 0
    end_ms: int | None = None
    text: str = ""
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """Why a sound file could not be read this time: it is missing, or is no sound. A later job tries it again."""

    reason: Message


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """N items to judge: `ids` int64 (N,), and for each its raw text (of a call: its turns joined) or its Clip."""

    ids: NDArray[np.int64]
    samples: Sequence[str | Clip]

    def __len__(self) -> int:
        return len(self.samples)


def decoded(clips: Sequence[tuple[int, Clip]], folder: Path) -> Iterator[tuple[int, Sample | Message | Unread]]:
    """Each row number with its Sample, or with the reason why its sound cannot be judged, or not now.

    The order is that of the files. A clip without a path gives a Sample without a wave.
    """
    for path, group in groupby(sorted(clips, key=lambda row: row[1].path), key=lambda row: row[1].path):
        audio = _audio(folder, path) if path else None
        for row, clip in group:
            if audio is None:
                yield row, Sample(clip.text, None, clip.speaker)
            else:
                yield row, audio if isinstance(audio, Unread) else _sample(clip, audio)


def _audio(folder: Path, path: str) -> Audio | Unread:
    """The decoded file at 16 kHz, or why it cannot be used; no file outside `folder` is opened."""
    place = (folder / path).resolve()
    try:
        if not place.is_relative_to(folder.resolve()):
            raise AudioError(path, "lies outside the workspace")
        if not place.is_file():
            raise AudioError(path, "is missing from the workspace")
        return decode(place, path, rate_hz=RATE_HZ)
    except AudioError as error:
        return Unread(error.message)


def _sample(clip: Clip, audio: Audio) -> Sample | Message:
    """The Sample of a clip; a clip that is too short or silent is refused as in training."""
    wave = cut(audio.wave, RATE_HZ, clip.start_ms, audio.duration_ms if clip.end_ms is None else clip.end_ms)
    if len(wave) * 1000 < SHORTEST_VOICE_MS * RATE_HZ or np.abs(wave).max() < SILENCE:
        return Message(
            "{path}: no {least} ms of sound in {start_ms}-{end_ms} ms",
            path=clip.path,
            least=SHORTEST_VOICE_MS,
            start_ms=clip.start_ms,
            end_ms=clip.end_ms,
        )
    return Sample(clip.text, wave, clip.speaker, audio.source_rate_hz)
