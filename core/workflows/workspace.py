"""A workspace: its settings, which say where files are, and its store. Every workflow takes one as its first
argument.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from core.errors import InputError, NotFound
from core.files import remove_leftovers
from core.files.private import keep_private
from core.settings import Settings, settings
from core.store import Store, open_store


@dataclass(frozen=True)
class Workspace:
    settings: Settings
    store: Store

    def audio_file(self, recording_id: int) -> Path:
        """The audio file of a recording. `NotFound` if none was delivered or if the file is missing."""
        path = self.store.corpus.recording(recording_id).path
        if path is None:
            raise NotFound("recording {recording_id} was delivered without audio", recording_id=recording_id)
        return self.inside(path)

    def inside(self, path: str) -> Path:
        """The file at `path`, relative to the workspace. `InputError` if it lies outside, `NotFound` if it is
        missing.
        """
        file = (self.settings.home / path).resolve()
        if not file.is_relative_to(self.settings.home):
            raise InputError("{path} lies outside the workspace", path=path)
        if not file.is_file():
            raise NotFound("{path} is missing from the workspace {home}/", path=path, home=self.settings.home.name)
        return file

    def run_folder(self, run_id: str) -> Path:
        return self.settings.runs / self.store.ledger.run(run_id).id

    def snapshot_folder(self, name: str) -> Path:
        return self.settings.snapshots / self.store.ledger.snapshot(name).name


def now() -> str:
    """The present time: UTC, ISO 8601 with microseconds, so that sorting the text sorts by time."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def stamped(name: str) -> str:
    """A new id `name-YYYYMMDD-hhmmss-xxxx`, which says when it was made."""
    stamp = now()[:19].replace("-", "").replace(":", "").replace("T", "-")
    return f"{name}-{stamp}-{secrets.token_hex(2)}"


@lru_cache(maxsize=8)
def _open(chosen: Settings) -> Workspace:
    keep_private(chosen.home, chosen.database_file)
    for folder in (chosen.home, chosen.home / "exports", chosen.runs, chosen.snapshots):
        remove_leftovers(folder)
    store = open_store(chosen.database_url)
    if store.ledger.old_probabilities():
        from core.workflows.evaluation import old_predictions

        store.schemes.sync()
        old_predictions.move(store, chosen.runs)
    return Workspace(chosen, store)


def open_workspace(chosen: Settings | None = None) -> Workspace:
    """The workspace of the environment's settings (or of `chosen`). It is opened and migrated once per process.

    Each call also updates `core.schemes` with the schemes of this workspace.
    """
    ws = _open(chosen or settings())
    ws.store.schemes.sync()
    return ws
