"""Imports a Hugging Face dataset: from disk with pyarrow alone, from the hub with the optional `datasets` package."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from core.errors import InputError
from core.files import temporary_folder
from core.ingest.entries import Entry
from core.ingest.huggingface import dataset
from core.ingest.huggingface.audiofolder import (
    AudioFolderDataset,
    has_metadata,
    is_audiofolder,
    open_audiofolder,
    read_audiofolder,
)
from core.ingest.huggingface.dataset import ColumnMapping, Dataset
from core.plugins import Backend, pick
from core.records import Skip
from core.workflows.imports.audio import NOT_STATED
from core.workflows.imports.entries import Values, find_schemes, store
from core.workflows.imports.report import BATCH, ImportResult, Progress, names_hash
from core.workflows.workspace import Workspace, now

HUBS: dict[str, Backend] = {
    "huggingface": Backend(
        "core.ingest.huggingface.hub:fetch", needs=("datasets",), install="pip install datasets==5.2.0"
    ),
}
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?")

__all__ = ["HUBS", "ColumnMapping", "has_metadata", "ingest_hf"]


def ingest_hf(
    ws: Workspace,
    where: str,
    mapped: ColumnMapping,
    config: str = "",
    source: str = "",
    licence: str = NOT_STATED,
    progress: Progress = lambda done, total: None,
    batch_size: int = BATCH,
    hubs: Mapping[str, Backend] = HUBS,
) -> ImportResult:
    """Import the dataset at the path `where`. If there is no such path, `where` is the dataset's id on the hub.

    `config` names a configuration of a hub dataset (`ko-KR`). `MissingBackend` says how to install the hub's package.
    `InputError` if the path, the columns or the id are wrong.
    """
    path = Path(where)
    if path.exists():
        return _from_disk(ws, path, mapped, source, licence, progress, batch_size)
    if not _HUB_ID.fullmatch(where):
        raise InputError("{where}: no such file or folder, and no id of a hub (OWNER/NAME)", where=where)
    fetch = pick(hubs, "huggingface", "hub")
    with temporary_folder(ws.settings.home) as folder:
        name = source or "/".join(filter(None, (where, config)))
        return _from_disk(
            ws, fetch(where, config, folder / "data"), mapped, name, licence, progress, batch_size
        )  # fmt: skip


def _from_disk(
    ws: Workspace, path: Path, mapped: ColumnMapping, source: str, licence: str, progress: Progress, batch_size: int
) -> ImportResult:
    data, read = _opened(path, mapped, source)
    named = mapped.labels is not None
    wanted = {name: Values(data.values(name), data.multi(name), named) for name in data.labels}
    chosen = find_schemes(ws, wanted)
    source_id = ws.store.corpus.add_source(data.name, "huggingface", licence, names_hash([path]), now())
    return store(ws, source_id, read(), chosen, data.total, "rejects-hf.csv", progress, batch_size)


def _opened(
    path: Path, mapped: ColumnMapping, source: str
) -> tuple[Dataset | AudioFolderDataset, Callable[[], Iterator[Entry | Skip]]]:
    """The dataset at `path`, and a function that reads its rows: a folder of audio, or Arrow and Parquet files."""
    if is_audiofolder(path):
        folder = open_audiofolder(path, mapped, source)
        return folder, partial(read_audiofolder, folder)
    data = dataset.open_dataset(path, mapped, source)
    return data, partial(dataset.read, data)
