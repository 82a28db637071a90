"""Synthetic sounds for tests: a voice-like wave (float32, 8 kHz), and recordings of such waves in a workspace."""

from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from store_data import AT

from core.records import NewRecording, NewUtterance
from core.workflows.workspace import Workspace

RATE_HZ = 8000


def talk(seconds: float = 3.0, seed: int = 1) -> NDArray[np.float32]:
    """A voice-like wave, float32 (n,) at `RATE_HZ`: harmonics of a gliding pitch, in syllables."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    phase = 2 * np.pi * np.cumsum(140 + 40 * np.sin(2 * np.pi * (0.7 + seed * 0.13) * t + seed)) / RATE_HZ
    voice = sum(np.sin(k * phase) / k for k in range(1, 12))
    syllables = np.clip(np.sin(2 * np.pi * (1.3 + 0.37 * seed) * t + seed), 0, None)
    return (0.1 * voice * syllables + 0.002 * rng.standard_normal(len(t))).astype(np.float32)


def record(ws: Workspace, name: str, wave: Any, ms: int | None = None, rate_hz: int = RATE_HZ, **changes: Any) -> int:
    """Add a recording with one utterance over its whole length, and write its audio file if `wave` is given; its id."""
    path = f"audio/{name}.wav"
    (ws.settings.home / "audio").mkdir(exist_ok=True)
    if wave is not None:
        soundfile.write(ws.settings.home / path, wave, rate_hz, subtype="PCM_16")
    length = ms or (len(wave) * 1000 // rate_hz if wave is not None else 3000)
    source = ws.store.corpus.add_source("sounds", "test", "ours", "0", AT)
    utterances = (NewUtterance(f"{name}:1", f"{name}에서 불이 났어요", name, 0, length, "caller", True),)
    values: dict[str, Any] = {"path": path, "sha256": name, "sample_rate_hz": rate_hz} | changes
    ws.store.corpus.add_recordings(source, [NewRecording(name, length, utterances=utterances, **values)], AT)
    return max(recording.id for recording in ws.store.corpus.recordings())
