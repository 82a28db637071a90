"""Open audio with libsndfile and read it block by block; each failure is an `AudioError`.

The rules on truncated files are here too. The gate and the clips import this module only when they need it, because
the import of soundfile takes time.
"""

import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from core.audio.foreign.sound import BY_FFMPEG, as_audio_error, open_foreign
from core.audio.foreign.workers import INSTALL, DecoderError, installed
from core.audio.header import (
    COPIED,
    Extent,
    Limits,
    extent,
    foreign_kind,
    hidden_kind,
    is_closed_ogg,
    is_too_much,
    not_audio,
    sniff,
)
from core.audio.readable import FAILURES, ContinuedSound, Readable, SafeStream, Sound
from core.audio.readable import Header as Header
from core.audio.readable import to_ms as to_ms
from core.audio.repair import mpeg, riff
from core.audio.repair.mpeg import JUNK_BYTES
from core.errors import AudioError, AudioKind
from core.files.content import HEAD_BYTES, text_kind
from core.messages import Message

BLOCK_FRAMES = 1 << 16
UNKNOWN_FRAMES = 1 << 62  # libsndfile gives 2^63 - 1 if a FLAC file does not give its length
OPEN_LENGTH = riff.OPEN
MENDING = {"WAV": riff.mended, "MP3": mpeg.mended}
CUT_OGG = Message("the Ogg stream has no last page, its end may be missing")
CODEC = Message("codec error")


@contextmanager
def foreign_errors(where: str) -> Iterator[None]:
    """Convert an error of the decoding process in the block to `AudioError`."""
    try:
        yield
    except DecoderError as error:
        raise as_audio_error(error, where, Message("damaged sound")) from error


@contextmanager
def audio_errors(where: str, doing: str = CODEC, kind: AudioKind = "codec") -> Iterator[None]:
    """Convert the errors of libsndfile and soundfile in the block to `AudioError`; the block should do nothing else."""
    try:
        yield
    except DecoderError:
        raise
    except FAILURES as error:
        text = str(getattr(error, "error_string", "") or error or type(error).__name__)
        text = " ".join(text.removeprefix("Error : ").split()).rstrip(".")
        # libsndfile says this of files that exist and that it cannot read
        reason = Message("its content cannot be decoded") if text.startswith("File does not exist") else text
        raise AudioError(where, "{doing}: {error}", kind=kind, doing=doing, error=reason) from error


@contextmanager
def open_sound(data: bytes | Path | BinaryIO, where: str, limits: Limits) -> Iterator[tuple[Readable, Header]]:
    """Open a sound and check its header; `AudioError` if a check of the gate fails.

    libsndfile comes first. FFmpeg reads what libsndfile does not know, or cannot open.
    """
    with ExitStack() as stack:
        stream = stack.enter_context(_stream(data, where, limits))
        head = stream.read(HEAD_BYTES)
        native, foreign = sniff(head), foreign_kind(head)
        kind = native or foreign or hidden_kind(head + stream.read(JUNK_BYTES))
        if not kind:
            raise AudioError(where, not_audio(head), kind="not-audio")
        if foreign:
            opened = _foreign(stack, stream, kind, where, limits)
        elif kind == "FLAC" and not native:
            opened = _foreign(stack, stream, kind, where, limits, demuxer="flac")
        else:
            try:
                opened = _native(stack, stream, kind, where, limits)
            except AudioError as error:
                opened = _instead(stack, stream, kind, where, limits, error)
        yield opened


def _native(stack: ExitStack, stream: BinaryIO, kind: str, where: str, limits: Limits) -> tuple[Readable, Header]:
    """The sound as libsndfile opens it, its header mended if it hides sound."""
    mended, notes = MENDING[kind](stream) if kind in MENDING else (stream, ())
    claim = extent(mended, kind)
    if claim and claim.claimed and not claim.present:
        raise AudioError(
            where,
            "truncated: the header claims {claimed:,} bytes, no sound is there",
            kind="truncated",
            claimed=claim.claimed,
        )
    if kind == "OGG" and not is_closed_ogg(mended):
        notes = (*notes, CUT_OGG)
    mended.seek(0)
    with audio_errors(where):
        sound = stack.enter_context(Sound(SafeStream(mended)))
    header = _checked(sound, claim, where, limits)
    header = replace(header, notes=(*header.notes, *(note for note in notes if note not in header.notes)))
    return ContinuedSound(sound, header, stack, mended, where), header


def _instead(
    stack: ExitStack, stream: BinaryIO, kind: str, where: str, limits: Limits, error: AudioError
) -> tuple[Readable, Header]:
    """The sound by FFmpeg, after libsndfile refused it with `error`; that error if it is no fault of the codec."""
    if error.kind != "codec" and not (error.kind == "no-frames" and kind != "WAV"):  # FFmpeg plays any chunk of a WAV
        raise error
    stream.seek(0)
    if text := text_kind(stream.read(HEAD_BYTES)):
        raise AudioError(where, "not audio: {what}", kind="not-audio", what=text) from error
    if not installed():
        hint = Message("{reason}; the package av may read it: {install}", reason=error.reason, install=INSTALL)
        raise AudioError(where, hint, kind=error.kind) if error.kind == "codec" else error
    try:
        return _foreign(stack, stream, kind, where, limits)
    except AudioError as second:
        raise (second if second.kind in ("too-large", "too-many-channels", "sample-rate") else error) from second


