"""Prune an encoder to the vocabulary of a corpus: of files, or of the workspace's own texts."""

import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.errors import BadRecord, InputError
from core.filters import Filter
from core.models.pretrained.local_weights import local_folder
from core.models.pretrained.prune import prune_model
from core.text.model_text import DEFAULT_PLAN, apply
from core.workflows.workspace import Workspace

TABLES = {".csv": ",", ".tsv": "\t"}


def prune(model: str, out: Path, files: Sequence[Path], ws: Workspace | None = None) -> dict[str, Any]:
    """Write `model` (a folder, or a hub id in the cache) to the new folder `out` with the tokens that the texts use.

    Texts are the lines of `files` (of a CSV or TSV every cell) and, with `ws`, those of its utterances: as received, as
    they are now and as models read them. Returns {"model", "folder", "kind", "texts", "tokens_before", "tokens_after",
    "bytes_before", "bytes_after"}.
    """
    if not files and ws is None:
        raise InputError("name the corpus: files with texts, or the workspace")
    folder = local_folder(model)
    if folder is None:
        raise InputError(
            "{model} is not on this machine: neither a folder with config.json and safetensors, nor in the cache of "
            "the Hugging Face hub",
            model=model,
        )
    texts = dict.fromkeys(text for path in files for text in _texts(path))
    if ws is not None:
        texts |= dict.fromkeys(text for text in _own(ws) if text)
    return {"model": model} | asdict(prune_model(folder, out, list(texts)))


def _texts(path: Path) -> Iterator[str]:
    """The lines of a file, or the cells of a table, without empty ones. `BadRecord` if it is not UTF-8."""
    if not path.is_file():
        raise InputError("{name}: no such file", name=path)
    separator = TABLES.get(path.suffix.lower())
    csv.field_size_limit(sys.maxsize)
    try:
        with path.open(encoding="utf-8-sig", newline="" if separator else None) as file:
            cells = (cell for row in csv.reader(file, delimiter=separator) for cell in row) if separator else file
            yield from filter(None, (cell.strip() for cell in cells))
    except UnicodeDecodeError as error:
        raise BadRecord(path.name, "is not UTF-8 (byte {start})", start=error.start) from error


def _own(ws: Workspace) -> Iterator[str]:
    """The texts of all utterances as received, as they are now, and as a model reads them."""
    for utterance in ws.store.corpus.every(Filter()):
        yield utterance.original
        yield utterance.text
        yield apply(DEFAULT_PLAN, utterance.text)
