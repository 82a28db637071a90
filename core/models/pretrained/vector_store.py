"""Vectors on disk by key, so that each text is read by a frozen encoder once: two files that only grow.

`keys.bin` has a record of 36 bytes for each row of `vectors.bin`: the SHA-256 of the key and the CRC-32 of the row. The
vectors are written and synced before their keys, so a crash loses at most rows that have no key yet; the next writer
cuts these off. Reading maps the file into memory. Several processes may read and add at once: a lock guards the adding.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import CheckpointMismatch
from core.files import file_lock, make_folder, sync_to_disk

DIGEST = 32
_RECORD = np.dtype([("key", np.void, DIGEST), ("crc", "<u4")])


@dataclass(frozen=True)
class VectorStore:
    """Vectors float32 (D,) of one encoder in one folder; `width` is D. A key is 32 bytes."""

    folder: Path
    width: int

    @property
    def _vectors(self) -> Path:
        return self.folder / "vectors.bin"

    @property
    def _keys(self) -> Path:
        return self.folder / "keys.bin"

    def rows(self) -> dict[bytes, int]:
        """Key -> row of every vector that is complete."""
        return {record["key"].tobytes(): row for row, record in enumerate(self._records())}

    def get(self, keys: Sequence[bytes]) -> NDArray[np.float32]:
        """float32 (N, D) of N known keys; KeyError for an unknown one, `CheckpointMismatch` for a damaged row."""
        row_of, records = self.rows(), self._records()
        if not len(keys):
            return np.zeros((0, self.width), np.float32)
        rows = np.array([row_of[key] for key in keys], dtype=np.int64)
        table = np.memmap(self._vectors, dtype=np.float32, mode="r", shape=(len(records), self.width))
        vectors = np.array(table[rows])
        for row, vector in zip(rows, vectors, strict=True):
            if zlib.crc32(vector.tobytes()) != int(records["crc"][row]):
                raise CheckpointMismatch(
                    "{path} is damaged at row {row}: remove the folder {folder}, it is made again",
                    path=self._vectors, row=int(row), folder=self.folder,
                )  # fmt: skip
        return vectors

    def add(self, keys: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        """Append the vectors (N, D) of N keys; those that another process has added meanwhile are left out."""
        make_folder(self.folder)
        with file_lock(self.folder / ".lock"):
            row_of = self.rows()
            self._cut(len(row_of))
            fresh = {key: n for n, key in enumerate(keys) if key not in row_of}
            rows = np.ascontiguousarray(vectors[list(fresh.values())], dtype=np.float32)
            _append(self._vectors, rows.tobytes())
            records = np.zeros(len(fresh), _RECORD)
            records["key"] = [np.void(key) for key in fresh]
            records["crc"] = [zlib.crc32(row.tobytes()) for row in rows]
            _append(self._keys, records.tobytes())

    def _records(self) -> NDArray[np.void]:
        """The records of the rows whose vectors are complete."""
        if not self._keys.is_file() or not self._vectors.is_file():
            return np.zeros(0, _RECORD)
        content = self._keys.read_bytes()
        complete = min(len(content) // _RECORD.itemsize, self._vectors.stat().st_size // (4 * self.width))
        return np.frombuffer(content, _RECORD, complete)

    def _cut(self, rows: int) -> None:
        """Cut off what a crash left behind the last complete row."""
        for path, size in ((self._keys, _RECORD.itemsize), (self._vectors, 4 * self.width)):
            if path.is_file() and path.stat().st_size > rows * size:
                with path.open("r+b") as file:
                    file.truncate(rows * size)


def _append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)
    sync_to_disk(path)
