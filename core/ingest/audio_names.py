"""Finds the audio file that a name in a delivery means, in a listing of file names. Nothing here touches a disk.

A table or a project was often written on another computer than the one that holds its audio. So a name may differ from
the file in Unicode form (NFC, NFD), case, width, white space, suffix and folder; it may be a Windows path, a `file://`
or web address, percent-encoded, or begin with the mark of an upload (`1f2e3d4c-`). The rules are:

- The forms of a name are tried in that order. The first that explains the most folders of a file decides. If several
  files have that form, none is chosen: the name is ambiguous.
- If the name and the file both have a folder, the last folder must be equal: `1월/001.wav` is never `2월/001.wav`.
- Two names with different folders never share a file, unless one of them is the file's own path.
- A lost leading zero (`7` for `007.wav`) is no match. `nearest` lists such files for a person.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from pathlib import PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from core.audio.header import SUFFIXES
from core.text.visible import folded

# Eight digits are more often a date than the mark of an upload, so they are one only in an upload's address.
_UPLOAD = re.compile(
    r"((?!\d{8}-)[0-9a-f]{8}-|[0-9a-f]{32}[-_]|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}[-_])(?=.)", re.I
)
_UPLOADED = re.compile(r"(?:^|/)data/upload/(?:[^/]+/)*([0-9a-f]{8}-)[^/]+$", re.I)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+://|file:/|data:", re.I)
_DRIVE = re.compile(r"^[\\/]*[a-z]:(?=[\\/])", re.I)
_DIGITS = re.compile(r"\d+")
_CLOSE_AMONG = 5_000  # names that are compared letter by letter with one that was not found


def is_audio(name: str) -> bool:
    """Whether `name` has the suffix of an audio file."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES


@dataclass(frozen=True, slots=True)
class Match:
    """The file that a name means, as listed. Without one, `candidates` are the files with that name.

    One candidate: the name has another folder. Several: nothing decides between them.
    """

    path: str | None = None
    candidates: tuple[str, ...] = ()

    @property
    def ambiguous(self) -> bool:
        return self.path is None and bool(self.candidates)


@dataclass(frozen=True, slots=True)
class _Name:
    """A name in pieces: its folded folders, its file name as written and folded, and its folded stem."""

    folders: tuple[str, ...]
    plain: str
    whole: str
    stem: str

    @classmethod
    def of(cls, path: str) -> "_Name":
        parts = [part for part in path.split("/") if part.strip() not in ("", ".", "..")]
        plain = parts[-1].strip() if parts else ""
        whole = folded(plain)
        suffix = PurePosixPath(whole).suffix
        stem = whole[: -len(suffix)].rstrip() if suffix in SUFFIXES else whole
        return cls(tuple(map(folded, parts[:-1])), plain, whole, stem)

    @property
    def place(self) -> tuple[str, ...]:
        return (*self.folders, self.stem)


@dataclass(frozen=True, slots=True)
class _Form:
    """A form of a name as a path; `mark` is the mark of an upload that was taken off its file name."""

    path: str
    mark: str = ""


