"""Which recordings hold a near-identical sound, by fingerprints that are kept beside the workspace's files.

A fingerprint belongs to the bytes of a file (its SHA-256), so a file is decoded once. Audio that is gone or cannot be
decoded has none: it cannot be frozen as voice either.
"""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save

from core.audio.fingerprint import RATE_HZ, fingerprint, near_identical
from core.audio.gate import decode
from core.errors import CoreError
from core.files import write_bytes
from core.records import Recording
from core.split import merge_shared
from core.workflows.workspace import Workspace

CACHE = "fingerprints.safetensors"


def representatives(ws: Workspace, recordings: Iterable[Recording]) -> dict[int, str]:
    """By recording id the SHA-256 that stands for its sound: of all that sound alike, the smallest."""
    files = [(item.id, item.sha256, item) for item in recordings if item.sha256 and item.path]
    prints = _prints(ws, {sha256: recording for _, sha256, recording in files})
    names = sorted(prints)
    shared: list[list[str]] = [[] for _ in names]
    for first, second in near_identical([prints[name] for name in names]):
        shared[first].append(names[second])
        shared[second].append(names[second])
    stands = dict(zip(names, merge_shared(names, shared), strict=True))
    return {number: stands.get(sha256, sha256) for number, sha256, _ in files}


def _prints(ws: Workspace, files: Mapping[str, Recording]) -> dict[str, NDArray[np.uint32]]:
    """The fingerprint of each file, from the cache where it is there."""
    path = ws.settings.home / CACHE
    cached = dict(load_file(path)) if path.is_file() else {}
    fresh = {}
    for sha256, recording in files.items():
        if sha256 in cached or recording.path is None:
            continue
        try:
            fresh[sha256] = fingerprint(decode(ws.inside(recording.path), recording.path, rate_hz=RATE_HZ).wave)
        except CoreError:
            continue
    if fresh:
        cached |= fresh
        write_bytes(path, save(cached))
    return {sha256: cached[sha256] for sha256 in files if sha256 in cached}
