"""Lists the files in a tar, also a compressed one, without unpacking them to files. Sizes are bytes.

A plain tar is read in place. A compressed one is first written to a temporary file that has no name and disappears with
the import, since its members are read in another order than they lie in it.
"""

import bz2
import gzip
import lzma
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast

from core.errors import BadRecord
from core.ingest.parts import Segment, Source
from core.messages import Message

SUFFIXES = (".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz")
BROKEN = (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, OverflowError)
_OPENERS: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
_BLOCK = 512
_CHUNK = 1 << 20
_LONGEST_HEADER = 1_000_000
_LONG_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


@dataclass(frozen=True, slots=True)
class TarEntry:
    """A file of a tar. `problem` says why it may not be read; then there is no `segment`."""

    name: str
    size: int
    segment: Segment | None
    problem: str | None = None


class _Header(tarfile.TarInfo):
    """A header whose long forms are limited: they are read into memory."""

    def _proc_member(self, archive: tarfile.TarFile) -> Any:
        if self.type in _LONG_HEADERS and self.size > _LONGEST_HEADER:
            raise tarfile.ReadError("a header is too long")
        return super()._proc_member(archive)  # type: ignore[misc]


def is_tar(name: str) -> bool:
    """Whether `name` has the suffix of a tar."""
    return name.lower().endswith(SUFFIXES)


def is_archive(name: str) -> bool:
    """Whether `name` has the suffix of a zip or a tar."""
    return name.lower().endswith((".zip", *SUFFIXES))


def without_suffix(name: str) -> str:
    """`name` without the suffix of an archive.

    >>> without_suffix("calls.tar.gz"), without_suffix("calls.ZIP"), without_suffix("calls")
    ('calls', 'calls', 'calls')
    """
    suffixes = [suffix for suffix in (".zip", *SUFFIXES) if name.lower().endswith(suffix)]
    return name[: -max(map(len, suffixes))] if suffixes else name


def plain_tar(source: Source, packed: int, ratio: int, ratio_from_bytes: int) -> Source:
    """`source`, or a temporary file with its content if it is compressed; `packed` is its size.

    `BadRecord` if it unpacks to more than `ratio` times its size, checked above `ratio_from_bytes`.
    """
    head = source.stream.read(6)
    source.stream.seek(0)
    opener = next((opener for magic, opener in _OPENERS.items() if head.startswith(magic)), None)
    if opener is None:
        return source
    most = max(ratio * packed, ratio_from_bytes)
    unpacked = Source(lambda: cast(BinaryIO, tempfile.TemporaryFile(prefix="gwidama-")))  # noqa: SIM115  Source closes it
    target = unpacked.stream
    with opener(source.stream, "rb") as packed_stream:
        while chunk := packed_stream.read(_CHUNK):
            if target.tell() + len(chunk) > most:
                raise BadRecord("", "unpacks to over {n:,} times its size: looks like a bomb", n=most // max(packed, 1))
            target.write(chunk)
    target.seek(0)
    return unpacked


def tar_entries(source: Source) -> Iterator[TarEntry]:
    """The files of the plain tar in `source`. A damaged tar gives those before the damage, then raises `BadRecord`."""
    last = ""
    try:
        with tarfile.open(fileobj=source.stream, mode="r:", tarinfo=_Header) as archive:
            for info in archive:
                archive.members = []  # type: ignore[attr-defined]  # they would all be held in memory
                if not info.isdir():
                    last = _decoded(info.name)
                    yield _entry(info, last, source)
            _check_end(archive, source.stream)
    except BROKEN as error:
        raise BadRecord(
            "", "not a readable tar ({error}); what follows {name} is left out",
            error=error or type(error).__name__, name=PurePosixPath(last).name or "its start",
        ) from error  # fmt: skip


def _entry(info: tarfile.TarInfo, name: str, source: Source) -> TarEntry:
    if not info.isreg():
        return TarEntry(name, info.size, None, Message("a link or special file"))
    if info.issparse():
        return TarEntry(name, info.size, None, Message("a sparse file: its bytes are not all in the tar"))
    return TarEntry(name, info.size, Segment(source, info.size, info.offset_data))


def _decoded(name: str) -> str:
    """The name of a member: UTF-8, else cp949."""
    raw = name.encode("utf-8", "surrogateescape")
    for encoding in ("utf-8", "cp949"):
        try:
            return raw.decode(encoding).replace("\\", "/")
        except UnicodeDecodeError:
            continue
    return name.replace("\\", "/")


def _check_end(archive: tarfile.TarFile, stream: BinaryIO) -> None:
    """Raise if the tar does not end where its members end: tarfile stops at a damaged header without a word."""
    stream.seek(archive.offset)
    block = stream.read(_BLOCK)
    if block.strip(b"\0"):
        raise tarfile.ReadError("a damaged header")
