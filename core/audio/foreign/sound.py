"""A sound that PyAV decodes in a child process, read in blocks as soundfile's SoundFile is.

It cannot go back: `seek` passes over samples. Its length is known only at its end.
"""

import io
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from core.audio.foreign.workers import BOUNDS, INSTALL, Bounds, DecoderError, Worker, borrowed, installed
from core.audio.header import is_too_much
from core.errors import AudioError
from core.files.content import HEAD_BYTES, describe
from core.messages import Message

MOST_VALUES = 1_000_000_000  # frames x channels; half an hour of eight channels at 48 kHz is 0.7
BY_FFMPEG = Message("read by FFmpeg: a FLAC copy is kept for players")


class ForeignSound:
    """The samples of one file: float32 (frames, channels), at `rate_hz`. `notes` is complete at the end."""

    def __init__(self, worker: Worker, header: dict[str, Any]) -> None:
        self.rate_hz, self.channels, self.bits = header["rate_hz"], header["channels"], header["bits"]
        self.notes: list[str] = []
        self._worker, self._claimed_s = worker, header["claimed_s"]
        self._waiting = np.zeros((0, self.channels), np.float32)
        self._frames, self._ended = 0, False

    def read(self, frames: int, dtype: str = "float32", always_2d: bool = True) -> NDArray[np.float32]:
        """The next `frames` frames; fewer, or none, at the end. `DecoderError` if the decoder fails."""
        while len(self._waiting) < frames and not self._ended:
            letter, content = self._worker.receive()
            if letter == b"Z":
                self._finish(json.loads(content))
                break
            block = np.frombuffer(content, "<f4").reshape(-1, self.channels)
            self._frames += len(block)
            if self._frames * self.channels > MOST_VALUES:
                raise DecoderError("memory")
            self._waiting = np.concatenate([self._waiting, block])
        block, self._waiting = self._waiting[:frames], self._waiting[frames:]
        return block

    def seek(self, frame: int) -> None:
        """Pass over the samples before `frame`, from the start of the sound."""
        while frame > 0 and len(block := self.read(min(frame, 1 << 16))):
            frame -= len(block)

    def _finish(self, summary: dict[str, Any]) -> None:
        """Note what was lost; refuse a sound of which too much is missing."""
        self._ended = True
        seconds, lost_s = self._frames / self.rate_hz, float(summary["lost_s"])
        if is_too_much(lost_s, seconds):
            raise DecoderError("damaged", str(round(lost_s * 1000)))
        if self._claimed_s - seconds > max(0.1, min(0.01 * self._claimed_s, 1.0)):
            raise DecoderError("truncated", f"{seconds * 1000:.0f} {self._claimed_s * 1000:.0f}")
        if summary["lost"]:
            self.notes.append(Message("{lost_ms} ms of damaged sound were left out", lost_ms=round(lost_s * 1000)))


@contextmanager
def open_foreign(
    stream: BinaryIO, where: str, request: Mapping[str, Any] | None = None, bounds: Bounds = BOUNDS
) -> Iterator[ForeignSound]:
    """Open the sound in `stream`. A `request` may name `rate_hz` and `channels` of the samples, and the `demuxer`.

    `AudioError` if PyAV is not installed, or if it finds no sound in the file.
    """
    stream.seek(0)
    what = describe(stream.read(HEAD_BYTES))
    if not installed():
        raise AudioError(
            where,
            "{what}: reading it needs the package av, which is not installed: {install}",
            what=what,
            install=INSTALL,
        )
    with _descriptor(stream) as descriptor, borrowed(bounds) as worker:
        try:
            worker.ask(descriptor, dict(request or {}))
            _, content = worker.receive()
        except DecoderError as error:
            raise as_audio_error(error, where, what) from error
        yield ForeignSound(worker, json.loads(content))


def as_audio_error(error: DecoderError, where: str, what: str) -> AudioError:
    """The error for people: what the file is, and why it cannot be used."""
    if error.kind == "no-sound":
        if error.text == "video":
            return AudioError(where, "not audio: {what} video without sound", kind="not-audio", what=what)
        return AudioError(where, "not audio: {what} without sound", kind="not-audio", what=what)
    if error.kind == "truncated":
        have, should = map(int, error.text.split())
        return AudioError(
            where,
            "truncated: {have} ms of sound, the header claims {should} ms",
            kind="truncated",
            have=have,
            should=should,
        )
    if error.kind == "damaged":
        return AudioError(
            where, "damaged: {lost_ms} ms of its sound cannot be decoded", kind="codec", lost_ms=int(error.text)
        )
    match error.kind:
        case "no-frames":
            return AudioError(where, "{what}: zero frames, nothing could be decoded", kind="no-frames", what=what)
        case "memory":
            return AudioError(where, "{what}: decoding it needs too much memory", kind="too-large", what=what)
        case "time":
            return AudioError(where, "{what}: decoding it takes too long", kind="too-large", what=what)
        case "ended":
            return AudioError(where, "{what}: the decoder broke off, the file is damaged", kind="codec", what=what)
    return AudioError(where, "{what} that cannot be decoded: {error}", kind="codec", what=what, error=error.text)


@contextmanager
def _descriptor(stream: BinaryIO) -> Iterator[int]:
    """A file descriptor with the content of `stream`: its own if it is a file, else of a file in memory."""
    try:
        yield stream.fileno()
        return
    except (OSError, AttributeError, io.UnsupportedOperation):
        pass
    memory = os.memfd_create("sound") if hasattr(os, "memfd_create") else None
    with open(memory, "w+b") if memory is not None else tempfile.TemporaryFile() as file:
        stream.seek(0)
        while block := stream.read(1 << 20):
            file.write(block)
        file.flush()
        yield file.fileno()
