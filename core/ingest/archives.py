"""Lists and reads the files in zips, tars and folders. It never uses a member's name as a path.

Sizes are bytes. A member that may not be read (a link, a zip bomb, a name that leaves its archive) gives a `Skip`, and
the other members are still read. A zip or tar inside a folder is opened, and a zip inside a tar; a zip inside a zip is
not. A zip or tar that came in parts is read as one (`core.ingest.parts`). Nothing is unpacked to a disk but a
compressed tar (`core.ingest.tars`). This module does not parse what the members hold.
"""

import copy
import lzma
import os
import re
import stat
import struct
import sys
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from core.errors import BadRecord, InputError
from core.files.content import HEAD_BYTES, describe
from core.ingest.parts import Part, Segment, Source, joined, missing, part_of
from core.ingest.tars import BROKEN as BROKEN_TAR
from core.ingest.tars import TarEntry, is_tar, plain_tar, tar_entries
from core.messages import Message
from core.records import Skip

_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError, RuntimeError)
_JUNK = re.compile(r"(^|/)(__MACOSX/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$)")
_UTF8_FLAG, _ENCRYPTED_FLAG = 0x800, 0x1


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest sizes of one member. `ratio` is unpacked over packed size, checked only above `ratio_from_bytes`."""

    json_bytes: int = 20_000_000
    other_bytes: int = 100_000_000
    ratio: int = 200
    ratio_from_bytes: int = 10_000_000

    def refuse(self, suffix: str, size: int) -> str | None:
        """The reason why a member of `size` bytes is too large, or None if it is not."""
        cap = self.json_bytes if suffix == ".json" else self.other_bytes
        return Message("{size:,} bytes, more than the {most:,} allowed", size=size, most=cap) if size > cap else None


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive or folder. `archive` and `inner` are shown to people; `place` is its identity and order.

    A zip stays open as long as any of its Members exists.
    """

    archive: str
    inner: str
    size: int
    place: tuple[str, ...]
    opener: Callable[[], BinaryIO] = field(compare=False, repr=False)

    @property
    def name(self) -> str:
        return f"{self.archive}/{self.inner}"

    @property
    def stem(self) -> str:
        return PurePosixPath(self.inner).stem

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.inner).suffix.lower()

    def open(self) -> BinaryIO:
        """The bytes as a stream, without a check of their number. Prefer `read`."""
        return self.opener()

    def head(self, size: int) -> bytes:
        """The first `size` bytes, fewer where the file is shorter; `BadRecord` if they cannot be read."""
        try:
            with self.open() as stream:
                return stream.read(size)
        except _BROKEN as error:
            raise BadRecord(self.name, "cannot be read ({error})", error=error or type(error).__name__) from error

    def read(self) -> bytes:
        """All bytes; `BadRecord` if they cannot be read, or if they are more or fewer than the declared `size`."""
        try:
            with self.open() as stream:
                data = stream.read(self.size + 1)
        except _BROKEN as error:
            raise BadRecord(self.name, "cannot be read ({error})", error=error or type(error).__name__) from error
        if len(data) > self.size:
            raise BadRecord(self.name, "holds more than the {size:,} bytes it declares", size=self.size)
        if len(data) < self.size:
            raise BadRecord(self.name, "is cut short: {n:,} of {size:,} bytes", n=len(data), size=self.size)
        return data


def members(path: Path, limits: Limits | None = None) -> Iterator[Member | Skip]:
    """Every file under `path`, in the order of names: an archive, a folder and the archives in it, or a single file.

    A single part of an archive stands for all its parts beside it. `InputError` if `path` does not exist.
    """
    limits = limits or Limits()
    if path.is_dir():
        yield from _folder(path, limits)
    elif path.is_file() and (part := part_of(path.name)):
        yield from _parts(part[0], path.resolve().parent, path.resolve().parent, printable(part[0]), limits)
    elif path.is_file():
        yield from _file(path, path.parent.resolve(), limits)
    else:
        raise InputError("{path}: no such file or folder", path=printable(str(path)))


def printable(name: str) -> str:
    """`name` in NFC, without invisible characters; U+FFFD replaces every other one that is not printable.

    >>> printable("a\\x1b[2J\\udcff\\u200b.wav")
    'a\ufffd[2J\ufffd.wav'
    """
    normal = unicodedata.normalize("NFC", name)
    if normal.isprintable():
        safe = normal
    else:
        seen = (c for c in normal if unicodedata.category(c) != "Cf")
        safe = "".join(c if c.isprintable() else "\ufffd" for c in seen)
    return name if safe == name else safe  # unchanged, so a Message stays a Message


