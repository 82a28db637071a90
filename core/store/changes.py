"""Whether an SQLite database may have been written since it was last read, by its files and without a query."""

import os
import time
from contextlib import suppress

from sqlalchemy import Engine

SETTLED_NS = 100_000_000  # two writes to a file within this time may get the same time stamp
Trace = tuple[tuple[int, int], ...]  # (time of the last write in ns, size in bytes) of each file


class Changes:
    """The files of one database; a database server has none."""

    def __init__(self, engine: Engine) -> None:
        file = engine.url.database if engine.dialect.name == "sqlite" else None
        self._files = (file, f"{file}-wal") if file and file != ":memory:" else ()

    def trace(self) -> Trace:
        """Return time of the last write and size of the database's files; empty if the database is not a file."""
        stamps = []
        for file in self._files:
            with suppress(FileNotFoundError):  # SQLite deletes the log with the last connection
                status = os.stat(file)
                stamps.append((status.st_mtime_ns, status.st_size))
        return tuple(stamp for stamp in stamps if stamp[1])


def is_settled(trace: Trace) -> bool:
    """Whether an equal trace later on means that nothing was written in between."""
    return bool(trace) and time.time_ns() - max(stamp for stamp, _ in trace) > SETTLED_NS
