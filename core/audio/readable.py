"""Open sounds: their header, libsndfile's sound, and the sound that FFmpeg reads on where libsndfile fails."""

import io
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from core.audio.foreign.sound import ForeignSound, open_foreign
from core.audio.foreign.workers import DecoderError, installed
from core.errors import AudioError
from core.messages import Message

FAILURES = (RuntimeError, ValueError, TypeError, OSError, EOFError, ArithmeticError)


@dataclass(frozen=True, slots=True)
class Header:
    """The facts in a header, known before decoding; `frames` is None if the header does not give a length.

    `copied`: a workspace keeps a FLAC of `bits` bits beside such a file, because browsers or libsndfile cannot read it.
    """

    format: str
    sample_rate_hz: int
    channels: int
    frames: int | None
    notes: tuple[str, ...] = ()
    copied: bool = False
    bits: int = 16

    @property
    def duration_ms(self) -> int:
        """The duration; 0 if the header does not give a length."""
        return to_ms(self.frames or 0, self.sample_rate_hz)


class Readable(Protocol):
    """An open sound. `notes` says at the end of the sound what was wrong with it."""

    notes: list[str]

    def read(self, frames: int, dtype: str = ..., always_2d: bool = ...) -> NDArray[np.float32]: ...

    def seek(self, frame: int) -> Any: ...


class Sound(soundfile.SoundFile):
    """A sound file that claims not to be seekable.

    Otherwise soundfile seeks after each block, and that fails with some FLAC files.
    """

    def seekable(self) -> bool:
        return False


class SafeStream:
    """A stream for the callbacks of libsndfile: a seek below zero, from a hostile file, goes to zero."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.tell, self.read = stream.tell, stream.read

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = 0 if whence == io.SEEK_SET else self.stream.seek(0, whence)
        return self.stream.seek(max(0, base + offset))


class ContinuedSound:
    """A sound that libsndfile reads; where libsndfile fails, FFmpeg reads on from the same frame.

    The error of libsndfile stands if FFmpeg reads nothing more, or cannot read the rest either.
    """

    def __init__(self, sound: Sound, header: Header, stack: ExitStack, stream: BinaryIO, where: str) -> None:
        self.notes: list[str] = []
        self._sound, self._header, self._stack, self._stream, self._where = sound, header, stack, stream, where
        self._at = 0
        self._rest: ForeignSound | None = None
        self._error: Exception | None = None

    def read(self, frames: int, dtype: str = "float32", always_2d: bool = True) -> NDArray[np.float32]:
        """The next frames, float32 (frames, channels)."""
        if self._rest is None:
            try:
                block = self._sound.read(frames, dtype=dtype, always_2d=always_2d)
                self._at += len(block)
                return block
            except FAILURES as error:
                return self._continued(error, frames)
        return self._from_rest(frames)

    def seek(self, frame: int) -> None:
        """Go to `frame`."""
        self._at = frame
        self._sound.seek(frame)

    def _continued(self, error: Exception, frames: int) -> NDArray[np.float32]:
        """The first frames that FFmpeg reads after libsndfile failed with `error`."""
        if not installed():
            raise error
        header = self._header
        try:
            shape = {"rate_hz": header.sample_rate_hz, "channels": header.channels}
            foreign = open_foreign(self._stream, self._where, shape)
            self._rest, self._error = self._stack.enter_context(foreign), error
            self._rest.seek(self._at)
        except (AudioError, DecoderError) as second:
            raise error from second
        block = self._from_rest(frames)
        if not len(block):
            raise error
        at_ms = to_ms(self._at, header.sample_rate_hz)
        self.notes.append(Message("read by FFmpeg from {at_ms} ms on, where libsndfile stopped", at_ms=at_ms))
        return block

    def _from_rest(self, frames: int) -> NDArray[np.float32]:
        assert self._rest is not None
        assert self._error is not None
        try:
            block = self._rest.read(frames)
        except DecoderError as second:
            raise self._error from second
        if not len(block):
            self.notes += self._rest.notes
        return block


def to_ms(frames: int, rate_hz: int) -> int:
    """Return the duration of `frames` frames in milliseconds."""
    return round(frames * 1000 / rate_hz)
