"""Finds the audio files that a table's rows name: by path, by file name or by stem, in the table's folder only.

A name may be hostile: no file outside the table's folder is ever opened, even through a link.
"""

import os
from functools import cached_property
from pathlib import Path, PurePosixPath

from core.audio.header import SUFFIXES
from core.messages import Message

AMBIGUOUS = Message("recording whose name several audio files have: text imported without audio")
ABSENT = Message("recording whose audio is not beside the table: text imported without audio")
_MOST_FILES = 1_000_000


class AudioFolder:
    """The audio files under `folder`. If it is None (an upload), there are none."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder.resolve() if folder is not None else None

    def find(self, name: str) -> Path | str:
        """The audio file called `name`, or a note that says why there is none."""
        if self._folder is None or "\0" in name:
            return ABSENT
        plain = PurePosixPath(name.replace("\\", "/"))
        if not plain.is_absolute() and (direct := self._inside(self._folder / plain)):
            return direct
        stem = plain.stem if plain.suffix.lower() in SUFFIXES else plain.name
        same = self._by_stem.get(stem, [])
        exact = [path for path in same if path.name == plain.name]
        matches = [real for path in exact or same if (real := self._inside(path))]
        if len(matches) > 1:
            return AMBIGUOUS
        return matches[0] if matches else ABSENT

    def _inside(self, path: Path) -> Path | None:
        """`path` without links if it is an audio file below the folder, else None."""
        try:
            real = path.resolve()
            fits = self._folder is not None and real.is_relative_to(self._folder) and real.is_file()
        except (OSError, ValueError, RuntimeError):  # the name is too long, or links form a circle
            return None
        return real if fits and real.suffix.lower() in SUFFIXES else None

    @cached_property
    def _by_stem(self) -> dict[str, list[Path]]:
        """stem -> the audio files with it, among the first `_MOST_FILES` files."""
        paths: dict[str, list[Path]] = {}
        seen = 0
        for folder, _, files in os.walk(self._folder or Path()):
            for name in files:
                seen += 1
                path = Path(folder, name)
                if path.suffix.lower() in SUFFIXES:
                    paths.setdefault(path.stem, []).append(path)
            if seen > _MOST_FILES:
                break
        return paths
