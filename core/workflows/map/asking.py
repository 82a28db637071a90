"""What is asked of a drawn map: the nearest neighbours of a point, and which of some ids are points of it."""

from collections.abc import Sequence

import numpy as np

from core.errors import NotFound
from core.workflows.corpus.similar import Neighbour
from core.workflows.map.drawing import Drawing
from core.workflows.workspace import Workspace

NEIGHBOURS = 8


def neighbours(ws: Workspace, shown: Drawing, utterance_id: int, limit: int = NEIGHBOURS) -> list[Neighbour]:
    """The `limit` points nearest to a point by the vectors of the map, the best first. `NotFound` for no point.

    They are near in all numbers of the vectors, which need not be near on the plane.
    """
    place = place_of(shown, utterance_id)
    nearest = shown.map.rows().nearest(int(shown.places[place]), limit, shown.places)
    scores = {int(shown.map.ids[at]): score for at, score in nearest}
    return [Neighbour(u, scores[u.id]) for u in ws.store.corpus.utterances(list(scores))]


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


def of_category(shown: Drawing, number: int) -> list[int]:
    """The ids of the points of one category."""
    return [int(value) for value in shown.ids[shown.of == number]]


def payload(shown: Drawing) -> bytes:
    """The points as the browser reads them, little-endian: uint32 ids, float32 x, float32 y, uint8 categories."""
    x, y = np.ascontiguousarray(shown.points[:, 0]), np.ascontiguousarray(shown.points[:, 1])
    parts = (shown.ids.astype("<u4"), x.astype("<f4"), y.astype("<f4"), shown.of)
    return b"".join(part.tobytes() for part in parts)
