"""The recordings that a table names: each spelling with its audio file, and the names that have none.

A recording is called after its file, by the path below the folder of audio. So `a`, `a.wav` and `./A.WAV` are one
recording, and `1월/001.wav` and `2월/001.wav` are two. A recording without audio is called as the table spells it. If
an older import called the recording otherwise, it keeps that name, so that a second import adds nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from core.batches import batches
from core.ingest.tables import Reject, Row, Table
from core.ingest.tables.audio_folder import ABSENT, AudioFolder, MissingAudio
from core.ingest.tables.row_parser import cell_text, is_nothing, recording_key
from core.messages import Message, Word
from core.text import nfc
from core.workflows.workspace import Workspace

SHOWN_MISSING = 100
NO_AUDIO = "no audio"  # the kind of a line in the CSV that is no rejected row
_KEYS = 5_000  # looked up at once


@dataclass(frozen=True, slots=True)
class NamedRecordings:
    """The recordings of one source. `names` maps a spelling to the name of the recording, where they differ.

    `files` and `missing` say for a name where its audio is, or why it has none. `last` is the number of its last row:
    after it the recording can be stored. `written` is how the table spells a name first, where that differs.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    missing: Mapping[str, MissingAudio] = field(default_factory=dict)
    last: Mapping[str, int] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)

    def find(self, name: str) -> Path | str:
        """The audio file of a recording, or a note that says why there is none; `name` may be any spelling."""
        file = self.files.get(self.names.get(name, name))
        if file is not None:
            return file
        return missing.reason if (missing := self.missing.get(name)) else ABSENT


@dataclass(frozen=True, slots=True)
class FoundAudio:
    """The names in a table's column of recordings: the number of each one's last row, and its file if there is one."""

    last_row: Mapping[str, int]
    files: Mapping[str, str | MissingAudio]
    folder: AudioFolder

    def missing(self) -> list[MissingAudio]:
        """The first names without audio."""
        return list(islice((file for file in self.files.values() if isinstance(file, MissingAudio)), SHOWN_MISSING))

    def rejects(self) -> Iterator[Reject]:
        """A line for the CSV of rejects for each name without audio; the rows themselves come in as text."""
        for name, file in self.files.items():
            if isinstance(file, MissingAudio):
                near = ", ".join(file.near) or Word("none")
                reason = Message("{reason}: {name!r}; nearest files: {near}", reason=file.reason, name=name, near=near)
                yield Reject(self.last_row[name], NO_AUDIO, reason)

    def named(self, ws: Workspace, source: str) -> NamedRecordings:
        """The recordings as those of `source`."""
        spellings: dict[str, list[str]] = {}
        for spelling, file in self.files.items():
            if isinstance(file, str):
                spellings.setdefault(file, []).append(spelling)
        called = _names(ws, source, spellings)
        names = {spelling: called[file] for file, these in spellings.items() for spelling in these}
        last: dict[str, int] = {}
        for spelling, number in self.last_row.items():
            name = names.get(spelling, spelling)
            last[name] = max(number, last.get(name, 0))
        return NamedRecordings(
            {spelling: name for spelling, name in names.items() if spelling != name},
            {called[file]: self.folder.path(file) for file in spellings},
            {spelling: file for spelling, file in self.files.items() if isinstance(file, MissingAudio)},
            last,
            {called[file]: these[0] for file, these in spellings.items() if called[file] != these[0]},
        )


def find_audio(table: Table, column: str | None, folder: AudioFolder) -> FoundAudio:
    """Look up every name in `column` of `table`, in one pass over it."""
    last_row: dict[str, int] = {}
    for row in table.rows() if column is not None else ():
        if isinstance(row, Row) and (spelling := cell_text(row, column or "")) and not is_nothing(spelling):
            last_row[spelling] = row.number
    return FoundAudio(last_row, folder.find_all(last_row), folder)


def _names(ws: Workspace, source: str, spellings: Mapping[str, list[str]]) -> dict[str, str]:
    """Map each file to the name of its recording: the name of an earlier import, else the file's path."""
    names: dict[str, str] = {}
    for block in batches(iter(spellings.items()), _KEYS):
        candidates_of = {file: [nfc(file), *these] for file, these in block}
        keys = {recording_key(source, name) for candidates in candidates_of.values() for name in candidates}
        known = ws.store.transfer.recordings_by_key(keys)
        for file, candidates in candidates_of.items():
            stored = (name for name in candidates if recording_key(source, name) in known)
            names[file] = next(stored, candidates[0])
    return names