def _folder(root: Path, limits: Limits) -> Iterator[Member | Skip]:
    real = root.resolve()
    for folder, folders, files in os.walk(real):
        folders.sort()
        for name in folders:
            if Path(folder, name).is_symlink():  # os.walk does not enter it
                inner = Path(folder, name).relative_to(real).as_posix()
                yield Skip(f"{printable(real.name)}/{printable(inner)}", "a linked folder: not followed")
        wholes: dict[str, None] = {}  # archives whose parts are in this folder
        for name in sorted(files):
            path = Path(folder, name)
            if part := part_of(name):
                wholes[part[0]] = None
                continue
            shown = f"{printable(real.name)}/{printable(path.relative_to(real).as_posix())}"
            if _JUNK.search(path.relative_to(real).as_posix()):
                continue
            if not path.resolve().is_relative_to(real):
                yield Skip(shown, "a link that leaves the folder")
            elif not path.is_file():
                yield Skip(shown, "not a regular file, or a link to nothing")
            else:
                yield from _file(path, real, limits)
        for whole in wholes:
            yield from _parts(whole, Path(folder), real, printable(whole), limits)


def _parts(whole: str, folder: Path, root: Path, shown: str, limits: Limits) -> Iterator[Member | Skip]:
    """The members of the archive `whole`, whose parts lie in `folder`."""
    parts = []
    for path in sorted(folder.iterdir()):
        part = part_of(path.name)
        if part is None or part[0] != whole:
            continue
        if not path.resolve().is_relative_to(root) or not path.is_file():
            yield Skip(printable(path.name), "a link that leaves the folder, or no regular file")
        else:
            parts.append(Part(path.name, part[1], Segment(_source(path), path.stat().st_size)))
    yield from _joined(parts, (folder / whole).resolve().parts, shown, limits)


def _source(path: Path) -> Source:
    return Source(lambda: cast(BinaryIO, path.open("rb")))


def _joined(parts: list[Part], place: tuple[str, ...], shown: str, limits: Limits) -> Iterator[Member | Skip]:
    """The members of the archive that `parts` are; one Skip if a part is missing."""
    parts.sort(key=lambda part: part.number)
    if reason := missing(parts):
        yield Skip(shown, reason)
        return
    stream = joined([part.segment for part in parts])
    if is_tar(shown):
        packed = sum(part.segment.size for part in parts)
        yield from _tar(Source(lambda: stream), packed, place, shown, limits)
        return
    names = ", ".join(part.name for part in parts[:3]) + (", …" if len(parts) > 3 else "")
    for item in _zip(stream, place, shown, limits):
        if isinstance(item, Skip) and item.where == shown:
            reason = Message("{reason}; its parts here are {names}: is one missing?", reason=item.reason, names=names)
            item = Skip(shown, reason)
        yield item


def _file(path: Path, root: Path, limits: Limits) -> Iterator[Member | Skip]:
    if path.suffix.lower() == ".zip":
        yield from _zip(path, path.resolve().parts, printable(path.name), limits)
        return
    if is_tar(path.name):
        yield from _tar(_source(path), path.stat().st_size, path.resolve().parts, printable(path.name), limits)
        return
    inner, size = printable(path.relative_to(root).as_posix()), path.stat().st_size
    member = Member(printable(root.name), inner, size, path.resolve().parts, lambda: path.open("rb"))
    if reason := limits.refuse(member.suffix, size):
        yield Skip(member.name, reason)
    else:
        yield member


