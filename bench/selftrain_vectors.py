"""Vectors of reviews by a frozen encoder, in blocks on the disk: what bench/selftrain.py trains heads on.

A block holds the float32 vectors (n, D) of the next `BLOCK` texts of one side; a block that exists is not made again,
so a run that was stopped goes on. Encoding stops at a budget of processor seconds: what is not there is not used.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BLOCK = 2048


def encode(folder: Path, side: str, texts: Sequence[str], encoder: Path, until_s: float) -> None:
    """Write the missing blocks of one side, until this process has used `until_s` seconds of processor time."""
    from core.models.pretrained import frozen_text

    loaded = frozen_text.load(str(encoder))
    folder.mkdir(parents=True, exist_ok=True)
    for at in range(0, len(texts), BLOCK):
        path = _block(folder, side, at)
        if path.exists():
            continue
        if time.process_time() > until_s:
            print(f"{side}: the budget ends before text {at:,} of {len(texts):,}", file=sys.stderr)
            return
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.save(file, loaded.read(texts[at : at + BLOCK]))
        part.replace(path)
        print(f"{side}: {at + BLOCK:,} texts, {time.process_time():.0f} s", file=sys.stderr, flush=True)


def read(folder: Path, side: str) -> NDArray[np.float32]:
    """The vectors of the first texts of one side: all blocks up to the first that is missing, (n, D)."""
    blocks: list[NDArray[np.float32]] = []
    while (path := _block(folder, side, len(blocks) * BLOCK)).exists():
        blocks.append(np.load(path, allow_pickle=False))
    return np.concatenate(blocks) if blocks else np.zeros((0, 0), np.float32)


def _block(folder: Path, side: str, at: int) -> Path:
    return folder / f"{side}-{at:07d}.npy"
