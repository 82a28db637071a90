"""The shards of a pool: what a run predicted for items without a label, block by block, in its folder `pool/`.

`part-000000.parquet` (id int64, digest uint64, skipped string, and for each target `probs:<target>`
fixed_size_list<float32>[K]) is the first block. A part is written whole or not at all and never changes, so the parts
are the cursor from which a killed job goes on: what they hold is done. `probs` is null where the item has a label for
that target, and where `skipped` says why it could not be judged. `digest` tells what was judged (a text, a span of
sound): an item whose text was corrected since is judged again, and its newest row counts. `again` bool: its sound file
was missing or unreadable, so it counts as not judged yet, whatever the row holds. The schema's metadata has the
`precision` that the part was computed in.
`cursor.json` says how many parts the database has as well, `stored` without a gap and `more` behind a gap.
`predictions-pool.parquet` of earlier versions (id, target, probs) counts as the oldest part.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.errors import CheckpointMismatch
from core.files import atomic_path, file_lock, make_folder, remove_leftovers, write_json

FOLDER, CURSOR, LOCK = "pool", "cursor.json", ".lock"
POOL_FILE = "predictions-pool.parquet"  # of earlier versions
ID, DIGEST, SKIPPED, AGAIN, PROBS = "id", "digest", "skipped", "again", "probs:"
PRECISION = "precision"
Ids = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Known:
    """What the parts of a pool hold for one target: `ids` ascending, each once, and `digests` of what was judged."""

    ids: Ids
    digests: NDArray[np.uint64]

    def has_one(self, number: int, digest: int) -> bool:
        """Whether one item was judged as it is now."""
        at = int(np.searchsorted(self.ids, number))
        return at < len(self.ids) and int(self.ids[at]) == number and int(self.digests[at]) == digest


@dataclass(frozen=True, slots=True)
class Part:
    """One block on the disk."""

    path: Path

    def rows(self, target: str) -> tuple[Ids, NDArray[Any]]:
        """The ids (N,) of the items without a label for the target, and their `probs` (N, K).

        A row of NaN is an item that could not be judged.
        """
        if self.path.name == POOL_FILE:
            return _old_rows(self.path, target)
        table, there = self._open(target, (ID,))
        if table is None:
            return np.zeros(0, np.int64), np.zeros((0, 0), np.float32)
        probs = table.column(PROBS + target).combine_chunks()
        width = probs.type.list_size
        flat = np.full((len(table), width), np.nan, np.float32)
        flat[probs.is_valid().to_numpy(zero_copy_only=False)] = probs.flatten().to_numpy().reshape(-1, width)
        return table.column(ID).to_numpy()[there], flat[there]

    def digests(self, target: str) -> tuple[Ids, NDArray[np.uint64]]:
        """The ids (N,) of the same items, and what was judged of each, uint64 (N,)."""
        return self.judged(target)[:2]

    def judged(self, target: str) -> tuple[Ids, NDArray[np.uint64], NDArray[np.bool_]]:
        """As `digests`, and which of the items a later job judges again, bool (N,)."""
        table, there = (None, None) if self.path.name == POOL_FILE else self._open(target, (ID, DIGEST))
        if table is None:
            return np.zeros(0, np.int64), np.zeros(0, np.uint64), np.zeros(0, np.bool_)
        again = np.asarray(table.column(AGAIN)) if AGAIN in table.column_names else np.zeros(len(table), np.bool_)
        return table.column(ID).to_numpy()[there], table.column(DIGEST).to_numpy()[there], again[there]

    def skipped(self) -> list[str]:
        """Why items of the block could not be judged, as JSON of `core.messages`."""
        if self.path.name == POOL_FILE:
            return []
        return [reason for reason in read_table(self.path, [SKIPPED]).column(SKIPPED).to_pylist() if reason]

    def _open(self, target: str, columns: Sequence[str]) -> tuple[Any, Any]:
        """The columns and those of the target, and which rows have no label for it; None if no row is of the target."""
        table = read_table(self.path)
        if PROBS + target not in table.column_names:
            return None, None
        more = [AGAIN] if AGAIN in table.column_names else []
        table = table.select([*columns, PROBS + target, SKIPPED, *more])
        judged = table.column(PROBS + target).combine_chunks().is_valid().to_numpy(zero_copy_only=False)
        return table, judged | table.column(SKIPPED).combine_chunks().is_valid().to_numpy(zero_copy_only=False)


class Shards:
    """Reads and appends the parts of one run's pool."""

    def __init__(self, run_folder: Path) -> None:
        self.run_folder, self.folder = run_folder, run_folder / FOLDER

    def parts(self) -> list[Part]:
        """All parts, the oldest first."""
        old = self.run_folder / POOL_FILE
        return [Part(path) for path in ((old,) if old.is_file() else ()) + tuple(self._paths())]

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob("part-*.parquet"))

    def append(self, block: pa.RecordBatch) -> int:
        """Write a block as the next part, and return its number. It is on the disk when this returns."""
        make_folder(self.folder)
        with file_lock(self.folder / LOCK):
            paths = self._paths()
            number = int(paths[-1].stem.removeprefix("part-")) + 1 if paths else 0
            with atomic_path(self.folder / f"part-{number:06d}.parquet") as temporary:
                pq.write_table(pa.Table.from_batches([block]), temporary, compression="zstd")
        return number

    def part(self, number: int) -> Part:
        """The part with this number."""
        return Part(self.folder / f"part-{number:06d}.parquet")

    def tidy(self) -> None:
        """Remove what killed processes left half-written."""
        remove_leftovers(self.folder)

    def known(self, target: str) -> Known:
        """What was judged for one target and need not be again; the newest row of an item counts."""
        read = [part.judged(target) for part in self.parts()]
        if not read:
            return Known(np.zeros(0, np.int64), np.zeros(0, np.uint64))
        ids, digests, again = (np.concatenate([columns[at] for columns in read]) for at in range(3))
        kept, newest = newest_rows(ids)
        settled = ~again[newest].astype(np.bool_)
        return Known(kept[settled], digests[newest][settled].astype(np.uint64))

    def unstored(self) -> Iterator[tuple[int, Part]]:
        """The parts that the database does not have yet, with their numbers."""
        stored, more = self._stored()
        for path in self._paths():
            if (number := int(path.stem.removeprefix("part-"))) >= stored and number not in more:
                yield number, Part(path)

    def mark_stored(self, number: int) -> None:
        """Note that the database has the rows of part `number`; this says nothing of the parts before it."""
        stored, more = self._stored()
        more |= {number}
        while stored in more:
            stored += 1
        write_json(self.folder / CURSOR, {"stored": stored, "more": sorted(one for one in more if one > stored)})

    def _stored(self) -> tuple[int, set[int]]:
        """How many parts from the first one on the database has, and the numbers of others that it has."""
        path = self.folder / CURSOR
        if not path.is_file():
            return 0, set()
        cursor = json.loads(path.read_text(encoding="utf-8"))
        return int(cursor["stored"]), {int(number) for number in cursor.get("more", ())}


