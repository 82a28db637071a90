"""The Run format: a folder named by the run id.

During training: `config.toml` (the request), `history.jsonl` (one line an epoch), `checkpoint/` (state). At the end:
`predictions.parquet` (id, key, side, gold, probs; validation and test), `metrics.json`, `weights.safetensors` and last
`card.json`; a run with a card is finished. Each file is written whole or not at all. This module computes nothing;
`core.runs.predictions` writes later predictions.
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
from safetensors.numpy import load_file, save

from core import __version__
from core.errors import CheckpointMismatch
from core.files import json_text, make_folder, write_bytes, write_json, write_text
from core.models import Arrays
from core.runs.card import CARD
from core.settings import ROOT, is_checkout
from core.snapshots.items import Item, Items

_PREDICTIONS = pa.schema(
    [
        ("id", pa.int64()), ("key", pa.string()), ("side", pa.string()), ("gold", pa.string()),
        ("probs", pa.list_(pa.float64())),
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

    def state_file(self, epoch: int) -> Path:
        """The file of the state after `epoch`."""
        return self.checkpoint / f"epoch-{epoch:04d}.safetensors"

    def write_state(self, epoch: int, state: Arrays) -> None:
        """Write the state after `epoch`."""
        write_bytes(self.state_file(epoch), save(state))

    def state(self, epoch: int) -> Arrays:
        """The state after `epoch`; `CheckpointMismatch` if its file is missing."""
        if not self.state_file(epoch).is_file():
            raise CheckpointMismatch(
                "run {run}: the checkpoint of epoch {epoch} is missing", run=self.path.name, epoch=epoch
            )
        return dict(load_file(self.state_file(epoch)))

    def keep_states(self, epochs: set[int]) -> None:
        """Remove the states of all other epochs."""
        names = {self.state_file(epoch).name for epoch in epochs}
        for path in self.checkpoint.glob("epoch-*.safetensors"):
            if path.name not in names:
                path.unlink()

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

    def write_predictions(self, items: Sequence[Item], probs: NDArray[np.float64]) -> None:
        """Write the calibrated `probs` (N, K) of N items."""
        write_bytes(self.path / "predictions.parquet", prediction_bytes(items, probs))

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


def prediction_bytes(items: Sequence[Item], probs: NDArray[np.float64]) -> bytes:
    """The content of predictions.parquet: the `probs` (N, K) of N items."""
    columns = Items.of(items)
    names = {"id": "id", "key": "key", "side": "side", "gold": "code"}
    values = {name: columns.column(field) for name, field in names.items()} | {"probs": list(probs)}
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(values, schema=_PREDICTIONS), sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def read_predictions(folder: Path | str) -> list[dict[str, Any]]:
    """Rows {id, key, side, gold, probs} of a finished run; `CheckpointMismatch` if there are none."""
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
    return rows


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
