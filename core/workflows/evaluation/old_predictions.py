"""The second part of migration 0007: move probabilities from the database to the folders of their runs.

Idempotent: an interrupted move is repeated when the workspace is opened next. If a run's folder cannot be read or
written, its probabilities stay in the database until then.
"""

from pathlib import Path

import numpy as np

from core.errors import CheckpointMismatch
from core.records import Utterance
from core.runs.folder import RunFolder
from core.runs.predictions import EVALUATION_FILE, add_pool, evaluation_predictions
from core.schemes import scheme
from core.schemes.target import Target
from core.snapshots.format import Item
from core.store import OldProbability, Store


def move(store: Store, runs: Path) -> None:
    """Move all probabilities that are still in the database; `runs` is the folder of the workspace's runs."""
    for run_id in store.ledger.old_probabilities():
        try:
            _move(store, run_id, runs / run_id)
        except (CheckpointMismatch, OSError):
            continue  # nothing is lost: they stay in the database
        store.ledger.drop_old_probabilities(run_id)


def _move(store: Store, run_id: str, folder: Path) -> None:
    target = store.ledger.run(run_id).scheme
    rows = store.ledger.old_probabilities_of(run_id)
    pool = [row for row in rows if row.purpose == "pool"]
    add_pool(folder, target, [row.utterance_id for row in pool], np.array([row.probs for row in pool]))
    if not (folder / EVALUATION_FILE).is_file():
        _write_evaluation(store, target, [row for row in rows if row.purpose == "evaluation"], folder)
    if (folder / EVALUATION_FILE).is_file():
        _put_back(store, run_id, target, folder)


def _write_evaluation(store: Store, target: str, rows: list[OldProbability], folder: Path) -> None:
    """Write the predictions file of a run again from its rows in the database, if it has any."""
    if not rows:
        return
    by_id = {utterance.id: utterance for utterance in store.corpus.utterances([row.utterance_id for row in rows])}
    items = [_item(by_id[row.utterance_id], row) for row in rows]
    folder.mkdir(parents=True, exist_ok=True)
    RunFolder(folder).write_predictions([(target, items, np.array([row.probs for row in rows]))])


def _item(utterance: Utterance, row: OldProbability) -> Item:
    """The Item of an utterance for the predictions file."""
    return Item(utterance.id, utterance.key, utterance.group, utterance.text, row.gold or "", side=row.side or "test")


def _put_back(store: Store, run_id: str, target: str, folder: Path) -> None:
    """Restore the evaluation rows that a judgement of the pool had overwritten in the older schema."""
    stored = {row.utterance_id for row in store.ledger.predictions(run_id, purpose="evaluation")}
    rows = evaluation_predictions(folder, run_id, Target.of(scheme(target)))
    lost = [row for row in rows if row.utterance_id not in stored]
    utterance_ids = {utterance.id for utterance in store.corpus.utterances([row.utterance_id for row in lost])}
    store.ledger.put_predictions([row for row in lost if row.utterance_id in utterance_ids])