def newest_rows(ids: Ids) -> tuple[Ids, NDArray[np.intp]]:
    """The different ids ascending, and the place of the last row of each.

    >>> [column.tolist() for column in newest_rows(np.array([7, 3, 7]))]
    [[3, 7], [1, 2]]
    """
    kept, backwards = np.unique(ids[::-1], return_index=True)
    return kept, len(ids) - 1 - backwards


def pool_rows(run_folder: Path, target: str) -> tuple[Ids, NDArray[Any]]:
    """Ids (N,) ascending and `probs` (N, K) of all that was judged for a target, in memory."""
    read = [rows for part in Shards(run_folder).parts() if len((rows := part.rows(target))[0])]
    if not read:
        return np.zeros(0, np.int64), np.zeros((0, 0), np.float32)
    kept, newest = newest_rows(np.concatenate([ids for ids, _ in read]))
    probs = np.concatenate([probs for _, probs in read])[newest]
    judged = ~np.isnan(probs[:, 0])
    return kept[judged], probs[judged]


def digest(text: str) -> int:
    """A number of 64 bits for what is judged.

    >>> digest("불이 났어요") == digest("불이 났어요"), digest("불") == digest("물")
    (True, False)
    """
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def as_column(probs: NDArray[Any], there: Sequence[bool] | NDArray[np.bool_] | None = None) -> pa.Array:
    """`probs` (N, K) as a column of a part; rows that are not `there` become null."""
    table = np.ascontiguousarray(probs, dtype=np.float32)
    mask = None if there is None else pa.array(~np.asarray(there, dtype=np.bool_))
    return pa.FixedSizeListArray.from_arrays(pa.array(table.ravel()), table.shape[1], mask=mask)


def read_table(path: Path, columns: Sequence[str] | None = None) -> Any:
    """A Parquet file as an Arrow table; `CheckpointMismatch` if it cannot be read."""
    try:
        return pq.ParquetFile(path).read(columns=None if columns is None else list(columns))
    except (OSError, pa.ArrowException) as error:
        folder = path.parent.parent if path.parent.name == FOLDER else path.parent
        raise CheckpointMismatch(
            "run {run_id}: {name} cannot be read: {error}", run_id=folder.name, name=path.name, error=error
        ) from error


def _old_rows(path: Path, target: str) -> tuple[Ids, NDArray[Any]]:
    table = read_table(path)
    table = table.filter(pc.equal(table.column("target"), target))
    probs = table.column("probs").to_pylist()
    width = len(probs[0]) if probs else 0
    return table.column(ID).to_numpy(), np.array(probs, dtype=np.float64).reshape(len(probs), width)
