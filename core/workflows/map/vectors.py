"""The vectors that a map can be made of: those of an embedding of the corpus, or those that a run makes of texts.

An embedding has its own name (`core.embedding.EMBEDDINGS`), a run is `run:ID`. Sparse vectors of a run are projected at
random to `DIMS` numbers, which keeps their cosines up to about .06.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.embedding import DEFAULT, EMBEDDINGS, Vectors
from core.embedding.index import Index
from core.errors import CoreError, InputError, UnknownName
from core.workflows.workspace import Workspace

RUN = "run:"
TEXT_RUNS = ("ngram", "ngram-heads", "heads")  # architectures that make vectors of texts
BLOCK = 1_024
DIMS = 256
SEED = 20240501
KEPT_CARDS = 1_024  # cards of runs that are remembered
Progress = Callable[[int, int], None]


def choices(ws: Workspace) -> list[str]:
    """The names of all vectors that there are here, the embeddings first, then the runs, the newest first."""
    return [*EMBEDDINGS, *(f"{RUN}{run_id}" for run_id in _runs(ws))]


def check(ws: Workspace, name: str) -> str:
    """`name`, if there are such vectors; `UnknownName` lists the names."""
    if name not in (known := choices(ws)):
        raise UnknownName("embedding", name, known)
    return name


def blocks(ws: Workspace, name: str, ids: NDArray[np.int64], progress: Progress) -> Iterator[Vectors]:
    """The vectors of the utterances `ids` (ascending): float32 blocks, one row an id, in order.

    A text of which the vectors know nothing has a row of zeros.
    """
    if name.startswith(RUN):
        return _of_run(ws, name.removeprefix(RUN), ids, progress)
    return _of_embedding(ws, name, ids, progress)


def _runs(ws: Workspace) -> list[str]:
    return [run.id for run in ws.store.ledger.runs("done") if _reads_texts(ws.settings.runs / run.id)]


def _reads_texts(folder: Path) -> bool:
    """Whether the run of this folder makes vectors of texts. Its card is read again only when its file has changed."""
    from core.runs.card import CARD

    try:
        status = (folder / CARD).stat()
    except OSError:  # its files are missing: Train and `doctor` tell about it
        return False
    return _of_texts(folder, (status.st_ino, status.st_size, status.st_mtime_ns))


@lru_cache(maxsize=KEPT_CARDS)
def _of_texts(folder: Path, state: tuple[int, int, int]) -> bool:
    from core.runs.card import read_card

    try:
        card = read_card(folder)
    except CoreError:  # of another version: Train and `doctor` tell about it
        return False
    return card.modality == "text" and card.architecture in TEXT_RUNS


def _of_embedding(ws: Workspace, name: str, ids: NDArray[np.int64], progress: Progress) -> Iterator[Vectors]:
    index = Index(ws.settings.home, ws.store.texts, name)
    with index.locked():
        index.refresh(progress)
        for start in range(0, len(ids), BLOCK):
            yield index.rows(ids[start : start + BLOCK] - 1)


def _of_run(ws: Workspace, run_id: str, ids: NDArray[np.int64], progress: Progress) -> Iterator[Vectors]:
    from core.inference.nearest import own_embedding
    from core.inference.predictor import cached

    predictor = cached(ws.run_folder(run_id))
    embed = own_embedding(predictor)
    if embed is None:
        raise InputError("run {run_id} makes no vectors of texts", run_id=run_id)
    dense = _Dense()
    for start in range(0, len(ids), BLOCK):
        numbers = ids[start : start + BLOCK].tolist()
        texts = ws.store.texts.of(numbers)
        yield dense(embed([predictor.reads(texts.get(number, "")) for number in numbers]))
        progress(start + len(numbers), len(ids))


class _Dense:
    """Makes rows dense; sparse ones are projected, all by the same projection."""

    def __init__(self) -> None:
        self._projection: Any = None

    def __call__(self, rows: Any) -> Vectors:
        from scipy.sparse import csr_matrix, issparse
        from sklearn.preprocessing import normalize
        from sklearn.random_projection import SparseRandomProjection

        rows = rows.astype(np.float32)
        if issparse(rows) and rows.shape[1] > DIMS:
            if self._projection is None:
                empty = csr_matrix((1, rows.shape[1]), dtype=np.float32)
                self._projection = SparseRandomProjection(DIMS, random_state=SEED, dense_output=True).fit(empty)
            rows = self._projection.transform(rows)
        if issparse(rows):
            rows = rows.toarray()
        return np.asarray(normalize(rows), dtype=np.float32)


__all__ = ["DEFAULT", "RUN", "blocks", "check", "choices"]
