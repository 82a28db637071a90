"""Finds the audio files that a table's rows name, in one folder and below it; `core.ingest.audio_names` has the rules.

A name may be hostile: no file outside the folder is ever opened, even through a link.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from core.errors import InputError
from core.ingest.audio_names import AudioNames, Match, is_audio
from core.messages import Message

AMBIGUOUS = Message("recording whose name several audio files have: text imported without audio")
ABSENT = Message("recording whose audio is not beside the table: text imported without audio")
ELSEWHERE = Message("recording whose folder is not the one that the audio file lies in: text imported without audio")
_MOST_FILES = 1_000_000
_NEAREST = 1_000  # missing names whose nearest files are looked up


@dataclass(frozen=True, slots=True)
class MissingAudio:
    """A name without audio: why, and the files that it may mean."""

    name: str
    reason: Message
    near: tuple[str, ...] = ()


class AudioFolder:
    """The audio files under `folder`. If it is None (an upload), there are none."""

    def __init__(self, folder: Path | None) -> None:
        if folder is not None and not folder.is_dir():
            raise InputError("{folder}: no such folder of audio", folder=folder)
        self._folder = folder.resolve() if folder is not None else None

    def find(self, name: str) -> Path | str:
        """The audio file called `name`, or a note that says why there is none."""
        match = self._names.find(name)
        return self.path(match.path) if match.path is not None else _reason(match)

    def find_all(self, names: Iterable[str]) -> dict[str, str | MissingAudio]:
        """For each of `names` the file, as a path relative to the folder, or what is known of a file that is missing.

        For at most `_NEAREST` missing names the nearest files are looked up.
        """
        files: dict[str, str | MissingAudio] = {}
        if not (names := tuple(names)):
            return files  # the folder need not be walked
        missing = 0
        for name, match in self._names.find_all(names).items():
            if match.path is not None:
                files[name] = match.path
                continue
            missing += 1
            near = match.candidates or (self._names.nearest(name) if missing <= _NEAREST else ())
            files[name] = MissingAudio(name, _reason(match), near)
        return files

    def path(self, relative: str) -> Path:
        """The path of a file that was found."""
        return self._files[relative]

    @cached_property
    def _names(self) -> AudioNames:
        return AudioNames(self._files)

    @cached_property
    def _files(self) -> dict[str, Path]:
        """The audio files among the first `_MOST_FILES` files, by their path relative to the folder."""
        paths: dict[str, Path] = {}
        if (home := self._folder) is None:
            return paths
        seen = 0
        for folder, _, files in os.walk(home):
            for name in sorted(files):
                seen += 1
                path = Path(folder, name)
                if is_audio(name) and self._inside(path):
                    paths[_readable(path.relative_to(home).as_posix())] = path
            if seen > _MOST_FILES:
                break
        return paths

    def _inside(self, path: Path) -> bool:
        """Whether `path` is an audio file in the folder, also after links are followed."""
        if not path.is_symlink():
            return path.is_file()
        try:
            real = path.resolve()
            return (
                self._folder is not None
                and real.is_relative_to(self._folder)
                and real.is_file()
                and is_audio(real.name)
            )
        except (OSError, ValueError, RuntimeError):  # the name is too long, or links form a circle
            return False


def _readable(name: str) -> str:
    """`name` as text. Bytes that are no UTF-8 are cp949, as an unpacked Korean zip leaves them, else U+FFFD."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raw = os.fsencode(name)
        try:
            return raw.decode("cp949")
        except UnicodeDecodeError:
            return raw.decode("utf-8", "replace")
    return name


def _reason(match: Match) -> Message:
    if not match.candidates:
        return ABSENT
    return AMBIGUOUS if len(match.candidates) > 1 else ELSEWHERE
