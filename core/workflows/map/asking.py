"""What is asked of a drawn map: the nearest neighbours of a point, and which of some ids are points of it."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.embedding.map_file import MapFile
from core.embedding.projection import nearest
from core.errors import NotFound
from core.workflows.corpus.similar import Neighbour
from core.workflows.map.drawing import KEPT_DRAWINGS, Drawing
from core.workflows.workspace import Workspace

NEIGHBOURS = 8
KEPT_POINTS = 8  # points whose cosines to all others stay in memory


def neighbours(ws: Workspace, shown: Drawing, utterance_id: int, limit: int = NEIGHBOURS) -> list[Neighbour]:
    """The `limit` points nearest to a point by the vectors of the map, the best first. `NotFound` for no point.

    They are near in all numbers of the vectors, which need not be near on the plane.
    """
    place = int(shown.places[place_of(shown, utterance_id)])
    best = nearest(_cosines(shown.map, place), limit, shown.places)
    scores = {int(shown.map.ids[at]): score for at, score in best}
    return [Neighbour(u, scores[u.id]) for u in ws.store.corpus.utterances(list(scores))]


@lru_cache(maxsize=KEPT_POINTS)
def _cosines(chart: MapFile, place: int) -> NDArray[np.float32]:
    """The cosines of a point and all others: the vectors are read once for a point, not at each run of the page."""
    scores = chart.rows.cosines(place)
    scores.setflags(write=False)
    return scores


def place_of(shown: Drawing, utterance_id: int) -> int:
    """The place of an utterance among the points of the drawing; `NotFound` if it is not drawn."""
    at = int(np.searchsorted(shown.ids, utterance_id))
    if at >= len(shown.ids) or shown.ids[at] != utterance_id:
        raise NotFound("utterance {utterance_id} is not on this map", utterance_id=utterance_id)
    return at


def drawn(shown: Drawing, ids: Sequence[int]) -> list[int]:
    """Those of `ids` that are points of the drawing, ascending, each once."""
    wanted = np.unique(np.array(ids, np.int64))
    return [int(number) for number in wanted[np.isin(wanted, shown.ids)]]


def of_category(shown: Drawing, number: int) -> NDArray[np.int64]:
    """The ids of the points of one category, ascending: int64 (n,)."""
    return shown.ids[shown.of == number]


@lru_cache(maxsize=KEPT_DRAWINGS)
def payload(shown: Drawing) -> bytes:
    """The points as the browser reads them, little-endian: uint32 ids, float32 x, float32 y, uint8 categories."""
    x, y = np.ascontiguousarray(shown.points[:, 0]), np.ascontiguousarray(shown.points[:, 1])
    parts = (shown.ids.astype("<u4"), x.astype("<f4"), y.astype("<f4"), shown.of)
    return b"".join(part.tobytes() for part in parts)
