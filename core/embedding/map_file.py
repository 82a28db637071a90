"""The file of a map: `maps/NAME.parquet` (id, x, y; one row a text, by id), and its vectors, `maps/NAME.<mark>.f16`.

The metadata of the Parquet file tell how and of which texts the map was made. The vectors, float16 (n, dims) in the
order of the rows, are what neighbours are searched in; they are written first, and the Parquet file names them. They
stay open as long as the map is in memory, so a map that is read is whole even if a new one replaces it. All files may
be deleted: the map is then made again.
"""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.embedding import Vectors
from core.embedding.projection import Points, Rows
from core.errors import Conflict, NotFound
from core.files import atomic_path, make_folder, try_lock

FOLDER = "maps"
_KEY = b"gwidama-map"
_SCHEMA = pa.schema([("id", pa.int64()), ("x", pa.float32()), ("y", pa.float32())])


@dataclass(frozen=True, slots=True)
class MapInfo:
    """How a map was made: of which vectors, by which method, and how far the texts reached then.

    `utterance` and `revision` are the greatest ids then; `total` is the number of texts that could have been drawn and
    `n` of those that were. `first` and `last` are the ids of two points, and `mark` a digest of their texts as
    received: in another corpus it is another one. `file` is the name of the vectors.
    """

    vectors: str
    method: str
    made_at: str
    utterance: int
    revision: int
    total: int
    n: int
    dims: int
    first: int
    last: int
    mark: str
    file: str

    @property
    def name(self) -> str:
        return name_of(self.vectors, self.method)


@dataclass(frozen=True, eq=False, slots=True)
class MapFile:
    """A map: `ids` int64 (n,), ascending; `points` float32 (n, 2); how it was made; and the vectors of the points, read
    from the disk where they are needed.
    """

    info: MapInfo
    ids: NDArray[np.int64]
    points: Points
    rows: Rows


def name_of(vectors: str, method: str) -> str:
    """Return the name of the files of a map: a workspace has one for each pair.

    >>> name_of("run:danger-text-1", "pca")
    'run-danger-text-1.pca'
    """
    return f"{vectors.replace(':', '-').replace('/', '-')}.{method}"


@contextmanager
def maker(folder: Path, name: str) -> Iterator[None]:
    """Hold the right to make the map `name` during the block; `Conflict` while another process or thread holds it.

    Two makers of one map would delete each other's vectors. The system gives the right back when a process is killed.
    """
    make_folder(folder)
    with (folder / f".{name}.lock").open("w") as lock:
        if not try_lock(lock):
            raise Conflict("another process is making this map: wait until it is ready")
        yield


def write_vectors(folder: Path, name: str, blocks: Iterator[Vectors]) -> str:
    """Write the blocks one after the other; return the name of the new file. The map does not name it yet."""
    make_folder(folder)
    file = f"{name}.{secrets.token_hex(4)}.f16"
    with atomic_path(folder / file) as path, path.open("wb") as out:
        for block in blocks:
            out.write(block.astype(np.float16).tobytes())
    return file


def open_vectors(folder: Path, info: MapInfo) -> Rows:
    """Return the vectors of a map, which stay on the disk. `NotFound` if the file is missing or too short."""
    try:
        return Rows(np.memmap(folder / info.file, np.float16, "r", shape=(info.n, info.dims)))
    except (OSError, ValueError) as error:
        raise NotFound("the vectors of this map are missing or damaged: make the map again") from error


def write_map(folder: Path, info: MapInfo, ids: NDArray[np.int64], points: Points) -> None:
    """Write the map; it replaces the earlier one of the same name, whose vectors are deleted.

    Call it as its `maker`: all other vectors of that name are an earlier map's, or what a killed process left.
    """
    metadata = {_KEY: json.dumps(asdict(info)).encode()}
    table = pa.table([ids, points[:, 0], points[:, 1]], schema=_SCHEMA).replace_schema_metadata(metadata)
    with atomic_path(_file(folder, info.name)) as path:
        pq.write_table(table, path, compression="zstd")
    for old in folder.glob("*.f16"):
        if old.name != info.file and old.name.rsplit(".", 2)[0] == info.name:
            old.unlink(missing_ok=True)


def read_info(folder: Path, name: str) -> MapInfo | None:
    """Return how the map was made; None if it is missing or cannot be read."""
    try:
        metadata = pq.read_schema(_file(folder, name)).metadata or {}
        info = MapInfo(**json.loads(metadata[_KEY]))
        size = (folder / info.file).stat().st_size
    except (OSError, ValueError, TypeError, KeyError, pa.ArrowException):
        return None
    return info if size == info.n * info.dims * 2 else None


def read_map(folder: Path, name: str) -> MapFile | None:
    """Return the map; None if it is missing or cannot be read."""
    info = read_info(folder, name)
    if info is None:
        return None
    try:
        table = pq.read_table(_file(folder, name), memory_map=False)
        rows = open_vectors(folder, info)
    except (OSError, ValueError, NotFound, pa.ArrowException):
        return None
    points = np.column_stack([table["x"].to_numpy(), table["y"].to_numpy()]).astype(np.float32)
    return MapFile(info, table["id"].to_numpy().astype(np.int64), points, rows)


def infos(folder: Path) -> list[MapInfo]:
    """Return how each map of the folder was made, the newest first."""
    known = (read_info(folder, path.name.removesuffix(".parquet")) for path in sorted(folder.glob("*.parquet")))
    return sorted((info for info in known if info), key=lambda info: info.made_at, reverse=True)


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.parquet"
