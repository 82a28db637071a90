"""Opening and block-wise reading through libsndfile, with every failure as one `AudioError`.

Imported lazily by the gate and the clips (soundfile costs time to import). Holds the rules on truncation.
"""

import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from core.audio.header import Extent, Limits, extent, is_closed_ogg, not_audio, sniff
from core.errors import AudioError, AudioKind
from core.messages import Message

BLOCK_FRAMES = 1 << 16
UNKNOWN_FRAMES = 1 << 62  # libsndfile gives 2^63 - 1 where a FLAC does not say how long it is
OPEN_LENGTH = Message("the header leaves the length open")
CUT_OGG = Message("the Ogg stream has no last page, its end may be missing")
CODEC = Message("codec error")
FAILURES = (RuntimeError, ValueError, TypeError, OSError, EOFError, ArithmeticError)


@dataclass(frozen=True, slots=True)
class Header:
    """What is known before decoding; `frames` is None where the header leaves it open."""

    format: str
    sample_rate_hz: int
    channels: int
    frames: int | None
    notes: tuple[str, ...] = ()

    @property
    def duration_ms(self) -> int:
        return to_ms(self.frames or 0, self.sample_rate_hz)


class Sound(soundfile.SoundFile):
    """Read strictly forward unless told: soundfile else seeks after every block, which odd FLACs do not survive."""

    def seekable(self) -> bool:
        return False


