"""Mends a WAV whose header hides its sound: a data chunk of size 0 with sound behind it, or several data chunks.

libsndfile reads nothing, or the first chunk only, of such files. The mended WAV has one data chunk with all the sound.
"""

import io
import struct
from typing import BinaryIO, NamedTuple

from core.messages import Message

MOST_CHUNKS = 4096  # a bound, so that a file with millions of empty chunks does not take long
OPEN = Message("the header leaves the length open")


class Chunk(NamedTuple):
    """A chunk of a RIFF file: its name, where its content begins, and its size in bytes."""

    name: bytes
    at: int
    size: int


def mended(stream: BinaryIO) -> tuple[BinaryIO, tuple[str, ...]]:
    """Return the stream of a WAV that libsndfile reads as a whole, with notes; `stream` itself if nothing is wrong."""
    end = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    head = stream.read(12)
    if head[:4] not in (b"RIFF", b"RIFX") or len(head) < 12:
        return stream, ()
    order = "<" if head[:4] == b"RIFF" else ">"
    chunks = _chunks(stream, 12, end, order)
    sounds = [chunk for chunk in chunks if chunk.name == b"data"]
    if not sounds:
        return stream, ()
    last = sounds[-1]
    if last.size == 0 and last.at < end and not _is_chain(stream, last.at, end, order):
        sounds[-1] = last._replace(size=end - last.at)
        notes = (OPEN,)
    elif len(sounds) > 1 and last.size:
        notes = (Message("{n} data chunks were joined", n=len(sounds)),)
    else:
        return stream, ()
    return _joined(stream, head, sounds, order), notes


def _chunks(stream: BinaryIO, at: int, end: int, order: str) -> list[Chunk]:
    """The chunks from `at` on; the list ends at a chunk that is cut off, or after an empty one that nothing follows."""
    chunks: list[Chunk] = []
    while len(chunks) < MOST_CHUNKS and at + 8 <= end:
        stream.seek(at)
        name, size = struct.unpack(f"{order}4sI", stream.read(8))
        if not _is_name(name):
            break
        chunks.append(Chunk(name, at + 8, size))
        if at + 8 + size > end:
            break
        at += 8 + size + size % 2
    return chunks


def _is_chain(stream: BinaryIO, at: int, end: int, order: str) -> bool:
    """Whether whole chunks, and nothing else, fill the file from `at` to its end."""
    chunks = _chunks(stream, at, end, order)
    return bool(chunks) and end <= chunks[-1].at + chunks[-1].size + 1 and chunks[-1].at + chunks[-1].size <= end


def _is_name(name: bytes) -> bool:
    return len(name) == 4 and all(32 <= byte < 127 for byte in name)


def _joined(stream: BinaryIO, head: bytes, sounds: list[Chunk], order: str) -> BinaryIO:
    """The WAV with everything before its first data chunk, and one data chunk with the content of all."""
    stream.seek(12)
    before = stream.read(sounds[0].at - 8 - 12)
    content = []
    for chunk in sounds:
        stream.seek(chunk.at)
        content.append(stream.read(chunk.size))
    sound = b"".join(content)
    outer = min(4 + len(before) + 8 + len(sound), 0xFFFFFFFF)
    return io.BytesIO(
        head[:4] + struct.pack(order + "I", outer) + head[8:12] + before
        + b"data" + struct.pack(order + "I", len(sound)) + sound
    )  # fmt: skip
