"""What every import shares: portions of rows, the running report, and the CSV that names what could not be used."""

import csv
import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from core.cells import harmless
from core.files import sha256, whole
from core.records import Report, Skip
from core.workflows.workspace import Workspace

T = TypeVar("T")
BATCH = 16_384  # rows of text in one transaction: a chunk of the search index, so that each is indexed once
BATCH_BYTES = 64_000_000  # of audio that wait in memory for their batch
Progress = Callable[[int, int], None]
_COLLECTS = gc.get_threshold()


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did; `rejects` is the CSV that names what could not be used, None if everything could.

    `proposed` are the schemes of the data that wait for a person to confirm them.
    """

    report: Report
    rejects: Path | None
    proposed: tuple[str, ...] = ()


@contextmanager
def few_collections() -> Iterator[None]:
    """Rows hold no cycles, and the collector would walk every batch again and again: a fifth of an import's time."""
    gc.set_threshold(200_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*_COLLECTS)


def portions(items: Iterator[T], size: int, weight: Callable[[T], int]) -> Iterator[list[T]]:
    """As `batches`; a batch ends, too, with the item that brings it to `BATCH_BYTES`; `weight` says what one holds."""
    batch: list[T] = []
    held = 0
    for item in items:
        batch.append(item)
        held += weight(item)
        if len(batch) >= size or held >= BATCH_BYTES:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def merge(total: Report, part: Report) -> None:
    """Add the counts of `part` to `total`."""
    total.added += part.added
    total.known += part.known
    for what, n in part.notes.items():
        total.note(what, n)


def names_hash(paths: Sequence[Path]) -> str:
    """SHA-256 over the names of what was handed in; their content is hashed file by file."""
    return sha256("\n".join(sorted(path.name for path in paths)).encode("utf-8", "surrogateescape"))


def write_rejects(ws: Workspace, name: str, skipped: Sequence[Skip]) -> Path | None:
    """`skipped` as a CSV (file, reason) in the workspace; None where nothing was."""
    if not skipped:
        return None
    path = ws.settings.home / name
    # The BOM makes spreadsheets read Hangul.
    with whole(path) as made, made.open("w", newline="", encoding="utf-8-sig") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "reason"])
        rows.writerows((harmless(skip.where), harmless(skip.reason)) for skip in skipped)
    return path
