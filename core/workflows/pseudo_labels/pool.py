"""The pool of a run: its predictions for what people have not labelled, as the page and the thresholds use them.

They are kept in memory until people label more or the run judges more; then only what changed is made again. Silver
labels are a machine's, so their items stay in the pool.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.files import sha256
from core.runs.pool import CHUNK, Pool, pool_version, read_pool
from core.schemes import scheme
from core.thresholds import Scores
from core.workflows.workspace import Workspace

PEOPLE = ("gold", "disputed")  # grades of labels that people gave
KEPT = 3  # pools in memory

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Open:
    """The predictions of one Target without what people have labelled.

    `pool` has all of the run, mapped from disk. `rows` int64 (N,) are the places in it of the N open ones, `ids` int64
    (N,) their utterances, `scores` their columns in the same order.
    """

    pool: Pool
    rows: Ints
    ids: Ints
    scores: Scores

    def codes(self, at: NDArray[Any]) -> list[str]:
        """The codes that the run answers at `at`, places or bool (N,) of the open predictions."""
        return [self.pool.codes[answer] for answer in self.scores.answers[at].tolist()]


_kept: OrderedDict[tuple[str, str, str], tuple[Any, str, Open]] = OrderedDict()


def size(ws: Workspace, run_id: str, target: str) -> int:
    """How many predictions the run has for the Target, labelled or not."""
    return len(read_pool(ws.run_folder(run_id), target))


def open_pool(ws: Workspace, run_id: str, target: str) -> Open:
    """The open predictions of a run for one of its Targets; none if it has judged nothing.

    `UnknownName` for a Target that the run does not have, `NotFound` for an unknown run.
    """
    key = (ws.settings.database_url, run_id, target)
    trace = (ws.store.changes.trace(), pool_version(ws.run_folder(run_id)))
    known = _kept.get(key)
    if known is not None and trace[0] and known[0] == trace:
        return known[2]
    pool = read_pool(ws.run_folder(run_id), target)
    taken = _labelled(ws, pool)
    stamp = sha256(taken.tobytes() + trace[1].encode())
    opened = known[2] if known is not None and known[1] == stamp else _opened(pool, taken)
    _kept[key] = (trace, stamp, opened)
    _kept.move_to_end(key)
    while len(_kept) > KEPT:
        _kept.popitem(last=False)
    return opened


def gold_counts(ws: Workspace, target: str) -> dict[str, int]:
    """The number of gold labels of each class of the scheme: what the pool is compared with."""
    counts = ws.store.corpus.gold_by_class(scheme(target).level, target)
    return {code: counts.get(code, 0) for code in scheme(target).codes}


def _labelled(ws: Workspace, pool: Pool) -> Ints:
    """The ids of the pool that people have labelled, ascending."""
    name, level = pool.target.name, pool.target.level
    labelled = ws.store.corpus.labelled(level, name, PEOPLE)
    if level == "utterance":
        at = np.minimum(np.searchsorted(pool.ids, labelled), max(len(pool) - 1, 0))
        return labelled[pool.ids[at] == labelled] if len(pool) else labelled[:0]
    known = set(labelled.tolist())
    turns = ws.store.corpus.utterances(pool.ids.tolist())  # the prediction for a call stands at its first turn
    return np.array([turn.id for turn in turns if turn.recording_id in known], dtype=np.int64)


def _opened(pool: Pool, taken: Ints) -> Open:
    left = np.ones(len(pool), dtype=bool)
    left[np.searchsorted(pool.ids, taken)] = False
    rows = np.flatnonzero(left)
    scores = Scores(
        pool.target.codes, pool.members, pool.answers[rows].astype(np.int64), pool.confidence[rows], pool.margin[rows],
        pool.entropy[rows], pool.raw_confidence[rows], _class_probs(pool, rows),
    )  # fmt: skip
    return Open(pool, rows, pool.ids[rows], scores)


def _class_probs(pool: Pool, rows: Ints) -> NDArray[np.float64]:
    """The mean probability of each class over `rows`, float64 (K,); read a chunk at a time."""
    sums = np.zeros(len(pool.target.codes))
    for start in range(0, len(rows), CHUNK):
        sums += pool.probs[rows[start : start + CHUNK]].sum(axis=0, dtype=np.float64)
    return sums / max(len(rows), 1)
