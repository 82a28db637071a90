"""Imports a Hugging Face dataset: from disk with pyarrow alone, from the hub with the optional `datasets` package."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
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
from core.records import NewRecording, OnClash, Skip
from core.workflows.imports.audio import NOT_STATED
from core.workflows.imports.entries import EntrySource, Values, find_schemes, store
from core.workflows.imports.report import BATCH, ImportResult, Progress, names_hash
from core.workflows.workspace import Workspace

HUBS: dict[str, Backend] = {
    "huggingface": Backend(
        "core.ingest.huggingface.hub:fetch", needs=("datasets",), install="pip install datasets==5.2.0"
    ),
}
SAMPLE = 200  # rows that tell whether a dataset is known
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
    on_clash: OnClash = "report",
) -> ImportResult:
    """Import the dataset at the path `where`. If there is no such path, `where` is the dataset's id on the hub.

    `config` names a configuration of a hub dataset (`ko-KR`). `MissingBackend` says how to install the hub's package.
    `InputError` if the path, the columns or the id are wrong.
    """
    path = Path(where)
    if path.exists():
        return _from_disk(ws, path, mapped, source, licence, progress, batch_size, on_clash)
    if not _HUB_ID.fullmatch(where):
        raise InputError("{where}: no such file or folder, and no id of a hub (OWNER/NAME)", where=where)
    fetch = pick(hubs, "huggingface", "hub")
    with temporary_folder(ws.settings.home) as folder:
        name = source or "/".join(filter(None, (where, config)))
        return _from_disk(
            ws, fetch(where, config, folder / "data"), mapped, name, licence, progress, batch_size, on_clash
        )  # fmt: skip


def _from_disk(
    ws: Workspace, path: Path, mapped: ColumnMapping, source: str, licence: str, progress: Progress, batch_size: int,
    on_clash: OnClash,
) -> ImportResult:  # fmt: skip
    data, read = _opened(path, mapped, source)
    named = mapped.labels is not None
    wanted = {name: Values(data.values(name), data.multi(name), named) for name in data.labels}
    chosen = find_schemes(ws, wanted)
    to = EntrySource(data.name, "huggingface", licence, names_hash([path]), on_clash, _is_apart(ws, data.name, read))
    return store(ws, to, read, chosen, data.total, "rejects-hf.csv", progress, batch_size)


def _opened(
    path: Path, mapped: ColumnMapping, source: str
) -> tuple[Dataset | AudioFolderDataset, Callable[[], Iterator[Entry | Skip]]]:
    """The dataset at `path`, and a function that reads its rows: a folder of audio, or Arrow and Parquet files."""
    if is_audiofolder(path):
        folder = open_audiofolder(path, mapped, source)
        return folder, partial(read_audiofolder, folder)
    data = dataset.open_dataset(path, mapped, source)
    return data, partial(dataset.read, data)


def _is_apart(ws: Workspace, dataset_name: str, read: Callable[[], Iterator[Entry | Skip]]) -> bool:
    """Whether some rows, but not most, are known from other datasets: rows of the same place and text by chance.

    A dataset that came before under another name has the same rows, and is known by them.
    """
    if not any(kind == "huggingface" and name != dataset_name for name, kind in ws.store.deliveries.kinds().items()):
        return False
    entries = islice((item for item in read() if isinstance(item, Entry)), SAMPLE)
    keys = [_utterance_key(entry) for entry in entries]
    if ws.store.corpus.utterance_ids([f"{key}@{dataset_name}" for key in keys]):
        return True
    known = ws.store.corpus.utterances(list(ws.store.corpus.utterance_ids(keys).values()))
    own = {source.id for source in ws.store.corpus.sources() if source.name == dataset_name}
    return 0 < len(known) * 2 < len(keys) and not any(row.source_id in own for row in known)


def _utterance_key(entry: Entry) -> str:
    record = entry.record
    return record.utterances[0].key if isinstance(record, NewRecording) else record.key
