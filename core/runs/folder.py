"""The Run format: a folder named by the run id.

During training: `config.toml` (the request), `history.jsonl` (one line an epoch), `checkpoint/` (state of the fit and
best model so far). At the end: `predictions.parquet` (id, key, target, side, gold, probs; validation and test),
`metrics.json`, `model/` and last `card.json`; a run with a card is finished. Each file is written whole or not at all.
This module computes nothing; `core.runs.predictions` writes later predictions.
"""

import json
import shutil
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tomli_w
from numpy.typing import NDArray

from core import __version__
from core.errors import CheckpointMismatch
from core.files import json_text, make_folder, move_into_place, remove, write_bytes, write_json, write_text
from core.runs.card import CARD, MODEL_FOLDER
from core.settings import ROOT, is_checkout
from core.snapshots.items import Item, Items

_PREDICTIONS = pa.schema(
    [
        ("id", pa.int64()), ("key", pa.string()), ("side", pa.string()), ("gold", pa.string()),
        ("target", pa.string()), ("probs", pa.list_(pa.float64())),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class RunFolder:
    """Reads and writes the files of one run. No file or folder exists before something is written to it."""

    path: Path

    @cached_property
    def checkpoint(self) -> Path:
        """The folder of the training state; `finish` removes it."""
        return self.path / "checkpoint"

    @property
    def finished(self) -> bool:
        """Whether the run has a card."""
        return (self.path / CARD).is_file()

    def write_config(self, config: Mapping[str, Any]) -> None:
        """Create the folders of the run and write config.toml."""
        make_folder(self.checkpoint)
        write_text(self.path / "config.toml", tomli_w.dumps(config))

    def config(self) -> dict[str, Any] | None:
        """The content of config.toml; None if the run has not begun."""
        path = self.path / "config.toml"
        return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else None

    def best_model(self, epoch: int) -> Path:
        """The folder of the model of `epoch`, which is the best one for now."""
        return self.checkpoint / f"best-{epoch:04d}"

    def keep_best(self, epoch: int) -> None:
        """Remove the models of all other epochs."""
        for path in self.checkpoint.glob("best-*"):
            if path != self.best_model(epoch):
                remove(path)

    def fitted_model(self, epoch: int) -> Path:
        """The folder of the best model; `CheckpointMismatch` if it is missing."""
        for place in (self.best_model(epoch), self.path / MODEL_FOLDER):
            if place.is_dir():
                return place
        raise CheckpointMismatch("run {run}: the model of epoch {epoch} is missing", run=self.path.name, epoch=epoch)

    def place_model(self, epoch: int) -> None:
        """Move the model of the best `epoch` to its place in the run."""
        if self.best_model(epoch).is_dir():
            remove(self.path / MODEL_FOLDER)
            move_into_place(self.best_model(epoch), self.path / MODEL_FOLDER)

    def history(self) -> list[dict[str, Any]]:
        """One entry an epoch, in order: epoch, loss, validation_loss, macro_f1, best, stop (see `engine.run_epoch`)."""
        path = self.path / "history.jsonl"
        if not path.is_file():
            return []
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def record(self, entry: Mapping[str, Any]) -> None:
        """Add the entry of an epoch. An older entry of it is replaced; entries of later epochs are removed with it."""
        earlier = [line for line in self.history() if line["epoch"] < entry["epoch"]]
        lines = [json_text(line) for line in (*earlier, entry)]
        write_text(self.path / "history.jsonl", "\n".join(lines) + "\n")

    def write_predictions(self, tables: Sequence[tuple[str, Sequence[Item], NDArray[np.float64]]]) -> None:
        """Write (target, N items, calibrated `probs` (N, K)) for each Target and side."""
        write_bytes(self.path / "predictions.parquet", prediction_bytes(tables))

    def write_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Write metrics.json."""
        write_json(self.path / "metrics.json", metrics, indent=1)

    def metrics(self) -> dict[str, Any]:
        """The metrics; `CheckpointMismatch` if the run has none."""
        path = self.path / "metrics.json"
        if not path.is_file():
            raise CheckpointMismatch("run {run} has no metrics.json", run=self.path.name)
        loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return loaded

    def drop_checkpoint(self) -> None:
        """Remove the training state."""
        shutil.rmtree(self.checkpoint, ignore_errors=True)


def prediction_bytes(tables: Sequence[tuple[str, Sequence[Item], NDArray[np.float64]]]) -> bytes:
    """The content of predictions.parquet: (target, N items, `probs` (N, K)) for each Target and side."""
    names = {"id": "id", "key": "key", "side": "side", "gold": "code"}
    parts = []
    for target, items, probs in tables:
        columns = Items.of(items)
        values = {name: columns.column(field) for name, field in names.items()}
        parts.append(pa.table(values | {"target": [target] * len(columns), "probs": list(probs)}, schema=_PREDICTIONS))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.concat_tables(parts), sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def read_predictions(folder: Path | str, target: str | None = None) -> list[dict[str, Any]]:
    """Rows {id, key, target, side, gold, probs} of a finished run; `CheckpointMismatch` if there are none.

    With `target` only those of that Target. The file of a run of an earlier version has one Target and does not name
    it: there `target` is None in every row.
    """
    path = Path(folder) / "predictions.parquet"
    try:
        rows: list[dict[str, Any]] = pq.ParquetFile(path).read().to_pylist()
    except FileNotFoundError as error:
        raise CheckpointMismatch(
            "run {run} has no predictions.parquet: it was not finished", run=path.parent.name
        ) from error
    except pa.ArrowException as error:
        raise CheckpointMismatch(
            "run {run}: predictions.parquet cannot be read: {error}", run=path.parent.name, error=error
        ) from error
    for row in rows:
        row.setdefault("target", None)
    return [row for row in rows if target is None or row["target"] in (target, None)]


def code_version() -> str:
    """The version of the project; in a git checkout with the commit."""
    if not is_checkout(ROOT):  # otherwise git would describe the project into which this package is installed
        return __version__
    try:
        described = subprocess.run(
            ["git", "-C", str(ROOT), "describe", "--always", "--dirty"], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return __version__
    commit = described.stdout.strip()
    return f"{__version__}+{commit}" if described.returncode == 0 and commit else __version__
