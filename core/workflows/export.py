"""Taking the corpus out as a file."""

from pathlib import Path

from core import export
from core.records import Filter
from core.workflows.workspace import Workspace


def export_utterances(ws: Workspace, path: Path, wanted: Filter | None = None) -> int:
    """Write the matching utterances with their current labels to a .csv or .jsonl; returns how many."""
    return export.write(path, ws.store.corpus.every(wanted or Filter()))
