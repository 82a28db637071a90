"""The workspace of bench/review.py: reviews of ../shared/data/nsmc, and synthetic calls with the voices of the demo.

The calls share a few WAVs of one minute each, made of the demo's recordings. At the front of the queue, calls with
sound and blocks of reviews alternate, so that the curators get a mixture; all other utterances come after them.
"""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import soundfile

from bench import corpus
from core.records import NewRecording
from core.settings import DEMO
from core.workflows.workspace import Workspace

FILES = 12
RATE_HZ = 8000
SECONDS = 60
BLOCKS, BLOCK = 150, 200  # at the front: 150 times one call and 200 reviews, a tenth of them unlabelled


def fill(ws: Workspace, n: int) -> None:
    """Add `n` utterances: three tenths in calls, seven tenths reviews. The turns of calls have no danger label."""
    write_audio(ws)
    store = ws.store.corpus
    spoken = store.add_source("calls", "calls", "ours", "0", corpus.AT)
    written = store.add_source("reviews", "table", "CC0", "0", corpus.AT)
    calls, reviews = calls_with_audio(n * 3 // 10), corpus.reviews(n * 7 // 10)
    for _ in range(BLOCKS):
        store.add_recordings(spoken, list(islice(calls, 1)), corpus.AT)
        store.add_sentences(written, list(islice(reviews, BLOCK)), corpus.AT)
    while batch := list(islice(reviews, corpus.BATCH)):
        store.add_sentences(written, batch, corpus.AT)
    while more := list(islice(calls, corpus.BATCH // corpus.TURNS)):
        store.add_recordings(spoken, more, corpus.AT)


def calls_with_audio(n: int) -> Iterator[NewRecording]:
    """The calls of bench/corpus.py, each with one of the audio files."""
    for number, call in enumerate(corpus.calls(n)):
        yield replace(call, path=f"audio/speech-{number % FILES}.wav")


def write_audio(ws: Workspace) -> None:
    """Write the audio files: `SECONDS` of speech each, from different parts of the demo's calls."""
    ws.settings.audio.mkdir(parents=True, exist_ok=True)
    speech = np.concatenate(list(demo_speech()))
    frames = SECONDS * RATE_HZ
    for number in range(FILES):
        wave = np.resize(np.roll(speech, -number * len(speech) // FILES), frames)
        soundfile.write(ws.settings.audio / f"speech-{number}.wav", wave, RATE_HZ, subtype="PCM_16")


def demo_speech() -> Iterator[np.ndarray]:
    """The waves of the demo's calls: int16 (n,), mono, 8 kHz."""
    for archive in sorted(Path(DEMO / "archives").glob("TS_*.zip")):
        with zipfile.ZipFile(archive) as sounds:
            for name in sorted(member for member in sounds.namelist() if member.endswith(".wav")):
                wave, rate = soundfile.read(io.BytesIO(sounds.read(name)), dtype="int16")
                if rate == RATE_HZ:
                    yield wave
