"""Uploaded audio, kept in memory so that it can be played: at most 32 uploads and 256 MB.

The unguessable token is all that a player needs. Nothing is written to disk.
"""

import hmac
import secrets
from collections import OrderedDict
from threading import Lock

ENTRIES = 32
BYTES = 256_000_000

_SECRET = secrets.token_bytes(32)
_uploads: OrderedDict[str, bytes] = OrderedDict()
_lock = Lock()


def keep(data: bytes) -> str:
    """Return a token under which `/audio/upload/{token}` serves `data`; the least recently played uploads are dropped.

    The same data has the same token as long as the server runs, so a player of it does not start again.
    """
    token = hmac.digest(_SECRET, data, "sha256").hex()[:32]
    with _lock:
        _uploads[token] = data
        _uploads.move_to_end(token)
        while len(_uploads) > 1 and (len(_uploads) > ENTRIES or sum(map(len, _uploads.values())) > BYTES):
            _uploads.popitem(last=False)
    return token


def get(token: str) -> bytes | None:
    """Return the data of `token`, or None if it was dropped."""
    with _lock:
        if token in _uploads:
            _uploads.move_to_end(token)
        return _uploads.get(token)
