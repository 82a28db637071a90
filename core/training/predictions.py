"""The probabilities of a run, which lie in its folder and not in the store.

`predictions.parquet` (id, key, side, gold, probs) is written once, by training: what the run says of the validation and
test side. `predictions-pool.parquet` (id, target, probs) grows: what the run says of utterances that nobody has
labelled; judging an utterance again replaces its row. Both appear whole or not at all. `probs[k]` belongs to the k-th
class of the target.
"""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.confidence import best_class
from core.errors import CheckpointMismatch
from core.files import write_bytes
from core.records import Prediction, Purpose
from core.training.run import read_predictions

POOL, EVALUATION = "predictions-pool.parquet", "predictions.parquet"
_POOL = pa.schema([("id", pa.int64()), ("target", pa.string()), ("probs", pa.list_(pa.float64()))])
_ID = "id"


@dataclass(frozen=True, eq=False)
class Probabilities:
    """`probs` float64 (N, K) of the utterances `ids` int64 (N,), ascending."""

    ids: NDArray[np.int64]
    probs: NDArray[np.float64]

    def of(self, utterance_id: int) -> NDArray[np.float64] | None:
        """The K probabilities of one utterance; None where the run did not judge it."""
        at = int(np.searchsorted(self.ids, utterance_id))
        return self.probs[at] if at < len(self.ids) and self.ids[at] == utterance_id else None


def add_pool(folder: Path, target: str, ids: Sequence[int], probs: NDArray[np.float64]) -> None:
    """Write `probs` (N, K) of the utterances `ids` to the pool's file; the other rows of the file stay."""
    if not len(ids):
        return
    folder.mkdir(parents=True, exist_ok=True)
    new = pa.table([ids, [target] * len(ids), probs.tolist()], schema=_POOL)
    with _locked(folder):
        known = _table(folder / POOL)
        old = _POOL.empty_table() if known is None else known
        again = np.isin(old[_ID].to_numpy(), ids) & (np.array(old["target"].to_pylist(), dtype=object) == target)
        sink = pa.BufferOutputStream()
        pq.write_table(pa.concat_tables([old.filter(pa.array(~again)), new]), sink, compression="zstd")
        write_bytes(folder / POOL, sink.getvalue().to_pybytes())


def read_probabilities(folder: Path, purpose: Purpose, target: str) -> Probabilities:
    """All probabilities of a run for one purpose, none where it has no such file; `CheckpointMismatch` if damaged."""
    table = _table(folder / (POOL if purpose == "pool" else EVALUATION))
    rows = [] if table is None else table.to_pylist()
    mine = sorted((row[_ID], row["probs"]) for row in rows if row.get("target", target) == target)
    width = len(mine[0][1]) if mine else 0
    ids = np.array([number for number, _ in mine], dtype=np.int64)
    return Probabilities(ids, np.array([probs for _, probs in mine], dtype=np.float64).reshape(len(mine), width))


def evaluated(folder: Path, run_id: str, target: str, codes: Sequence[str]) -> list[Prediction]:
    """What training wrote of the validation and test side, as the store keeps it."""
    return [
        Prediction(run_id, target, row[_ID], "evaluation", *best_class(codes, row["probs"]), row["side"], row["gold"])
        for row in read_predictions(folder)
    ]


def _table(path: Path) -> Any:
    """The file as an Arrow table; None where there is none."""
    if not path.is_file():
        return None
    try:
        return pq.ParquetFile(path).read()
    except (OSError, pa.ArrowException) as error:
        raise CheckpointMismatch(
            "run {run_id}: {name} cannot be read: {error}", run_id=path.parent.name, name=path.name, error=error
        ) from error


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """A page and a shell may judge at the same moment; one waits, so that neither loses the other's rows."""
    with (folder / f".{POOL}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
