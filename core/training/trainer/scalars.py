"""Curves for TensorBoard, written only where that package is installed and the setting `tensorboard` is on."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any


class Scalars:
    """Writes numbers by step into `folder`; does nothing if it is not wanted or cannot be done."""

    def __init__(self, folder: Path, wanted: bool) -> None:
        self._writer: Any = None
        if wanted and find_spec("tensorboard") is not None:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(folder))

    def write(self, step: int, **values: float) -> None:
        """Add one point to each curve."""
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name, value, step)
            self._writer.flush()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