class AudioNames:
    """The audio files of one delivery; `paths` are relative to it, with `/` between folders."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._files = {path: _Name.of(path) for path in paths}
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        for path, name in self._files.items():
            self._by_stem[name.stem].append(path)

    def find(self, name: str) -> Match:
        """The file that `name` means."""
        return self._lookup(name)[0]

    def find_all(self, names: Iterable[str]) -> dict[str, Match]:
        """The file of each of `names`. A file that two names with different folders would share is given to neither."""
        lookups = {name: self._lookup(name) for name in names}
        places: dict[str | None, set[tuple[str, ...]]] = defaultdict(set)
        for match, outside in lookups.values():
            if outside:
                places[match.path].add(outside)
        return {
            name: Match(None, (match.path,)) if match.path and outside and len(places[match.path]) > 1 else match
            for name, (match, outside) in lookups.items()
        }

    def nearest(self, name: str, most: int = 3) -> tuple[str, ...]:
        """The files whose names are most like `name`: in another folder, with other leading zeros, then by letters."""
        stems = [_Name.of(form.path).stem for form in _forms(name)]
        near: dict[str, None] = {}
        for stem in stems:
            near |= dict.fromkeys(self._by_stem.get(stem, ()))
            near |= dict.fromkeys(self._by_numbers.get(_without_zeros(stem), ()))
        if stems and not near:
            for close in get_close_matches(stems[-1], list(self._by_stem)[:_CLOSE_AMONG], most, 0.75):
                near |= dict.fromkeys(self._by_stem[close])
        return tuple(near)[:most]

    def _lookup(self, name: str) -> tuple[Match, tuple[str, ...]]:
        """The file of `name`, and what `name` holds beyond the file's own path: folders, the mark of an upload."""
        if name in self._files:
            return Match(name), ()
        forms = _forms(name)
        for form in forms:
            if form.path in self._files and not form.mark:
                return Match(form.path), ()
        best: tuple[int, _Form, _Name, Sequence[str]] | None = None
        for form in forms:
            named = _Name.of(form.path)
            paths = self._same_name(named, self._by_stem) if named.stem else ()
            folders = max((_shared(named.folders, self._files[path].folders) for path in paths), default=-1)
            if paths and (best is None or folders > best[0]):  # as `%ED%95%9C/a` explains more folders than it seems
                best = folders, form, named, paths
        if best is not None:
            return self._match(*best[1:])
        for form in forms[:1]:
            named = _Name.of(form.path)
            if paths := self._same_name(replace(named, stem=_uploaded(named.stem)), self._by_upload):
                return self._match(form, named, paths)
        elsewhere = dict.fromkeys(path for form in forms for path in self._by_stem.get(_Name.of(form.path).stem, ()))
        return Match(None, tuple(sorted(elsewhere))), ()

    def _match(self, form: _Form, named: _Name, paths: Sequence[str]) -> tuple[Match, tuple[str, ...]]:
        if len(paths) > 1:
            return Match(None, tuple(sorted(paths))), ()
        outside = named.folders[: len(named.folders) - _shared(named.folders, self._files[paths[0]].folders)]
        return Match(paths[0]), (*outside, form.mark) if form.mark else outside

    def _same_name(self, named: _Name, by_stem: Mapping[str, Sequence[str]]) -> Sequence[str]:
        """The files that `named` may mean; the same folders and the same writing go before likeness."""
        same: Sequence[str] = [path for path in by_stem.get(named.stem, ()) if _compatible(named, self._files[path])]
        for narrow in (self._at_that_place, self._at_that_folder, self._as_written):
            if len(same) < 2:
                break
            same = narrow(named, same) or same
        return same

    def _at_that_place(self, named: _Name, paths: Sequence[str]) -> Sequence[str]:
        return [path for path in paths if self._files[path].place == named.place]

    def _at_that_folder(self, named: _Name, paths: Sequence[str]) -> Sequence[str]:
        """Those whose folders agree with `named` over the longest way."""
        shared = {path: _shared(named.folders, self._files[path].folders) for path in paths}
        most = max(shared.values())
        return [path for path in paths if shared[path] == most]

    def _as_written(self, named: _Name, paths: Sequence[str]) -> Sequence[str]:
        """Those with the same file name: letter for letter, else but for case and form."""
        written = [path for path in paths if self._files[path].plain == named.plain]
        return written or [path for path in paths if self._files[path].whole == named.whole]

    @cached_property
    def _by_numbers(self) -> Mapping[str, Sequence[str]]:
        return self._by(lambda name: _without_zeros(name.stem))

    @cached_property
    def _by_upload(self) -> Mapping[str, Sequence[str]]:
        """Stem without the mark of an upload -> files that have such a mark: an upload that was copied back."""
        return self._by(lambda name: _uploaded(short) if (short := _UPLOAD.sub("", name.stem)) != name.stem else "")

    def _by(self, key: Callable[[_Name], str]) -> Mapping[str, Sequence[str]]:
        paths: dict[str, list[str]] = defaultdict(list)
        for path, name in self._files.items():
            if stem := key(name):
                paths[stem].append(path)
        return paths


def _forms(name: str) -> tuple[_Form, ...]:
    """The forms of `name` as a path with `/`, from the nearest to what is written to the most changed.

    >>> [form.path for form in _forms("C:\\\\calls\\\\a%20b.wav")]
    ['calls/a%20b.wav', 'calls/a b.wav']
    >>> [form.path for form in _forms("/data/upload/3/1f2e3d4c-a.wav")]
    ['data/upload/3/1f2e3d4c-a.wav', 'a.wav']
    """
    paths = [path.strip("/") for path in _paths(name.strip()) if path.strip("/")]
    short = [_Form(path) for path in paths]
    for path in paths:
        file = path.rpartition("/")[2]
        if mark := _UPLOADED.search(path) or _UPLOAD.match(file):
            short.append(_Form(file[len(mark[1]) :], mark[1].lower()))  # the folder of an upload is the server's
    return tuple(dict.fromkeys(short))


def _paths(name: str) -> Iterator[str]:
    """The path in `name`, as written and without percent-encoding."""
    address = _address(name) if _SCHEME.match(name) or "?" in name else None
    for text in (address, name) if address is not None else (name,):
        path = _plain(text)
        yield path
        decoded = unquote(path)
        if decoded != path and "\0" not in decoded:
            yield _plain(decoded.lstrip("/"))


def _plain(text: str) -> str:
    """`text` with `/` between folders and without a drive."""
    return _DRIVE.sub("", text).replace("\\", "/")


def _address(name: str) -> str | None:
    """The path of a web or `file:` address: its parameter `d` (as Label Studio writes it), else its path."""
    try:
        parts = urlsplit(name)
        local = parse_qs(parts.query).get("d")
    except ValueError:
        return None
    return (local[0] if local else parts.path).lstrip("/")


def _compatible(named: _Name, file: _Name) -> bool:
    return not named.folders or not file.folders or named.folders[-1] == file.folders[-1]


def _shared(a: Sequence[str], b: Sequence[str]) -> int:
    """How many folders `a` and `b` share, counted from the file upwards."""
    shared = 0
    for left, right in zip(reversed(a), reversed(b), strict=False):
        if left != right:
            break
        shared += 1
    return shared


def _uploaded(stem: str) -> str:
    """`stem` as an upload writes it: with `_` for white space."""
    return stem.replace(" ", "_")


def _without_zeros(stem: str) -> str:
    """`stem` without leading zeros, and without the `.0` that a spreadsheet may add to a number."""
    stem = stem.removesuffix(".0") if stem.removesuffix(".0").isdecimal() else stem
    return _DIGITS.sub(lambda digits: digits[0].lstrip("0") or "0", stem)
