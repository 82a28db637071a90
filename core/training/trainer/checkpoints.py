"""The Trainer's checkpoints in the folder of a fit: which one a killed training continues from."""

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open

from core.files import remove, write_json

FOLDER, STATE, STOPPED = "trainer", "trainer_state.json", "stopped.json"
NEEDED = ("model.safetensors", "optimizer.pt", "scheduler.pt", STATE)


def last_complete(folder: Path) -> Path | None:
    """The newest checkpoint that was written whole; those that a kill left incomplete are removed."""
    newest_first = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]), reverse=True)
    for path in newest_first:
        if _complete(path):
            return path
        remove(path)
    return None


def epoch_of(checkpoint: Path | None) -> int:
    """The epoch after which a checkpoint was written; 0 without one."""
    if checkpoint is None:
        return 0
    return round(json.loads((checkpoint / STATE).read_text(encoding="utf-8"))["epoch"])


def stopped_after(folder: Path) -> int | None:
    """The epoch after which the engine wanted no more; None if training may go on."""
    path = folder / STOPPED
    return int(json.loads(path.read_text(encoding="utf-8"))["epoch"]) if path.is_file() else None


def note_stop(folder: Path, epoch: int) -> None:
    """Remember on disk that training is over after `epoch`."""
    write_json(folder / STOPPED, {"epoch": epoch})


def _complete(path: Path) -> bool:
    """The state is written last; a cut file of weights or state is noticed by reading it."""
    if not all((path / name).is_file() for name in NEEDED) or not any(path.glob("rng_state*.pth")):
        return False
    try:
        json.loads((path / STATE).read_text(encoding="utf-8"))
        for weights in path.glob("*.safetensors"):
            with safe_open(weights, framework="pt"):
                pass
    except (OSError, ValueError, SafetensorError):
        return False
    return True