def _foreign(
    stack: ExitStack, stream: BinaryIO, kind: str, where: str, limits: Limits, demuxer: str | None = None
) -> tuple[Readable, Header]:
    """The sound as FFmpeg opens it, in a process of its own."""
    sound = stack.enter_context(open_foreign(stream, where, {"demuxer": demuxer}))
    _check_shape(sound.rate_hz, sound.channels, where, limits)
    return sound, Header(kind, sound.rate_hz, sound.channels, None, (BY_FFMPEG,), copied=True, bits=sound.bits)


def read_blocks(sound: Readable, head: Header, where: str, limits: Limits) -> Iterator[NDArray[np.float32]]:
    """Yield the whole sound as blocks of float32 (frames, channels), of at most `BLOCK_FRAMES` frames, all finite.

    `AudioError` for a codec error, NaN or infinity, more sound than `limits` allow, or clearly less than the header
    claims.
    """
    rate, done = head.sample_rate_hz, 0
    for block in read_span(sound, rate, where, 0, None):
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


def read_span(sound: Readable, rate_hz: int, where: str, start: int, end: int | None) -> Iterator[NDArray[np.float32]]:
    """Yield the frames `[start, end)` as blocks of float32 (frames, channels), or fewer if the sound ends before."""
    at = start
    if start:
        with audio_errors(where, Message("codec error on the way to {at_ms} ms", at_ms=to_ms(start, rate_hz))):
            sound.seek(start)
    while end is None or at < end:
        frames = BLOCK_FRAMES if end is None else min(BLOCK_FRAMES, end - at)
        with (
            foreign_errors(where),
            audio_errors(
                where, Message("truncated or damaged after {at_ms} ms", at_ms=to_ms(at, rate_hz)), "truncated"
            ),
        ):
            block = sound.read(frames, dtype="float32", always_2d=True)
        if not len(block):
            return
        if not np.isfinite(block).all():
            bad_ms = to_ms(at + int(np.isfinite(block).all(axis=1).argmin()), rate_hz)
            raise AudioError(
                where, "non-finite samples (NaN or infinity) at {bad_ms} ms", kind="non-finite", bad_ms=bad_ms
            )
        at += len(block)
        yield block


def is_truncated(missing: int, claimed: int, rate_hz: int) -> bool:
    """Whether too many frames are missing. Up to 1 % may be, but at least 50 ms and at most 1 s.

    The sizes in headers are often a little wrong, and that does no harm.
    """
    return is_too_much(missing / rate_hz, claimed / rate_hz)


def check_duration(duration_ms: int, where: str, limits: Limits) -> None:
    """Refuse a sound that is longer than `limits` allow, with an `AudioError`."""
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
    """Open `data` as a seekable stream at its start; `AudioError` if it is empty or has more than `max_bytes` bytes."""
    with ExitStack() as stack:
        stream: BinaryIO
        if isinstance(data, Path):
            if not data.is_file():
                raise AudioError(where, "no such file" if not data.exists() else "not a regular file")
            with audio_errors(where, Message("cannot be opened"), "unusable"):
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
    """Read up to `most` bytes of a stream that may return fewer bytes than asked (a zip member, an upload)."""
    pieces, left = [], most
    with audio_errors(where, Message("cannot be read"), "unusable"):
        while left and (piece := stream.read(min(left, 1 << 20))):
            pieces.append(piece)
            left -= len(piece)
    return b"".join(pieces)


def _check_shape(rate: int, channels: int, where: str, limits: Limits) -> None:
    """Refuse too many channels, and a sample rate out of bounds."""
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


def _checked(sound: Any, claim: Extent | None, where: str, limits: Limits) -> Header:
    rate, channels, frames = int(sound.samplerate), int(sound.channels), int(sound.frames)
    _check_shape(rate, channels, where, limits)
    if frames <= 0:
        raise AudioError(where, "zero frames: a header without sound", kind="no-frames")
    known = None if frames >= UNKNOWN_FRAMES else frames
    kind = {"WAVEX": "WAV", "RF64": "WAV"}.get(sound.format, sound.format)
    notes = _notes(claim, frames, rate, where) if known else (OPEN_LENGTH,)
    bits = 24 if sound.subtype in ("PCM_24", "PCM_32", "FLOAT", "DOUBLE") else 16
    head = Header(kind, rate, channels, known, notes, kind in COPIED, bits)
    check_duration(head.duration_ms, where, limits)
    return head


def _notes(claim: Extent | None, frames: int, rate_hz: int, where: str) -> tuple[str, ...]:
    """Compare the claimed and the present bytes, if each frame has the same number of bytes.

    `AudioError` if the sound is truncated.
    """
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
