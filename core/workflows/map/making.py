"""Makes a map: the vectors of the corpus, put on a plane by a projection, as a durable job.

A workspace keeps one map for each pair of vectors and method. It knows how far the texts reached when it was made, so
that an old map says so (`age`); a new one replaces it. Utterances that are skipped or have no text are not drawn; of
more than `MOST` every n-th is. One process at a time makes a map; a second one is refused.
"""

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.embedding import DEFAULT as VECTORS
from core.embedding import Vectors, map_file
from core.embedding.map_file import MapFile, MapInfo
from core.embedding.projection import DEFAULT as METHOD
from core.embedding.projection import LEAST, PROJECTIONS, Projection, projection
from core.errors import NotEnoughData, NotFound
from core.files import sha256
from core.filters import Filter
from core.jobs import submit
from core.workflows.jobs import Context, by_stage
from core.workflows.map import vectors
from core.workflows.map.kept import PerState
from core.workflows.workspace import Workspace, now, open_workspace

JOB = "map"  # the kind of its jobs
MOST = 200_000  # points of a map
KEPT_MAPS = 4  # in memory
Progress = Callable[[str, int, int], None]
_QUIET: Progress = lambda stage, done, total: None  # noqa: E731


@dataclass(frozen=True, slots=True)
class Age:
    """What changed since a map was made: utterances that came and are no points of it, texts that were edited, and
    points whose utterance was skipped or taken out.
    """

    added: int
    edited: int
    gone: int = 0

    @property
    def is_old(self) -> bool:
        return bool(self.added or self.edited or self.gone)


def methods() -> dict[str, bool]:
    """Each projection by name, and whether it is installed."""
    return {name: backend.installed() for name, backend in PROJECTIONS.items()}


def install_command(method: str) -> str:
    """The shell command that installs what a projection needs; "" if it needs nothing more."""
    return PROJECTIONS[method].install


def start(ws: Workspace, names: str = VECTORS, method: str = METHOD) -> str:
    """Queue the making of a map of the vectors `names`; returns the id of the job. Wrong names raise here."""
    projection(method)
    vectors.check(ws, names)
    title = f"{names} · {method}"
    return submit(ws.store, JOB, title, {"vectors": names, "method": method}, f"map-{secrets.token_hex(6)}")


def run_job(params: dict[str, Any], job: Context) -> None:
    """The job. A killed worker makes the map anew; nothing of an unfinished map is ever shown."""
    make(open_workspace(), params["vectors"], params["method"], by_stage(job))


def make(ws: Workspace, names: str = VECTORS, method: str = METHOD, progress: Progress = _QUIET) -> MapInfo:
    """Make the map of the vectors `names` by `method` and keep it.

    `NotEnoughData` with fewer than three texts; `Conflict` while another process or thread makes the same map.
    """
    project = projection(method)
    vectors.check(ws, names)
    folder, name = ws.settings.home / map_file.FOLDER, map_file.name_of(names, method)
    with map_file.maker(folder, name):
        return _make(ws, names, method, project, progress)