class _Bytes:
    """A stream for libsndfile's callbacks: hostile seeks below zero stay at zero instead of printing a traceback."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.tell, self.read = stream.tell, stream.read

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = 0 if whence == io.SEEK_SET else self.stream.seek(0, whence)
        return self.stream.seek(max(0, base + offset))


def to_ms(frames: int, rate_hz: int) -> int:
    return round(frames * 1000 / rate_hz)


@contextmanager
def naming(where: str, doing: str = CODEC, kind: AudioKind = "codec") -> Iterator[None]:
    """What libsndfile and its wrapper raise on odd files, as an `AudioError`; wrap nothing else in it."""
    try:
        yield
    except FAILURES as error:
        text = str(getattr(error, "error_string", "") or error or type(error).__name__)
        raise AudioError(
            where,
            "{doing}: {error}",
            kind=kind,
            doing=doing,
            error=" ".join(text.removeprefix("Error : ").split()).rstrip("."),
        ) from error


@contextmanager
def opened(data: bytes | Path | BinaryIO, where: str, limits: Limits) -> Iterator[tuple[Sound, Header]]:
    """An open sound whose header passed every check of the gate; `AudioError` where it did not."""
    with ExitStack() as stack:
        stream = stack.enter_context(_stream(data, where, limits))
        head = stream.read(12)
        kind = sniff(head)
        if not kind:
            raise AudioError(where, not_audio(head), kind="not-audio")
        claim = extent(stream, kind)
        if claim and claim.claimed and not claim.present:
            raise AudioError(
                where,
                "truncated: the header claims {claimed:,} bytes, no sound is there",
                kind="truncated",
                claimed=claim.claimed,
            )
        cut_off = kind == "OGG" and not is_closed_ogg(stream)
        stream.seek(0)
        with naming(where):
            sound = stack.enter_context(Sound(_Bytes(stream)))
        checked = _checked(sound, claim, where, limits)
        yield sound, replace(checked, notes=(*checked.notes, CUT_OGG)) if cut_off else checked


def blocks(sound: Sound, head: Header, where: str, limits: Limits) -> Iterator[NDArray[np.float32]]:
    """The whole sound as float32 (frames, channels) in pieces of at most `BLOCK_FRAMES`, all finite.

    Raises `AudioError` for a codec error, NaN or infinity, more sound than allowed, or clearly less than claimed.
    """
    rate, done = head.sample_rate_hz, 0
    for block in span(sound, rate, where, 0, None):
        done += len(block)
        check_duration(to_ms(done, rate), where, limits)
        yield block
    if head.frames is not None and is_truncated(head.frames - done, head.frames, rate):
        raise AudioError(
            where,
            "truncated: {done} ms of sound, the header claims {duration_ms} ms",
            kind="truncated",
            done=to_ms(done, rate),
            duration_ms=head.duration_ms,
        )


def span(sound: Sound, rate_hz: int, where: str, start: int, end: int | None) -> Iterator[NDArray[np.float32]]:
    """Frames `[start, end)` as blocks of float32 (frames, channels); ends early where the sound does."""
    at = start
    if start:
        with naming(where, Message("codec error on the way to {at_ms} ms", at_ms=to_ms(start, rate_hz))):
            sound.seek(start)
    while end is None or at < end:
        frames = BLOCK_FRAMES if end is None else min(BLOCK_FRAMES, end - at)
        with naming(where, Message("truncated or damaged after {at_ms} ms", at_ms=to_ms(at, rate_hz)), "truncated"):
            block = sound.read(frames, dtype="float32", always_2d=True)
        if not len(block):
            return
        if not (finite := np.isfinite(block).all(axis=1)).all():
            bad_ms = to_ms(at + int(finite.argmin()), rate_hz)
            raise AudioError(
                where, "non-finite samples (NaN or infinity) at {bad_ms} ms", kind="non-finite", bad_ms=bad_ms
            )
        at += len(block)
        yield block


def is_truncated(missing: int, claimed: int, rate_hz: int) -> bool:
    """Sizes are often a little wrong and harm nobody: up to 1 % may be missing, at least 50 ms, at most 1 s."""
    return missing / rate_hz > min(max(0.05, 0.01 * claimed / rate_hz), 1.0)


def check_duration(duration_ms: int, where: str, limits: Limits) -> None:
    if duration_ms > limits.max_duration_ms:
        most = limits.max_duration_ms / 1000
        raise AudioError(
            where,
            "too long: {seconds:.1f} s or more, at most {most:.1f} s are read",
            kind="too-long",
            seconds=duration_ms / 1000,
            most=most,
        )


@contextmanager
def _stream(data: bytes | Path | BinaryIO, where: str, limits: Limits) -> Iterator[BinaryIO]:
    """A seekable stream at its start, of 1 to `max_bytes` bytes."""
    with ExitStack() as stack:
        stream: BinaryIO
        if isinstance(data, Path):
            if not data.is_file():
                raise AudioError(where, "no such file" if not data.exists() else "not a regular file")
            with naming(where, Message("cannot be opened"), "unusable"):
                stream = stack.enter_context(data.open("rb"))
            size = data.stat().st_size
        else:
            raw = data if isinstance(data, bytes) else _read(data, where, limits.max_bytes + 1)
            stream, size = io.BytesIO(raw), len(raw)
        if not size:
            raise AudioError(where, "empty file", kind="empty")
        if size > limits.max_bytes:
            raise AudioError(
                where, "too large: more than {max_bytes:,} bytes", kind="too-large", max_bytes=limits.max_bytes
            )
        yield stream


def _read(stream: BinaryIO, where: str, most: int) -> bytes:
    """Up to `most` bytes of a stream that may give them piece by piece (a zip member, an upload)."""
    pieces, left = [], most
    with naming(where, Message("cannot be read"), "unusable"):
        while left and (piece := stream.read(min(left, 1 << 20))):
            pieces.append(piece)
            left -= len(piece)
    return b"".join(pieces)


def _checked(sound: Any, claim: Extent | None, where: str, limits: Limits) -> Header:
    rate, channels, frames = int(sound.samplerate), int(sound.channels), int(sound.frames)
    if channels > limits.max_channels:
        raise AudioError(
            where,
            "too many channels: {channels}, at most {max_channels}",
            kind="too-many-channels",
            channels=channels,
            max_channels=limits.max_channels,
        )
    if not limits.min_rate_hz <= rate <= limits.max_rate_hz:
        raise AudioError(
            where,
            "sample rate {rate} Hz is outside {min_rate_hz}-{max_rate_hz} Hz",
            kind="sample-rate",
            rate=rate,
            min_rate_hz=limits.min_rate_hz,
            max_rate_hz=limits.max_rate_hz,
        )
    if frames <= 0:
        raise AudioError(where, "zero frames: a header without sound", kind="no-frames")
    known = None if frames >= UNKNOWN_FRAMES else frames
    kind = {"WAVEX": "WAV", "RF64": "WAV"}.get(sound.format, sound.format)
    head = Header(kind, rate, channels, known, _notes(claim, frames, rate, where) if known else (OPEN_LENGTH,))
    check_duration(head.duration_ms, where, limits)
    return head


def _notes(claim: Extent | None, frames: int, rate_hz: int, where: str) -> tuple[str, ...]:
    """Judge the claim of a header whose sound is stored at a constant number of bytes a frame."""
    if claim is None:
        return ()
    if claim.claimed is None:
        return (OPEN_LENGTH,)
    missing = claim.claimed - claim.present
    if missing <= 0:
        return ()
    claimed_frames = round(frames * claim.claimed / claim.present)
    if is_truncated(claimed_frames - frames, claimed_frames, rate_hz):
        have, should = to_ms(frames, rate_hz), to_ms(claimed_frames, rate_hz)
        raise AudioError(
            where,
            "truncated: {have} ms of sound, the header claims {should} ms",
            kind="truncated",
            have=have,
            should=should,
        )
    return (Message("the header claims {n} bytes more than there are", n=missing),)
