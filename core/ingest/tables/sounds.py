"""Audio that a table's rows name, looked for beside the table only: by path, by file name, by stem.

A name is hostile: nothing outside the table's folder is ever opened, whatever it says or links to.
"""

import os
from functools import cached_property
from pathlib import Path, PurePosixPath

from core.messages import Message

SUFFIXES = (".wav", ".wavp", ".flac", ".ogg", ".mp3", ".aiff", ".aif", ".au")
AMBIGUOUS = Message("recording whose name several audio files have: text imported without audio")
ABSENT = Message("recording whose audio is not beside the table: text imported without audio")
_MOST_FILES = 1_000_000


class Sounds:
    """The audio under `folder`; with None (an upload) there is none."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder.resolve() if folder is not None else None

    def find(self, name: str) -> Path | str:
        """The file that `name` means, or a note why there is none."""
        if self._folder is None or "\0" in name:
            return ABSENT
        plain = PurePosixPath(name.replace("\\", "/"))
        if not plain.is_absolute() and (found := self._inside(self._folder / plain)):
            return found
        stem = plain.stem if plain.suffix.lower() in SUFFIXES else plain.name
        same = self._by_stem.get(stem, [])
        exact = [path for path in same if path.name == plain.name]
        chosen = [found for path in exact or same if (found := self._inside(path))]
        if len(chosen) > 1:
            return AMBIGUOUS
        return chosen[0] if chosen else ABSENT

    def _inside(self, path: Path) -> Path | None:
        try:
            real = path.resolve()
            fits = self._folder is not None and real.is_relative_to(self._folder) and real.is_file()
        except (OSError, ValueError, RuntimeError):  # a name too long, or links in a circle
            return None
        return real if fits and real.suffix.lower() in SUFFIXES else None

    @cached_property
    def _by_stem(self) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = {}
        seen = 0
        for folder, _, files in os.walk(self._folder or Path()):
            for name in files:
                seen += 1
                path = Path(folder, name)
                if path.suffix.lower() in SUFFIXES:
                    found.setdefault(path.stem, []).append(path)
            if seen > _MOST_FILES:
                break
        return found
