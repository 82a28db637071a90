"""A FLAC copy of a sound that only FFmpeg, or no browser, can play.

The copy has the sample rate and the channels of the sound; 16 bits, or 24 where the sound has more without loss. The
gate reads no file of more than `Limits.max_bytes`, so a copy that would be larger is written at 16 kHz, then as mono.
"""

import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from core.errors import DiskFull
from core.messages import Message

SPEECH_HZ = 16_000
NARROW_HZ = 8_000

Block = NDArray[np.float32]


def _whole(block: Block, bits: int) -> NDArray[np.int16] | NDArray[np.int32]:
    """The samples as whole numbers, so that those which were decoded from so many bits keep their exact values."""
    full = 1 << (bits - 1)
    steps = np.clip(np.rint(block.astype(np.float64) * full), -full, full - 1)
    return steps.astype(np.int16) if bits == 16 else steps.astype(np.int32) << 8


class FlacCopy:
    """Writes blocks of float32 (frames, channels) as FLAC, on a temporary file without a name.

    `rate_hz` and `channels` are those of the copy; `finished` may lower them.
    """

    def __init__(self, rate_hz: int, channels: int, bits: int) -> None:
        self.rate_hz, self.channels, self.bits = rate_hz, channels, bits
        self._file: Any = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        self._flac = self._writer(self._file, rate_hz, channels)

    def take(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """Write each block, and pass it on."""
        for block in blocks:
            try:
                self._flac.write(_whole(block, self.bits))
            except (AssertionError, soundfile.SoundFileError) as error:  # fewer frames than given were written
                raise DiskFull(Message("a FLAC copy")) from error
            yield block

    def finished(self, most_bytes: int) -> bytes:
        """The FLAC, with at most `most_bytes` bytes."""
        self._flac.close()
        for rate_hz, mono in ((SPEECH_HZ, False), (SPEECH_HZ, True), (NARROW_HZ, True)):
            if self._file.seek(0, 2) <= most_bytes:
                break
            self._shrink(rate_hz, mono)
        self._file.seek(0)
        data: bytes = self._file.read()
        return data

    def close(self) -> None:
        """Remove the temporary file."""
        self._flac.close()
        self._file.close()

    def __enter__(self) -> "FlacCopy":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _writer(self, file: Any, rate_hz: int, channels: int) -> soundfile.SoundFile:
        return soundfile.SoundFile(
            file, "w", samplerate=rate_hz, channels=channels, format="FLAC", subtype=f"PCM_{self.bits}"
        )

    def _shrink(self, rate_hz: int, mono: bool) -> None:
        """Write the copy again, at a lower rate if its own is higher, as mono if `mono`."""
        self._file.seek(0)
        small = tempfile.TemporaryFile()  # noqa: SIM115 - it takes the place of the other
        with soundfile.SoundFile(self._file) as large:
            target = min(rate_hz, large.samplerate)
            channels = 1 if mono else large.channels
            stream = soxr.ResampleStream(large.samplerate, target, channels, dtype="float32")
            with self._writer(small, target, channels) as out:
                for block in large.blocks(1 << 16, dtype="float32", always_2d=True):
                    kept = block.mean(axis=1, keepdims=True) if mono else block
                    out.write(_whole(stream.resample_chunk(np.ascontiguousarray(kept)), self.bits))
                out.write(_whole(stream.resample_chunk(np.zeros((0, channels), np.float32), last=True), self.bits))
        self._file.close()
        self._file, self.rate_hz, self.channels = small, target, channels
