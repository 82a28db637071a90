"""One process at a time judges the pool of a run: a lock file in its folder, which ends with the process."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from core.errors import Conflict
from core.files import full_disk_named, make_folder, try_lock
from core.messages import Instant
from core.runs.shards import FOLDER

JUDGING = "judging.lock"


@contextmanager
def only_judge(run_folder: Path) -> Iterator[None]:
    """Be the only one who judges for the run during the block; `Conflict` says who does already."""
    make_folder(run_folder / FOLDER)
    with full_disk_named(JUDGING):
        lock = (run_folder / FOLDER / JUDGING).open("a+", encoding="utf-8")
    with lock:
        if not try_lock(lock):
            raise _taken(run_folder.name, lock)
        lock.truncate(0)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        with full_disk_named(JUDGING):
            lock.write(json.dumps({"process": os.getpid(), "machine": socket.gethostname(), "since": since}))
            lock.flush()
        yield


def _taken(run_id: str, lock: IO[str]) -> Conflict:
    """The error that names the process in the file; a process that holds the lock since this moment has no name yet."""
    lock.seek(0)
    try:
        who = json.loads(lock.read())
    except ValueError:
        who = {"process": "?", "machine": socket.gethostname()}
    return Conflict(
        "run {run_id} is being judged by process {process} of {machine} since {since}: wait for its end, or cancel it; "
        "what is judged stays, and judging goes on from there",
        run_id=run_id, process=who["process"], machine=who["machine"],
        since=Instant(who["since"]) if "since" in who else "?",
    )  # fmt: skip
