"""Uploaded audio, kept in memory so that it can be played: at most 32 uploads and 256 MB.

The unguessable token is all that a player needs. Nothing is written to disk. `Kept` is also what keeps other bytes that
a page shows once, each kind in its own room, so that none makes room for another.
"""

import hmac
import secrets
from collections import OrderedDict
from threading import Lock

ENTRIES = 32
BYTES = 256_000_000


class Kept:
    """Bytes under tokens that nobody can guess, at most `entries` and `size` bytes; the last one stays however large.

    Another one, or a server that starts again, does not know the tokens.
    """

    def __init__(self, entries: int, size: int) -> None:
        self._entries, self._size = entries, size
        self._secret = secrets.token_bytes(32)
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def keep(self, data: bytes) -> str:
        """Return a token of `data`; what was asked for least recently makes room. The same data has the same token."""
        token = hmac.digest(self._secret, data, "sha256").hex()[:32]
        with self._lock:
            self._kept[token] = data
            self._kept.move_to_end(token)
            while len(self._kept) > 1 and (len(self._kept) > self._entries or self._total() > self._size):
                self._kept.popitem(last=False)
        return token

    def get(self, token: str) -> bytes | None:
        """Return the data of `token`, or None if it made room for others."""
        with self._lock:
            if token in self._kept:
                self._kept.move_to_end(token)
            return self._kept.get(token)

    def _total(self) -> int:
        return sum(map(len, self._kept.values()))


_uploads = Kept(ENTRIES, BYTES)


def keep(data: bytes) -> str:
    """Return a token under which `/audio/upload/{token}` serves `data`; the least recently played uploads are dropped.

    The same data has the same token as long as the server runs, so a player of it does not start again.
    """
    return _uploads.keep(data)


def get(token: str) -> bytes | None:
    """Return the data of `token`, or None if it was dropped."""
    return _uploads.get(token)
