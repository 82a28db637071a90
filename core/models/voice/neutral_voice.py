"""Neutral voices: mean and deviation of each coefficient over the neutral clips of a speaker, and of all speakers.

A model that reads differences from them hears how a voice deviates from its usual sound, not whose it is. A speaker
without neutral training clips gets the baseline of all. Names are kept as hashes, since a model is handed over.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save

from core.files import write_bytes, write_json

ARRAYS, SPEAKERS = "baselines.safetensors", "baselines.json"
LEAST_FRAMES = 50  # of a speaker, for a deviation to mean something
EPSILON = 1e-8
NEUTRAL = ("neutral", "normal", "calm", "중립", "무감정", "평온")  # codes that mean a neutral voice


@dataclass(frozen=True, eq=False)
class Baselines:
    """`mean` and `deviation` float32 (S + 1, 13): row 0 is that of all, row i that of the i-th hash of `speakers`."""

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]
    speakers: tuple[str, ...]

    @classmethod
    def of(
        cls,
        rows: NDArray[np.float32],
        length: NDArray[np.int64],
        speakers: Sequence[str],
        neutral: NDArray[np.bool_],
    ) -> "Baselines":
        """From N clips `rows` (N, T, 13) of which `length` frames are true; all clips count if none is `neutral`."""
        used = np.asarray(neutral) if np.any(neutral) else np.ones(len(rows), np.bool_)
        frames: dict[str, list[NDArray[np.float32]]] = {}
        for row in np.flatnonzero(used):
            if length[row]:
                frames.setdefault(speakers[int(row)], []).append(rows[row, : length[row]])
        every = [part for parts in frames.values() for part in parts]
        by_speaker = {hashed(name): np.concatenate(parts) for name, parts in sorted(frames.items()) if name}
        by_speaker = {name: part for name, part in by_speaker.items() if len(part) >= LEAST_FRAMES}
        whole = np.concatenate(every) if every else np.zeros((1, rows.shape[2]), np.float32)
        tables = [whole, *by_speaker.values()]
        mean = np.stack([table.mean(axis=0) for table in tables])
        deviation = np.stack([table.std(axis=0) for table in tables])
        return cls(mean.astype(np.float32), deviation.astype(np.float32), tuple(by_speaker))

    def differences(self, rows: NDArray[np.float32], speakers: Sequence[str]) -> NDArray[np.float32]:
        """(rows - mean) / (deviation + 1e-8) with the baseline of each row's speaker; `rows` (N, T, 13)."""
        at = self._rows_of(speakers)
        return np.asarray((rows - self.mean[at][:, None]) / (self.deviation[at][:, None] + EPSILON), np.float32)

    def own(
        self, rows: NDArray[np.float32], length: NDArray[np.int64], speakers: Sequence[str]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean and deviation (N, 13) for N clips of one recording: of all clips of the same speaker in it.

        What somebody sounds like in most of a call stands for the neutral voice that nobody recorded. A speaker with
        less than a second of sound has the baseline that training knows.
        """
        known = self._rows_of(speakers)
        mean, deviation = self.mean[known].copy(), self.deviation[known].copy()
        for name in set(speakers):
            own = [row for row, speaker in enumerate(speakers) if speaker == name]
            frames = np.concatenate([rows[row, : length[row]] for row in own])
            if len(frames) >= 2 * LEAST_FRAMES:
                mean[own], deviation[own] = frames.mean(axis=0), frames.std(axis=0)
        return mean, deviation

    def _rows_of(self, speakers: Sequence[str]) -> NDArray[np.int64]:
        """The row of the baseline of each speaker, int64 (N,); 0, the whole, for one that training does not know."""
        place = {name: at for at, name in enumerate(self.speakers, start=1)}
        return np.array([place.get(hashed(name), 0) if name else 0 for name in speakers], dtype=np.int64)

    def save(self, folder: Path) -> None:
        """Write arrays and hashes into `folder`."""
        write_bytes(folder / ARRAYS, save({"mean": self.mean, "deviation": self.deviation}))
        write_json(folder / SPEAKERS, self.speakers)

    @classmethod
    def load(cls, folder: Path) -> "Baselines":
        """The inverse of `save`; ValueError if arrays and hashes do not fit."""
        arrays, speakers = load_file(folder / ARRAYS), json.loads((folder / SPEAKERS).read_text(encoding="utf-8"))
        if not arrays["mean"].shape == arrays["deviation"].shape == (len(speakers) + 1, arrays["mean"].shape[-1]):
            raise ValueError(f"{folder / ARRAYS} does not fit the {len(speakers)} speakers of {SPEAKERS}")
        return cls(arrays["mean"], arrays["deviation"], tuple(speakers))


def hashed(speaker: str) -> str:
    """The name under which a speaker is known to a model.

    >>> len(hashed("F0001"))
    16
    """
    return hashlib.sha256(speaker.encode()).hexdigest()[:16]