def _tar(source: Source, packed: int, place: tuple[str, ...], shown: str, limits: Limits) -> Iterator[Member | Skip]:
    """The members of a tar, and those of the zips in it, whole or in parts."""
    found: list[tuple[str, TarEntry]] = []
    try:
        for entry in tar_entries(plain_tar(source, packed, limits.ratio, limits.ratio_from_bytes)):
            found.append((printable(entry.name.lstrip("/").removeprefix("./")), entry))
    except (BadRecord, *BROKEN_TAR) as error:
        yield Skip(
            shown,
            error.reason if isinstance(error, BadRecord) else Message("not a readable tar ({error})", error=error),
        )
    wholes: dict[str, list[Part]] = {}
    taken: set[str] = set()
    for inner, entry in sorted(found, key=lambda pair: pair[0]):
        if _JUNK.search(inner):
            continue
        where, inside = f"{shown}/{inner}", (*place, *PurePosixPath(inner).parts)
        reason = (
            entry.problem
            or _bad_name(inner)
            or (Message("the same name twice in one archive") if inner in taken else None)
        )
        taken.add(inner)
        if reason or entry.segment is None:
            yield Skip(where, reason or "")
        elif part := part_of(inner):
            wholes.setdefault(part[0], []).append(Part(PurePosixPath(inner).name, part[1], entry.segment))
        elif inner.lower().endswith(".zip"):
            yield from _zip(joined([entry.segment]), inside, where, limits)
        elif is_tar(inner):
            yield Skip(where, Message("a tar inside a tar: unpack the outer one first"))
        elif too_large := limits.refuse(PurePosixPath(inner).suffix.lower(), entry.size):
            yield Skip(where, too_large)
        else:
            yield Member(shown, inner, entry.size, inside, partial(joined, [entry.segment]))
    for whole, parts in sorted(wholes.items()):
        yield from _joined(parts, (*place, *PurePosixPath(whole).parts), f"{shown}/{whole}", limits)


def _zip(source: Path | BinaryIO, place: tuple[str, ...], shown: str, limits: Limits) -> Iterator[Member | Skip]:
    try:
        archive = zipfile.ZipFile(source)
    except _BROKEN as error:
        yield Skip(shown, _no_zip(source, error))
        return
    taken: set[str] = set()
    for name, info in sorted(((_decoded(i), i) for i in archive.infolist()), key=lambda pair: pair[0]):
        if info.is_dir() or name.endswith("/") or _JUNK.search(name):
            continue
        inner = printable(name.lstrip("/"))  # real deliveries begin members with a slash; it never becomes a path
        reason = _refusal(inner, info, limits) or (
            Message("the same name twice in one archive") if inner in taken else None
        )
        taken.add(inner)
        if reason:
            yield Skip(f"{shown}/{inner}", reason)
        else:
            inside = (*place, *PurePosixPath(inner).parts)
            yield Member(shown, inner, info.file_size, inside, _opener(archive, info))


def _no_zip(source: Path | BinaryIO, error: Exception) -> Message:
    """Why the file is no zip that can be read: what it is, or what is wrong with it."""
    try:
        with source.open("rb") if isinstance(source, Path) else source as file:
            file.seek(0)
            head = file.read(HEAD_BYTES)
    except (OSError, ValueError):
        head = b"PK"
    if head[:2] != b"PK":
        return Message("not a zip: {what}", what=describe(head))
    return Message("not a readable zip ({error})", error=printable(str(error)) or type(error).__name__)


def _decoded(info: zipfile.ZipInfo) -> str:
    """The member's name. Without the UTF-8 flag zipfile reads names as cp437; here they are UTF-8 or cp949."""
    name = info.filename
    for encoding in () if info.flag_bits & _UTF8_FLAG else ("utf-8", "cp949"):
        try:
            name = name.encode("cp437").decode(encoding)
            break
        except UnicodeError:
            continue
    return name.replace("\\", "/")


def _refusal(inner: str, info: zipfile.ZipInfo, limits: Limits) -> str | None:
    """The reason why this member may not be read, or None."""
    if reason := _bad_name(inner):
        return reason
    if info.header_offset < 0:
        return Message("it lies before the first byte here: the beginning of the archive is missing")
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return Message("a link or special file")
    if info.flag_bits & _ENCRYPTED_FLAG:
        return Message("encrypted")
    packed = max(info.compress_size, 1)
    if info.file_size > limits.ratio_from_bytes and info.file_size > limits.ratio * packed:
        return Message("unpacks to {n:,} times its size: looks like a bomb", n=info.file_size // packed)
    return limits.refuse(PurePosixPath(inner).suffix.lower(), info.file_size)


def _bad_name(inner: str) -> str | None:
    """The reason why a member may not have the name `inner`, or None."""
    if ".." in PurePosixPath(inner).parts:
        return Message("its name leaves the archive ('..')")
    if re.match(r"[A-Za-z]:", inner):
        return Message("its name holds a drive letter")
    return None


def _opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
    """A function that opens the member without a cut at its declared size, so that `Member.read` sees extra bytes."""

    def opened() -> BinaryIO:
        uncut = copy.copy(info)
        uncut.file_size = sys.maxsize
        return cast(BinaryIO, archive.open(uncut))

    return opened
