"""Audio that a session uploaded, kept in memory just long enough to be played: 32 uploads, 256 MB in all.

A token is unguessable and is all that is needed to hear the upload; nothing is written to disk.
"""

import hmac
import secrets
from collections import OrderedDict
from threading import Lock

ENTRIES = 32
BYTES = 256_000_000

_SECRET = secrets.token_bytes(32)
_kept: OrderedDict[str, bytes] = OrderedDict()
_lock = Lock()


def keep(data: bytes) -> str:
    """A token under which `/audio/upload/{token}` serves `data`; the least recently played uploads make room.

    The same data has the same token for as long as the server runs, so that a player of it is not begun anew.
    """
    token = hmac.digest(_SECRET, data, "sha256").hex()[:32]
    with _lock:
        _kept[token] = data
        _kept.move_to_end(token)
        while len(_kept) > 1 and (len(_kept) > ENTRIES or sum(map(len, _kept.values())) > BYTES):
            _kept.popitem(last=False)
    return token


def get(token: str) -> bytes | None:
    """What was kept under `token`, if it still is."""
    with _lock:
        if token in _kept:
            _kept.move_to_end(token)
        return _kept.get(token)
