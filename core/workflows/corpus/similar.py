"""Finds similar utterances: those whose texts are closest to a given text, by an embedding that needs no download.

The first query builds an index next to the database (`core.embedding.index`). Each later query updates it first, so an
answer knows all current texts. An utterance that is out of the corpus is never an answer.
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
    """A similar utterance. `score` is the cosine of the two embeddings, above 0; it is 1 for the same text."""

    utterance: Utterance
    score: float


def like(
    ws: Workspace, utterance_id: int, limit: int = LIMIT, wanted: Filter | None = None, *, backend: str = DEFAULT,
    progress: Progress = _QUIET,
) -> list[Neighbour]:  # fmt: skip
    """The `limit` utterances most similar to utterance `utterance_id`, best first, without itself; only those in
    `wanted`, if given.

    `NotFound` for an unknown id, `InputError` if it has no text.
    """
    text = ws.store.corpus.utterance(utterance_id).text
    return _near(ws, lambda index: index.row(utterance_id - 1), text, limit, wanted, backend, progress, utterance_id)


def like_text(
    ws: Workspace, text: str, limit: int = LIMIT, wanted: Filter | None = None, *, backend: str = DEFAULT,
    progress: Progress = _QUIET,
) -> list[Neighbour]:  # fmt: skip
    """Like `like`, for any text. `NotEnoughData` if the workspace has no utterances."""
    return _near(ws, lambda index: index.embedded(text), text, limit, wanted, backend, progress)


def refresh(ws: Workspace, *, backend: str = DEFAULT, progress: Progress = _QUIET) -> int:
    """Update the index, as every query does; returns how many texts were embedded for it."""
    index = _index(ws, backend)
    with index.locked():
        return index.refresh(progress)


def _index(ws: Workspace, backend: str) -> Index:
    if not ws.store.texts.stamp().utterance:
        raise NotEnoughData("there are no utterances to compare with yet: import some first")
    return Index(ws.settings.home, ws.store.texts, backend)


def _near(
    ws: Workspace, query: Callable[[Index], Vectors], text: str, limit: int, wanted: Filter | None, backend: str,
    progress: Progress, own_id: int | None = None,
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
        if own_id is not None:
            allowed[own_id - 1] = False
        scores = {row + 1: score for row, score in index.nearest(query(index), allowed, limit)}
    return [Neighbour(u, scores[u.id]) for u in ws.store.corpus.utterances(list(scores))]