def _make(ws: Workspace, names: str, method: str, project: Projection, progress: Progress) -> MapInfo:
    stamp, wanted = ws.store.texts.stamp(), ws.store.texts.ids(Filter(skipped=False))
    chosen = _enough(wanted[:: max(1, -(-len(wanted) // MOST))])
    folder, name = ws.settings.home / map_file.FOLDER, map_file.name_of(names, method)
    drawn = _Drawn(vectors.blocks(ws, names, chosen, lambda done, total: progress("texts", done, total)), chosen)
    file = map_file.write_vectors(folder, name, iter(drawn))
    try:
        ids = _enough(drawn.ids())
        first, last = int(ids[0]), int(ids[-1])
        reached, shape = (stamp.utterance, stamp.revision, len(wanted)), (len(ids), drawn.dims)
        info = MapInfo(names, method, now(), *reached, *shape, first, last, _mark(ws, first, last), file)
        rows = map_file.open_vectors(folder, info)
        points = project(rows, lambda done, total: progress("points", done, total))
        map_file.write_map(folder, info, ids, points)
    except BaseException:  # also of a job that is cancelled: nobody would ever read these vectors
        (folder / file).unlink(missing_ok=True)
        raise
    return info


def _enough(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    if len(ids) < LEAST:
        raise NotEnoughData("a map needs at least {least} utterances; there are {n}", least=LEAST, n=len(ids))
    return ids


class _Drawn:
    """Passes the vectors on, without rows of zeros, and remembers the ids of the others."""

    def __init__(self, blocks: Iterator[Vectors], ids: NDArray[np.int64]) -> None:
        self._blocks, self._all = blocks, ids
        self._kept: list[NDArray[np.int64]] = []
        self.dims = 0

    def __iter__(self) -> Iterator[Vectors]:
        start = 0
        for block in self._blocks:
            known = block.any(axis=1)
            self._kept.append(self._all[start : start + len(block)][known])
            self.dims, start = block.shape[1], start + len(block)
            yield block[known]

    def ids(self) -> NDArray[np.int64]:
        return np.concatenate(self._kept) if self._kept else np.zeros(0, np.int64)


# -- reading


def maps(ws: Workspace) -> list[MapInfo]:
    """How each map of the workspace was made, the newest first."""
    return [info for info in map_file.infos(ws.settings.home / map_file.FOLDER) if _is_ours(ws, info)]


def find(ws: Workspace, names: str, method: str) -> MapInfo | None:
    """How the map of these vectors by this method was made; None if there is none, or only one of another database."""
    info = map_file.read_info(ws.settings.home / map_file.FOLDER, map_file.name_of(names, method))
    return info if info is not None and _is_ours(ws, info) else None


def _is_ours(ws: Workspace, info: MapInfo) -> bool:
    """Whether the map is of this corpus: a workspace may get another database, whose ids mean other texts."""
    return info.mark == _mark(ws, info.first, info.last)


def _mark(ws: Workspace, first: int, last: int) -> str:
    return sha256(json.dumps(ws.store.texts.originals([first, last])).encode())


def load(ws: Workspace, info: MapInfo) -> MapFile:
    """The map as it was made; the last ones stay in memory. `NotFound` if it was made again or deleted since."""
    return _loaded(ws.settings.home / map_file.FOLDER, info)


@lru_cache(maxsize=KEPT_MAPS)
def _loaded(folder: Path, info: MapInfo) -> MapFile:
    loaded = map_file.read_map(folder, info.name)
    if loaded is None or loaded.info != info:
        raise NotFound("this map was made again or deleted: load the page again, or make the map again")
    return loaded


def file_of(ws: Workspace, info: MapInfo) -> Path:
    """The Parquet file of a map (id, x, y)."""
    return ws.settings.home / map_file.FOLDER / f"{info.name}.parquet"


def standing(ws: Workspace) -> NDArray[np.int64]:
    """The ids of the utterances that a map may show now, ascending: those that are in the corpus and not skipped."""
    return _STANDING.of(ws, None, lambda: ws.store.texts.ids(Filter(skipped=False)))


def age(ws: Workspace, info: MapInfo) -> Age:
    """What changed since the map was made."""
    return _AGES.of(ws, info, lambda: _age(ws, info))


_STANDING: PerState[NDArray[np.int64]] = PerState(KEPT_MAPS)
_AGES: PerState[Age] = PerState(KEPT_MAPS)


def _age(ws: Workspace, info: MapInfo) -> Age:
    stamp, there, drawn = ws.store.texts.stamp(), standing(ws), load(ws, info).ids
    is_drawn = np.isin(there, drawn, assume_unique=True)
    added = int((there > info.utterance).sum())
    if info.total <= MOST:  # else most utterances are no points, and one that came back cannot be told from them
        blank = info.total - info.n
        added += max(0, int((~is_drawn & (there <= info.utterance)).sum()) - blank)
    edited = ws.store.texts.edited(info.revision) if stamp.revision > info.revision else []
    return Age(added, int(np.isin(edited, drawn).sum()), len(drawn) - int(is_drawn.sum()))
