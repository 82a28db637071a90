"""Audio that a session uploaded, kept in memory just long enough to be played: 32 uploads, 256 MB in all.

A token is unguessable and is all that is needed to hear the upload; nothing is written to disk.
"""

import secrets
from collections import OrderedDict
from threading import Lock

ENTRIES = 32
BYTES = 256_000_000

_kept: OrderedDict[str, bytes] = OrderedDict()
_lock = Lock()


def keep(data: bytes) -> str:
    """A token under which `/audio/upload/{token}` serves `data`; the least recently played uploads make room."""
    token = secrets.token_urlsafe(16)
    with _lock:
        _kept[token] = data
        while len(_kept) > 1 and (len(_kept) > ENTRIES or sum(map(len, _kept.values())) > BYTES):
            _kept.popitem(last=False)
    return token


def get(token: str) -> bytes | None:
    """What was kept under `token`, if it still is."""
    with _lock:
        if token in _kept:
            _kept.move_to_end(token)
        return _kept.get(token)
