"""What migration 0007 leaves to do: probabilities move from the database to the folders of their runs.

Idempotent: a move that was interrupted is done again when the workspace is opened next, and a run whose folder cannot
be read or written keeps its probabilities in the database until then.
"""

from pathlib import Path

import numpy as np

from core.errors import CheckpointMismatch
from core.records import Utterance
from core.schemes import scheme
from core.store import OldProbability, Store
from core.training.predictions import EVALUATION, add_pool, evaluated
from core.training.run import RunFolder
from core.training.snapshot import Item


def move(store: Store, runs: Path) -> None:
    """Move all that is left; `runs` is the folder of the workspace's runs."""
    for run_id in store.ledger.old_probabilities():
        try:
            _move(store, run_id, runs / run_id)
        except (CheckpointMismatch, OSError):
            continue  # nothing is lost: it stays in the database
        store.ledger.drop_old_probabilities(run_id)


def _move(store: Store, run_id: str, folder: Path) -> None:
    target = store.ledger.run(run_id).scheme
    rows = store.ledger.old_probabilities_of(run_id)
    pool = [row for row in rows if row.purpose == "pool"]
    add_pool(folder, target, [row.utterance_id for row in pool], np.array([row.probs for row in pool]))
    if not (folder / EVALUATION).is_file():
        _write_evaluation(store, [row for row in rows if row.purpose == "evaluation"], folder)
    if (folder / EVALUATION).is_file():
        _put_back(store, run_id, target, folder)


def _write_evaluation(store: Store, rows: list[OldProbability], folder: Path) -> None:
    """A run whose file is gone gets it back from the database."""
    if not rows:
        return
    known = {one.id: one for one in store.corpus.utterances([row.utterance_id for row in rows])}
    items = [_item(known[row.utterance_id], row) for row in rows]
    folder.mkdir(parents=True, exist_ok=True)
    RunFolder(folder).write_predictions(items, np.array([row.probs for row in rows]))


def _item(one: Utterance, row: OldProbability) -> Item:
    """What the file of predictions tells of an utterance."""
    return Item(one.id, one.key, one.group, one.text, row.gold or "", side=row.side or "test")


def _put_back(store: Store, run_id: str, target: str, folder: Path) -> None:
    """Restore the evaluation rows that a judgement of the pool had overwritten in the older schema."""
    there = {one.utterance_id for one in store.ledger.predictions(run_id, purpose="evaluation")}
    codes = scheme(target).codes
    lost = [one for one in evaluated(folder, run_id, target, codes) if one.utterance_id not in there]
    known = {one.id for one in store.corpus.utterances([one.utterance_id for one in lost])}
    store.ledger.put_predictions([one for one in lost if one.utterance_id in known])
