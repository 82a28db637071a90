"""Walks through the frames of an MP3, to find its sound behind junk, and to see when its header lies about the length.

libsndfile believes the header. So it would refuse a whole file as truncated, or drop the end of a file whose header
claims too little. A file that really is cut off stays as it is: reading it says so.
"""

import io
import struct
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from core.messages import Message

JUNK_BYTES = 1 << 16  # how far the first frame is searched
SURE_FRAMES = 4  # frames in a row that cannot be chance
NEAR = 0.05  # a claim so near to the estimate is believed; else all frames are counted (0.1 s for half an hour)
SAMPLED_PLACES, SAMPLED_FRAMES = 8, 32
_KBPS = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


class Frame(NamedTuple):
    """The header of one frame. `kind` is the same for all frames of a file: version, layer and sample rate."""

    size: int
    samples: int
    kind: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Claim:
    """The frames and bytes that a Xing, Info or VBRI header claims; `size` is that of its own frame."""

    frames: int
    n_bytes: int | None
    size: int


def read_frame(data: bytes, at: int) -> Frame | None:
    """Return the frame whose header stands at `at`, None if there is no header."""
    if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] & 0xE0 != 0xE0:
        return None
    version, layer = data[at + 1] >> 3 & 3, 4 - (data[at + 1] >> 1 & 3)
    step, pace, padding = data[at + 2] >> 4, data[at + 2] >> 2 & 3, data[at + 2] >> 1 & 1
    if version == 1 or layer == 4 or step in (0, 15) or pace == 3:
        return None
    rate_hz, low = _HZ[version][pace], 1 if version == 3 else 2
    bits = _KBPS[low, layer][step - 1] * 1000
    if layer == 1:
        return Frame((12 * bits // rate_hz + padding) * 4, 384, (version, layer, rate_hz))
    samples = 576 if low == 2 and layer == 3 else 1152
    return Frame(samples // 8 * bits // rate_hz + padding, samples, (version, layer, rate_hz))


def first_frame(data: bytes, start: int = 0) -> int | None:
    """Return where the first of `SURE_FRAMES` frames in a row begins, within `JUNK_BYTES`; None if there is none."""
    at = data.find(b"\xff", start, start + JUNK_BYTES)
    while at >= 0:
        if _is_run(data, at):
            return at
        at = data.find(b"\xff", at + 1, start + JUNK_BYTES)
    return None


def mended(stream: BinaryIO) -> tuple[BinaryIO, tuple[str, ...]]:
    """Return the stream of an MP3 that libsndfile reads as a whole, with notes; `stream` itself if nothing is wrong."""
    stream.seek(0)
    data = stream.read()
    start = _after_tag(data)
    first = first_frame(data, start)
    if first is None and start:
        first = first_frame(data)  # the tag lies about its size
    if first is None:
        return stream, ()
    claim = _claim(data, first)
    if claim is None or not _lies(claim, data, first):
        return (stream, ()) if first == start else _from(data, first, Message("{n} bytes before the MP3", n=first))
    return _from(data, first + claim.size, Message("the MP3 header claims {n} frames: counted instead", n=claim.frames))


def _is_run(data: bytes, at: int) -> bool:
    first = read_frame(data, at)
    for _ in range(SURE_FRAMES):
        frame = read_frame(data, at)
        if first is None or frame is None or frame.kind != first.kind:
            return False
        at += frame.size
    return True


def _after_tag(data: bytes) -> int:
    """Where the ID3 tag at the start ends by its own account; 0 without a tag."""
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    size = 0
    for byte in data[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size + (10 if data[5] & 0x10 else 0)


def _claim(data: bytes, at: int) -> Claim | None:
    frame = read_frame(data, at)
    if frame is None:
        return None
    head = data[at : at + frame.size]
    if head[36:40] == b"VBRI" and len(head) >= 54:
        n_bytes, frames = struct.unpack(">II", head[46:54])
        return Claim(frames, n_bytes, frame.size)
    tag = max(head.find(b"Xing", 4, 48), head.find(b"Info", 4, 48))
    if tag < 0 or len(head) < tag + 16:
        return None
    flags, frames, n_bytes = struct.unpack(">III", head[tag + 4 : tag + 16])
    return Claim(frames, n_bytes if flags & 2 else None, frame.size) if flags & 1 else None


def _lies(claim: Claim, data: bytes, first: int) -> bool:
    """Whether the claim is wrong although no sound is missing at the end of the file."""
    estimate = _estimated_frames(data, first + claim.size)
    if abs(estimate - claim.frames) <= NEAR * claim.frames:
        return False
    present = count_frames(data, first + claim.size)
    most_off = max(2, present // 100)
    if claim.frames < present - most_off:
        return True
    size = len(data) - first
    return claim.frames > present + most_off and claim.n_bytes is not None and size >= 0.98 * claim.n_bytes


def _estimated_frames(data: bytes, at: int) -> float:
    """About how many frames there are from `at` on, by the mean size of frames at some places."""
    places = range(at, len(data), max(1, (len(data) - at) // SAMPLED_PLACES))
    sizes = [size for place in places for size in _sizes(data, place)]
    return (len(data) - at) * len(sizes) / max(1, sum(sizes))


def _sizes(data: bytes, at: int) -> list[int]:
    """The sizes of some frames in a row, from the first sure one after `at`."""
    start = first_frame(data, at)
    sizes: list[int] = []
    while start is not None and len(sizes) < SAMPLED_FRAMES and (frame := read_frame(data, start)) is not None:
        sizes.append(frame.size)
        start += frame.size
    return sizes


def count_frames(data: bytes, at: int) -> int:
    """Count the frames from `at` to the end; bytes between frames are passed over."""
    n = 0
    while 0 <= at < len(data) - 4:
        frame = read_frame(data, at)
        if frame is not None and (at + frame.size >= len(data) - 4 or read_frame(data, at + frame.size) is not None):
            n += 1
            at += frame.size
        else:
            at = data.find(b"\xff", at + 1)
    return n


def _from(data: bytes, at: int, note: str) -> tuple[BinaryIO, tuple[str, ...]]:
    return io.BytesIO(data[at:]), (note,)
