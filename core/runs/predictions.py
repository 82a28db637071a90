"""The probabilities that a run predicted; they are in the folder of the run, not in the store.

`predictions.parquet` (id, key, side, gold, probs) has the validation and test sides; training writes it once.
The pool, unlabelled utterances, is in the parts of `core.runs.shards`; earlier versions wrote it to
`predictions-pool.parquet` (id, target, probs), where a new prediction for an utterance replaces its row. Each file is
written whole or not at all. `probs[k]` belongs to the k-th class of the target.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.confidence import best_answer
from core.files import file_lock, write_bytes
from core.records import Prediction, Purpose
from core.runs.folder import read_predictions
from core.runs.shards import POOL_FILE as POOL_FILE
from core.runs.shards import pool_rows, read_table
from core.schemes.target import Target

EVALUATION_FILE = "predictions.parquet"
_POOL_SCHEMA = pa.schema([("id", pa.int64()), ("target", pa.string()), ("probs", pa.list_(pa.float64()))])
_ID = "id"


@dataclass(frozen=True, eq=False)
class Probabilities:
    """`probs` float64 (N, K) of the utterances `ids` int64 (N,); ids are ascending."""

    ids: NDArray[np.int64]
    probs: NDArray[np.float64]

    def of(self, utterance_id: int) -> NDArray[np.float64] | None:
        """The K probabilities of one utterance; None if the run has no prediction for it."""
        at = int(np.searchsorted(self.ids, utterance_id))
        return self.probs[at] if at < len(self.ids) and self.ids[at] == utterance_id else None


def add_pool(folder: Path, target: str, ids: Sequence[int], probs: NDArray[np.float64]) -> None:
    """Write `probs` (N, K) of the utterances `ids` to the pool file of a run; its other rows stay."""
    if not len(ids):
        return
    folder.mkdir(parents=True, exist_ok=True)
    new = pa.table([ids, [target] * len(ids), probs.tolist()], schema=_POOL_SCHEMA)
    # If a page and a shell predict at the same time, the later one waits, and no rows are lost.
    with file_lock(folder / f".{POOL_FILE}.lock"):
        stored = _table(folder / POOL_FILE)
        old = _POOL_SCHEMA.empty_table() if stored is None else stored
        again = np.isin(old[_ID].to_numpy(), ids) & (np.array(old["target"].to_pylist(), dtype=object) == target)
        sink = pa.BufferOutputStream()
        pq.write_table(pa.concat_tables([old.filter(pa.array(~again)), new]), sink, compression="zstd")
        write_bytes(folder / POOL_FILE, sink.getvalue().to_pybytes())


def read_probabilities(folder: Path, purpose: Purpose, target: str) -> Probabilities:
    """All probabilities of a run for one purpose; none without the file, `CheckpointMismatch` if it is damaged."""
    if purpose == "pool":
        pool_ids, pool_probs = pool_rows(folder, target)
        return Probabilities(pool_ids, pool_probs.astype(np.float64))
    table = _table(folder / EVALUATION_FILE)
    rows = [] if table is None else table.to_pylist()
    pairs = sorted((row[_ID], row["probs"]) for row in rows if row.get("target") in (target, None))
    width = len(pairs[0][1]) if pairs else 0
    ids = np.array([number for number, _ in pairs], dtype=np.int64)
    return Probabilities(ids, np.array([probs for _, probs in pairs], dtype=np.float64).reshape(len(pairs), width))


def evaluation_predictions(folder: Path, run_id: str, target: Target) -> list[Prediction]:
    """The predictions of one Target for the validation and test sides, as records for the store."""
    return [
        Prediction(
            run_id, target.name, row[_ID], "evaluation", *best_answer(target, row["probs"]), row["side"], row["gold"]
        )
        for row in read_predictions(folder, target.name)
    ]


def _table(path: Path) -> Any:
    """The file as an Arrow table; None if it is missing, `CheckpointMismatch` if it cannot be read."""
    return read_table(path) if path.is_file() else None
