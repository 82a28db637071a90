"""Archives that came in parts, such as `a.zip.part0` and `a.zip.part1073741824`, read as one stream without a copy.

AI Hub's downloader names a part by the byte at which it begins; other programs count the parts from 0 or 1, or write
`a.zip.001`. Sizes and places are in bytes.
"""

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import BinaryIO, cast
from weakref import finalize

from core.messages import Message

_PART = re.compile(
    r"(?P<whole>.+\.(?:zip|tar|tgz|tar\.gz))\.(?:part(?P<number>\d{1,15})|(?P<counted>\d{3}))", re.I | re.S
)


class Source:
    """A file that is opened when it is first read, and closed when nothing refers to it any more."""

    def __init__(self, opener: Callable[[], BinaryIO]) -> None:
        self._opener = opener

    @cached_property
    def stream(self) -> BinaryIO:
        stream = self._opener()
        finalize(self, stream.close)
        return stream


@dataclass(frozen=True, slots=True)
class Segment:
    """`size` bytes from `offset` of a file."""

    source: Source
    size: int
    offset: int = 0

    def read(self, at: int, size: int) -> bytes:
        """Up to `size` bytes from the place `at` in this segment."""
        self.source.stream.seek(self.offset + at)
        return self.source.stream.read(max(0, min(size, self.size - at)))


class Joined(io.RawIOBase):
    """Segments one after the other, as one file that can only be read."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self._ends = list(accumulate(segment.size for segment in segments))
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._ends[-1] if self._ends else 0}[whence]
        if start + offset < 0:
            raise OSError("a place before the start of the file")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer)).cast("B")
        for segment, end in zip(self._segments, self._ends, strict=True):
            if self._at < end:
                data = segment.read(self._at - (end - segment.size), len(view))
                view[: len(data)] = data
                self._at += len(data)
                return len(data)
        return 0


def joined(segments: Sequence[Segment]) -> BinaryIO:
    """The segments as one buffered stream."""
    return io.BufferedReader(Joined(segments))


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an archive; `number` stands in its name."""

    name: str
    number: int
    segment: Segment


def part_of(name: str) -> tuple[str, int] | None:
    """The archive of which the file `name` is a part, and the part's number; None if it is no part.

    >>> part_of("TS_서울.zip.part1073741824"), part_of("a.zip.001"), part_of("a.zip")
    (('TS_서울.zip', 1073741824), ('a.zip', 1), None)
    """
    match = _PART.fullmatch(name)
    return (match["whole"], int(match["number"] or match["counted"] or 0)) if match else None


def missing(parts: Sequence[Part]) -> str | None:
    """The reason why `parts`, in the order of their numbers, are no whole archive; None if none is seen to be missing.

    A missing last part is seen only when the archive is opened.
    """
    if not parts:
        return Message("no part of it can be read")
    numbers = [part.number for part in parts]
    if len(set(numbers)) < len(numbers):
        return Message("two parts have the number {n}", n=next(n for n in numbers if numbers.count(n) > 1))
    begins = [0, *accumulate(part.segment.size for part in parts)]
    if numbers == begins[:-1] or numbers in (list(range(len(parts))), list(range(1, len(parts) + 1))):
        return None
    if numbers[-1] < parts[0].segment.size:  # counted: no part begins at so small a byte
        lacking = sorted(set(range(min(1, numbers[0]), numbers[-1])) - set(numbers))
        return Message("part {numbers} is missing", numbers=", ".join(map(str, lacking[:10])))
    for number, begin in zip(numbers, begins, strict=False):
        if number > begin:
            return Message("the part that begins at byte {n} is missing", n=begin)
        if number < begin:
            return Message("the part that begins at byte {n} lies inside the part before it", n=number)
    return None
