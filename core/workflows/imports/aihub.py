"""Imports two other corpora of AI Hub: emergency sounds (`situation`) and dialogue of elders (`elder`)."""

from collections.abc import Sequence
from pathlib import Path

from core.errors import UnknownName
from core.ingest.aihub import corpora
from core.records import OnClash
from core.workflows.imports.entries import EntrySource, Values, find_schemes, store
from core.workflows.imports.report import BATCH, ImportResult, Progress, check_exist, names_hash
from core.workflows.workspace import Workspace

KINDS = tuple(corpora.CORPORA)
LICENCE = "AI Hub: not to be passed on"


def ingest_aihub(
    ws: Workspace,
    kind: str,
    paths: Sequence[Path],
    progress: Progress = lambda done, total: None,
    batch_size: int = BATCH,
    on_clash: OnClash = "report",
) -> ImportResult:
    """Import label JSONs and audio of corpus `kind` from zips and folders. `UnknownName` lists the kinds."""
    if kind not in corpora.CORPORA:
        raise UnknownName("sister corpus", kind, KINDS)
    check_exist(paths)
    corpus, files = corpora.CORPORA[kind], corpora.index(paths)
    wanted = {name: Values(values, named=False) for name, values in corpora.values(files, corpus).items()}
    chosen = find_schemes(ws, wanted)
    source = EntrySource(kind, "sister", LICENCE, names_hash(paths), on_clash)
    has_audio: dict[str, bool] = {}

    def known(key: str) -> bool:
        # A recording with audio is complete. For a recording without audio, this delivery may bring it.
        if key not in has_audio:
            has_audio.update(ws.store.corpus.audio_state([key]))
        return has_audio.get(key, False)

    total = len(files.labels)
    return store(
        ws,
        source,
        lambda: corpora.read(files, corpus, known),
        chosen,
        total,
        "rejects-sister.csv",
        progress,
        batch_size,
    )
