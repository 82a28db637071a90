"""Imports a folder of audio: labels, speakers and groups come from file names, transcripts from the text files next to
them.
"""

from collections.abc import Sequence
from pathlib import Path

from core.ingest.audio import folder
from core.ingest.audio.folder import Rules
from core.ingest.audio.name_pattern import compile_pattern
from core.ingest.value_maps import ValueMaps
from core.records import OnClash
from core.workflows.imports.entries import EntrySource, Values, find_schemes, store
from core.workflows.imports.report import BATCH, ImportResult, Progress, check_exist, names_hash
from core.workflows.workspace import Workspace

NOT_STATED = "not stated"

__all__ = ["Rules", "ValueMaps", "compile_pattern", "ingest_audio"]


def ingest_audio(
    ws: Workspace,
    paths: Sequence[Path],
    rules: Rules,
    source: str = "",
    licence: str = NOT_STATED,
    progress: Progress = lambda done, total: None,
    batch_size: int = BATCH,
    on_clash: OnClash = "report",
) -> ImportResult:
    """Import folders, zips and files of audio. `source` names the corpus; its default is the name of the first path.

    All clips of a speaker are one group within a source. `InputError` before anything is stored: if a path does not
    exist, or if a rule names a field that the pattern lacks.
    """
    check_exist(paths)
    files = folder.index(paths, rules)
    name = source or paths[0].resolve().stem
    chosen = find_schemes(ws, {scheme: Values(files.values(scheme)) for scheme in files.rules.labels})
    to = EntrySource(name, "audio-folder", licence, names_hash(paths), on_clash)
    total = len(files.clips)
    return store(ws, to, lambda: folder.read(files, name), chosen, total, "rejects-audio.csv", progress, batch_size)
