"""The pool of a run: its predictions for what people have not labelled, as the page and the thresholds use them.

They are kept in memory until people label more or the run judges more; then only what changed is made again. Silver
labels are a machine's, so their items stay in the pool. What a person decided against is left out: a rejected
suggestion, a label taken off, a skipped utterance. So is a prediction for a text that was corrected since.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.files import sha256
from core.filters import Filter
from core.runs.card import read_card
from core.runs.pool import CHUNK, Pool, pool_version, read_pool
from core.runs.shards import Shards
from core.schemes import scheme
from core.store import Touched
from core.thresholds import Scores
from core.workflows.pseudo_labels.candidates import Candidates
from core.workflows.workspace import Workspace

PEOPLE = ("gold", "disputed")  # grades of labels that people gave
KEPT = 3  # pools in memory

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
When = dict[int, tuple[str | None, ...]]  # utterance id -> when it was changed


@dataclass(frozen=True, eq=False)
class Open:
    """The predictions of one Target without what people have labelled.

    `pool` has all of the run, mapped from disk. `rows` int64 (N,) are the places in it of the N open ones, `ids` int64
    (N,) their utterances, `scores` their columns in the same order. `changed` more predictions were made for a text or
    sound that is another now: these items wait to be judged again.
    """

    pool: Pool
    rows: Ints
    ids: Ints
    scores: Scores
    changed: int = 0

    def codes(self, at: NDArray[Any]) -> list[str]:
        """The codes that the run answers at `at`, places or bool (N,) of the open predictions."""
        return [self.pool.codes[answer] for answer in self.scores.answers[at].tolist()]


_kept: OrderedDict[tuple[str, str, str], tuple[Any, str, Open]] = OrderedDict()
_touched: dict[tuple[str, str], Touched] = {}
_compared: OrderedDict[tuple[str, str, str, str], tuple[When, frozenset[int]]] = OrderedDict()


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
    left, changed = _left(ws, run_id, pool, trace[1])
    stamp = sha256(left.tobytes() + trace[1].encode() + str(changed).encode())
    opened = known[2] if known is not None and known[1] == stamp else _opened(pool, left, changed)
    _kept[key] = (trace, stamp, opened)
    _kept.move_to_end(key)
    while len(_kept) > KEPT:
        _kept.popitem(last=False)
    return opened


def gold_counts(ws: Workspace, target: str) -> dict[str, int]:
    """The number of gold labels of each class of the scheme: what the pool is compared with."""
    counts = ws.store.corpus.gold_by_class(scheme(target).level, target)
    return {code: counts.get(code, 0) for code in scheme(target).codes}


def _left(ws: Workspace, run_id: str, pool: Pool, version: str) -> tuple[Bools, int]:
    """Which predictions of the pool are open, bool (N,), and how many more were made for another text or sound."""
    if not len(pool):
        return np.zeros(0, dtype=np.bool_), 0
    key = (ws.settings.database_url, pool.target.name)
    touched = _touched[key] = ws.store.texts.touched(pool.target.name, _touched.get(key, Touched()))
    left = _inside(pool.ids, ws.store.texts.ids(Filter(skipped=False)))
    left &= ~_closed(ws, pool, touched)
    stale = _stale(ws, run_id, pool, version, touched)
    return left & ~stale, int((left & stale).sum())


def _closed(ws: Workspace, pool: Pool, touched: Touched) -> Bools:
    """Which predictions are of items that people have labelled, or whose label they rejected or took off, bool (N,)."""
    name = pool.target.name
    labelled = ws.store.corpus.labelled(pool.target.level, name, PEOPLE)
    rejected = ws.store.proposals.rejected(name)
    against = touched.cleared | {
        number for number, made_at in rejected.items() if touched.contents.get(number, "") <= made_at
    }
    if pool.target.level == "utterance":
        return _inside(pool.ids, np.union1d(labelled, np.fromiter(against, dtype=np.int64)))
    of_calls = {turn.recording_id for turn in ws.store.corpus.utterances(sorted(against))}
    known = of_calls | set(labelled.tolist())
    turns = ws.store.corpus.utterances(pool.ids.tolist())  # the prediction for a call stands at its first turn
    return np.isin(pool.ids, [turn.id for turn in turns if turn.recording_id in known])


def _stale(ws: Workspace, run_id: str, pool: Pool, version: str, touched: Touched) -> NDArray[np.bool_]:
    """Which predictions of `pool` are of an earlier text or sound, bool (N,). `version` is that of the pool."""
    key = (ws.settings.database_url, run_id, pool.target.name, version)
    before, stale = _compared.get(key, ({}, frozenset()))
    now: When = {number: (at,) for number, at in touched.contents.items()}
    if pool.target.level == "recording":  # a call is read without its skipped turns
        now |= {number: (touched.contents.get(number), at) for number, at in touched.skipped.items()}
    new = [number for number, at in now.items() if before.get(number) != at]
    if new:
        stale = _compare(ws, run_id, pool, new, stale)
    _compared[key] = (now, stale)
    _compared.move_to_end(key)
    while len(_compared) > KEPT:
        _compared.popitem(last=False)
    return np.isin(pool.ids, np.fromiter(stale, dtype=np.int64))


def _compare(ws: Workspace, run_id: str, pool: Pool, changed: Sequence[int], before: frozenset[int]) -> frozenset[int]:
    """`before` with what the items `changed` are now; a prediction without a digest is of an unknown text."""
    places = _places(ws, pool, changed)
    if not places:
        return before
    folder = ws.run_folder(run_id)
    known = Shards(folder).known(pool.target.name)
    judged = dict(zip(known.ids.tolist(), known.digests.tolist(), strict=True))
    now = Candidates(ws, read_card(folder), (pool.target.name,)).digests(places)
    fresh = {number for number in places if number in now and judged.get(number) == now[number]}
    return frozenset((before - fresh) | (set(places) - fresh))


def _places(ws: Workspace, pool: Pool, changed: Iterable[int]) -> list[int]:
    """The ids of the pool that stand for the utterances `changed`, or for their calls."""
    ids = np.unique(np.fromiter(changed, dtype=np.int64))
    if pool.target.level == "utterance":
        return np.intersect1d(ids, pool.ids).tolist()
    recordings = {turn.recording_id for turn in ws.store.corpus.utterances(ids.tolist())}
    turns = ws.store.corpus.utterances(pool.ids.tolist())
    return [turn.id for turn in turns if turn.recording_id in recordings]


def _inside(ids: Ints, some: Ints) -> Bools:
    """Which of `ids` (N,) are among `some` (M,), which ascend, bool (N,)."""
    if not len(some):
        return np.zeros(len(ids), dtype=np.bool_)
    at = np.minimum(np.searchsorted(some, ids), len(some) - 1)
    return np.asarray(some[at] == ids)


def _opened(pool: Pool, left: Bools, changed: int) -> Open:
    rows = np.flatnonzero(left)
    scores = Scores(
        pool.target.codes, pool.members, pool.answers[rows].astype(np.int64), pool.confidence[rows], pool.margin[rows],
        pool.entropy[rows], pool.raw_confidence[rows], _class_probs(pool, rows),
    )  # fmt: skip
    return Open(pool, rows, pool.ids[rows], scores, changed)


def _class_probs(pool: Pool, rows: Ints) -> NDArray[np.float64]:
    """The mean probability of each class over `rows`, float64 (K,); read a chunk at a time."""
    sums = np.zeros(len(pool.target.codes))
    for start in range(0, len(rows), CHUNK):
        sums += pool.probs[rows[start : start + CHUNK]].sum(axis=0, dtype=np.float64)
    return sums / max(len(rows), 1)
