"""More like this: the utterances whose texts are most like a given one, by an embedding that needs no download.

The first question builds an index beside the database (`core.embedding.index`), later ones bring it up to date first,
so an answer always knows every text as it stands. What is out of the corpus is never an answer.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.embedding import DEFAULT, Vectors
from core.embedding.index import Index, Progress
from core.errors import InputError, NotEnoughData
from core.filters import Filter
from core.records import Utterance
from core.workflows.workspace import Workspace

LIMIT = 20
_QUIET: Progress = lambda done, total: None  # noqa: E731


@dataclass(frozen=True, slots=True)
class Neighbour:
    """`score` is the cosine of two texts' embeddings, above 0; 1 for the same text."""

    utterance: Utterance
    score: float


def like(
    ws: Workspace, utterance_id: int, limit: int = LIMIT, wanted: Filter | None = None, *, backend: str = DEFAULT,
    progress: Progress = _QUIET,
) -> list[Neighbour]:  # fmt: skip
    """The `limit` utterances most like one of the corpus, best first, itself left out; of `wanted` only, if given.

    `NotFound` for an id that is not there, `InputError` where there is no text to compare.
    """
    text = ws.store.corpus.utterance(utterance_id).text
    return _near(ws, lambda index: index.row(utterance_id - 1), text, limit, wanted, backend, progress, utterance_id)


def like_text(
    ws: Workspace, text: str, limit: int = LIMIT, wanted: Filter | None = None, *, backend: str = DEFAULT,
    progress: Progress = _QUIET,
) -> list[Neighbour]:  # fmt: skip
    """As `like`, for any text. `NotEnoughData` where the workspace has no utterances."""
    return _near(ws, lambda index: index.embedded(text), text, limit, wanted, backend, progress)


def refresh(ws: Workspace, *, backend: str = DEFAULT, progress: Progress = _QUIET) -> int:
    """Bring the index up to date, as every question does; how many texts were embedded for it."""
    index = _index(ws, backend)
    with index.locked():
        return index.refresh(progress)


def _index(ws: Workspace, backend: str) -> Index:
    if not ws.store.texts.stamp().utterance:
        raise NotEnoughData("there are no utterances to compare with yet: import some first")
    return Index(ws.settings.home, ws.store.texts, backend)


def _near(
    ws: Workspace, query: Callable[[Index], Vectors], text: str, limit: int, wanted: Filter | None, backend: str,
    progress: Progress, itself: int | None = None,
) -> list[Neighbour]:  # fmt: skip
    if not text.strip():
        raise InputError("there is no text to compare: it is empty")
    if limit < 1:
        raise InputError("limit {limit} must be at least 1", limit=limit)
    index = _index(ws, backend)
    with index.locked():
        index.refresh(progress)
        ids = ws.store.texts.ids(wanted or Filter())
        allowed = np.zeros(index.state.rows, bool)
        allowed[ids[ids <= len(allowed)] - 1] = True
        if itself is not None:
            allowed[itself - 1] = False
        found = {row + 1: score for row, score in index.nearest(query(index), allowed, limit)}
    return [Neighbour(one, found[one.id]) for one in ws.store.corpus.utterances(list(found))]
