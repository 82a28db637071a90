"""Read the header of an audio file: its format, and how many bytes of sound it claims and really has.

This is pure Python on a seekable binary stream. It decodes nothing, and never allocates as much as a header claims.
It ignores the name of the file: there are WAV files called `.wavp` and MP3 files called `.wav`.
"""

import io
import struct
from dataclasses import dataclass
from typing import BinaryIO

from core.audio.repair.flac import is_hidden
from core.audio.repair.mpeg import first_frame
from core.files.content import describe, is_text
from core.messages import Message


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of size, duration, channels and sample rate; a file beyond them is refused before decoding."""

    max_bytes: int = 50_000_000
    max_duration_ms: int = 30 * 60 * 1000
    max_channels: int = 8
    min_rate_hz: int = 1_000
    max_rate_hz: int = 384_000


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Extent:
    """How many bytes of sound a header claims (None if it gives no number), and how many the file has."""

    claimed: int | None
    present: int


# What FFmpeg reads, by the name that `core.files.content.describe` gives it.
FOREIGN = {
    "M4A sound (MP4)": "M4A",
    "MP4": "MP4",
    "3GP": "3GP",
    "QuickTime": "MOV",
    "AMR sound": "AMR",
    "WebM": "WEBM",
    "Matroska": "MKV",
    "AAC sound": "AAC",
    "FLAC or AAC sound without its header": "FLAC",
    "Windows Media (WMA or WMV)": "WMA",
    "WavPack sound": "WV",
    "Monkey's Audio": "APE",
    "AC-3 sound": "AC3",
    "AVI video": "AVI",
    "Flash video": "FLV",
    "MPEG video": "MPEG",
    "MPEG video stream": "MPEG",
}
SUFFIXES = (  # of files that may hold sound; the gate decides by their content
    ".wav", ".wavp", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".mp2", ".aif", ".aiff", ".aifc", ".au", ".snd",
    ".m4a", ".m4b", ".aac", ".mp4", ".3gp", ".3gpp", ".3g2", ".amr", ".awb", ".webm", ".mka", ".caf", ".w64", ".rf64",
    ".wma", ".pcm", ".mov", ".mkv",
)  # fmt: skip
COPIED = ("CAF", "W64")  # libsndfile reads these, but no browser does


def is_too_much(missing_s: float, whole_s: float) -> bool:
    """Whether too much of a sound is missing. Up to 1 % may be, but at least 50 ms and at most 1 s."""
    return missing_s > min(max(0.05, 0.01 * whole_s), 1.0)


def sniff(head: bytes) -> str:
    """Return the format that libsndfile reads and the first bytes show: WAV, FLAC, OGG, MP3, AIFF, AU, CAF, W64; or "".

    >>> sniff(b"RIFF....WAVE"), sniff(b"RIFF....AVI ")
    ('WAV', '')
    """
    if head[:4] in (b"RIFF", b"RIFX", b"RF64"):
        return "WAV" if head[8:12] == b"WAVE" else ""
    if head[:4] == b"FORM":
        return "AIFF" if head[8:12] in (b"AIFF", b"AIFC") else ""
    known = {b"fLaC": "FLAC", b"OggS": "OGG", b".snd": "AU", b"dns.": "AU", b"caff": "CAF"}
    if head[:4] in known:
        return known[head[:4]]
    if head[:8] == b"riff\x2e\x91\xcf\x11":
        return "W64"
    # An MPEG frame starts with 11 set bits. The layer 0 is reserved; it means AAC or a FLAC frame without a header.
    # UTF-16 text may start with the same bits.
    synced = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06 != 0
    return "MP3" if (head[:3] == b"ID3" or synced) and not is_text(head) else ""


def foreign_kind(head: bytes) -> str:
    """Return the format of sound that only FFmpeg reads, "" for any other; `head` is the start of the file.

    >>> foreign_kind(b"#!AMR\\n"), foreign_kind(b"%PDF-1.7")
    ('AMR', '')
    """
    return FOREIGN.get(describe(head).template, "")


def hidden_kind(head: bytes) -> str:
    """Return MP3 or FLAC if the sound begins behind bytes that are no header, "" if none is found."""
    if not head.strip(b"\0") or is_text(head):
        return ""
    return "MP3" if first_frame(head) is not None else "FLAC" if is_hidden(head) else ""


def may_be_sound(head: bytes) -> bool:
    """Whether a file with these first bytes is worth opening."""
    return bool(sniff(head) or foreign_kind(head) or hidden_kind(head))


def not_audio(head: bytes) -> Message:
    """Return the reason of the refusal, for first bytes that are no sound."""
    return Message("not audio: {what}", what=describe(head)) if head else describe(head)


def extent(stream: BinaryIO, kind: str) -> Extent | None:
    """Return claimed and present bytes of sound of a WAV, AIFF or AU; None for formats that do not give them."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    head = stream.read(24)
    if kind == "AU":
        return _au_extent(head, size)
    return _chunk_extent(stream, head, size) if kind in ("WAV", "AIFF") else None


def is_closed_ogg(stream: BinaryIO) -> bool:
    """Whether the last Ogg page is marked as the end of the stream. A page is shorter than 64 KiB."""
    stream.seek(max(0, stream.seek(0, io.SEEK_END) - (1 << 16)))
    tail = stream.read()
    at = tail.rfind(b"OggS")
    return at >= 0 and len(tail) > at + 5 and bool(tail[at + 5] & 4)


def _au_extent(head: bytes, size: int) -> Extent | None:
    if len(head) < 12:
        return None
    offset, claimed = struct.unpack(">II" if head[:4] == b".snd" else "<II", head[4:12])
    return Extent(None if claimed == 0xFFFFFFFF else claimed, max(0, size - offset))


def _chunk_extent(stream: BinaryIO, head: bytes, size: int) -> Extent | None:
    """Read the chunks of RIFF, RIFX, RF64 or FORM up to the one that holds the sound."""
    order = "<" if head[:4] in (b"RIFF", b"RF64") else ">"
    outer, wide, at = struct.unpack(order + "I", head[4:8])[0] + 8, None, 12
    for _ in range(4096):  # a bound, so that a file with millions of empty chunks does not take long
        stream.seek(at)
        chunk = stream.read(8)
        if len(chunk) < 8:
            break
        name, length = chunk[:4], struct.unpack(order + "I", chunk[4:])[0]
        if name in (b"data", b"SSND"):
            claimed = wide if wide is not None and length == 0xFFFFFFFF else length
            return Extent(None if _left_open(claimed) else claimed, size - at - 8)
        if name == b"ds64" and len(sizes := stream.read(16)) == 16:
            wide = struct.unpack(order + "Q", sizes[8:])[0]
        at += 8 + length + length % 2
    return Extent(outer, 0) if outer > size + 1 else None


def _left_open(claimed: int) -> bool:
    """Whether the length is a placeholder (0, all ones, 2 GiB less a block) that streaming programs write."""
    return claimed == 0 or 0xFFFFFF00 <= claimed <= 0xFFFFFFFF or 0x7FFFF000 <= claimed <= 0x7FFFFFFF
