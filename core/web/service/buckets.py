"""Buckets of tokens, in this process or in a file that all processes of a server share: then a limit counts exactly."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from struct import Struct

STORED = Struct("dd")


@dataclass(slots=True)
class Bucket:
    tokens: float
    filled_at: float


@contextmanager
def shared_bucket(path: Path, new: Bucket) -> Iterator[Bucket]:
    """Yield the bucket of a file, or `new` if there is none yet; no other process changes it during the block."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        stored = os.pread(file, STORED.size, 0)
        bucket = Bucket(*STORED.unpack(stored)) if len(stored) == STORED.size else new
        yield bucket
        os.pwrite(file, STORED.pack(bucket.tokens, bucket.filled_at), 0)
    finally:
        os.close(file)  # which frees the lock
