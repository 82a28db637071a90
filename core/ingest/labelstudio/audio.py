"""Finds the audio that the tasks of a file name, in the folder of the file and below it only. Nothing is downloaded.

A name may be hostile: no file outside that folder is ever opened, even through a link. All names of the file are looked
up together, so that two tasks whose uploads had the same name do not share one file.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path

from core.errors import InputError
from core.ingest.audio_names import AudioNames, Match, is_audio
from core.messages import Message

ABSENT = Message("audio that is not beside the file: imported without it")
_MOST_FILES = 1_000_000


class AudioBeside:
    """The audio files beside a JSON file and below its folder; `named` gives every name of audio in that file."""

    def __init__(self, json_file: Path, named: Callable[[], Iterable[str]]) -> None:
        self._home, self._named = json_file.resolve().parent, named

    def find(self, name: str) -> Path | Message:
        """The file that `name` means, or the reason why there is none."""
        match = self._matches.get(name, Match())
        if match.path is not None and (file := self._inside(match.path)):
            return file
        if len(match.candidates) > 1:
            return Message(
                "audio {name!r} may be any of {files}: imported without it",
                name=name[:200], files=", ".join(match.candidates[:3]),
            )  # fmt: skip
        if near := match.candidates or (self._files.nearest(name) if "\0" not in name else ()):
            return Message(
                "audio {name!r} is not beside the file: imported without it; nearest names: {files}",
                name=name[:200], files=", ".join(near),
            )  # fmt: skip
        return ABSENT

    @cached_property
    def _matches(self) -> dict[str, Match]:
        return self._files.find_all(dict.fromkeys(self._every_name()))

    def _every_name(self) -> Iterator[str]:
        try:
            yield from (name for name in self._named() if "\0" not in name)
        except InputError:  # whoever reads the tasks meets the damage too
            return

    @cached_property
    def _files(self) -> AudioNames:
        return AudioNames(islice(self._listed(), _MOST_FILES))

    def _listed(self) -> Iterator[str]:
        for folder, folders, files in os.walk(self._home):
            folders.sort()
            for name in sorted(files):
                if is_audio(name):
                    yield Path(folder, name).relative_to(self._home).as_posix()

    def _inside(self, path: str) -> Path | None:
        """The real file if it is in the folder, else None."""
        try:
            real = (self._home / path).resolve()
            return real if real.is_relative_to(self._home) and real.is_file() else None
        except (OSError, ValueError, RuntimeError):
            return None
