"""Parts that all imports share: portions of rows and the running report."""

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from core.errors import InputError
from core.files import sha256
from core.records import Report
from core.workflows.imports.rejects import write_rejects as write_rejects

T = TypeVar("T")
BATCH = 16_384  # rows of text in one transaction: a chunk of the search index, so that each is indexed once
BATCH_BYTES = 64_000_000  # of audio that wait in memory for their batch
Progress = Callable[[int, int], None]
_COLLECTS = gc.get_threshold()


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did. `rejects` is the CSV of what could not be used; None if everything could be used.

    `proposed` are the schemes of the data that a person still has to confirm. `proposals` counts the suggestions that
    were made of clashes, in the run `batch`.
    """

    report: Report
    rejects: Path | None
    proposed: tuple[str, ...] = ()
    proposals: int = 0
    batch: str | None = None


@contextmanager
def few_collections() -> Iterator[None]:
    """Run the garbage collector rarely. Rows hold no cycles, and its walks over every batch take a fifth of an import's
    time.
    """
    gc.set_threshold(200_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*_COLLECTS)


def portions(items: Iterator[T], size: int, weight: Callable[[T], int]) -> Iterator[list[T]]:
    """Like `batches`, but a batch also ends with the item that brings it to `BATCH_BYTES`. `weight` returns the bytes
    of an item.
    """
    batch: list[T] = []
    held_bytes = 0
    for item in items:
        batch.append(item)
        held_bytes += weight(item)
        if len(batch) >= size or held_bytes >= BATCH_BYTES:
            yield batch
            batch, held_bytes = [], 0
    if batch:
        yield batch


def merge(total: Report, part: Report) -> None:
    """Add the counts of `part` to `total`."""
    total.added += part.added
    total.known += part.known
    for note, n in part.notes.items():
        total.note(note, n)


def check_exist(paths: Iterable[Path]) -> None:
    """Raise `InputError` that names the paths that do not exist."""
    if missing := [str(path) for path in paths if not path.exists()]:
        raise InputError("not found: {missing}", missing=", ".join(missing))


def names_hash(paths: Sequence[Path]) -> str:
    """SHA-256 of the names of the delivered files. Their content is hashed file by file elsewhere."""
    return sha256("\n".join(sorted(path.name for path in paths)).encode("utf-8", "surrogateescape"))
