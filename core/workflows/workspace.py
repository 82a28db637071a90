"""A workspace: where things lie and the store over them. Every workflow takes one as its first argument."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from core.errors import InputError, NotFound
from core.settings import Settings, settings
from core.store import Store, open_store


@dataclass(frozen=True)
class Workspace:
    settings: Settings
    store: Store

    def audio_file(self, recording_id: int) -> Path:
        """The audio of a recording; `NotFound` where none was delivered or it is gone from the disk."""
        path = self.store.corpus.recording(recording_id).path
        if path is None:
            raise NotFound("recording {recording_id} was delivered without audio", recording_id=recording_id)
        return self.inside(path)

    def inside(self, path: str) -> Path:
        """`path` of the store as a file below the workspace; never outside it."""
        found = (self.settings.home / path).resolve()
        if not found.is_relative_to(self.settings.home):
            raise InputError("{path} lies outside the workspace", path=path)
        if not found.is_file():
            raise NotFound("{path} is missing from the workspace {home}/", path=path, home=self.settings.home.name)
        return found

    def run_folder(self, run_id: str) -> Path:
        return self.settings.runs / self.store.ledger.run(run_id).id

    def snapshot_folder(self, name: str) -> Path:
        return self.settings.snapshots / self.store.ledger.snapshot(name).name


def now() -> str:
    """The present instant, UTC, ISO 8601 in microseconds, so that a text sort is a time sort."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


@lru_cache(maxsize=8)
def _open(chosen: Settings) -> Workspace:
    chosen.home.mkdir(parents=True, exist_ok=True)
    store = open_store(chosen.database_url)
    if store.ledger.old_probabilities():
        from core.workflows.models import old_predictions  # needs pyarrow, which few who open a workspace need

        store.schemes.sync()
        old_predictions.move(store, chosen.runs)
    return Workspace(chosen, store)


def open_workspace(chosen: Settings | None = None) -> Workspace:
    """The workspace of the environment's settings (or of `chosen`), opened and migrated once a process.

    Each call makes sure that `core.schemes` knows the schemes this workspace has by now.
    """
    ws = _open(chosen or settings())
    ws.store.schemes.sync()
    return ws
