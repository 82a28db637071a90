"""The folder `gates` of a workspace: the parts of each gate that runs, or whose process was killed, in one of its own.

A gate of the command line has no job whose steps are durable. Its folder is named after the plan and after the
snapshots that it writes, so that the same command goes on where it was, and starts afresh after the labels changed.
"""

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from core.files import file_lock, json_text, make_folder, removed_afterwards
from core.files import sha256 as hashed
from core.snapshots.format import Snapshot, read, write
from core.snapshots.hashing import content_hash
from core.snapshots.items import Items
from core.workflows import jobs
from core.workflows.leaks.arms import SNAPSHOTS
from core.workflows.pseudo_labels.ablation.plan import GatePlan
from core.workflows.workspace import Workspace

KEPT_SECONDS = 24 * 3600  # that a killed gate of the command line can go on


def folder_of(ws: Workspace) -> Path:
    """The folder of all gates."""
    return ws.settings.home / "gates"


def plan_id(plan: GatePlan, base: Snapshot, arms: Mapping[str, Items]) -> str:
    """The id of a gate without a job: the same for the same plan and the same arms."""
    digests = [content_hash(base.scheme, base.codes, items, base.targets) for items in arms.values()]
    return f"gate-{hashed(json_text([plan.to_dict(), *digests]).encode())[:16]}"


@contextmanager
def parts_in(work: Path) -> Iterator[None]:
    """Hold the folder of a gate during the block, which removes it unless the process is killed.

    A second process with the same gate waits. The parts of a gate that failed or was cancelled are of no use.
    """
    make_folder(work.parent)
    lock = work.parent / f".{work.name}.lock"
    with file_lock(lock), removed_afterwards(work, lock):
        yield


def write_once(frozen: Snapshot, work: Path) -> None:
    """Write the snapshot of an arm, unless it is there; one of other labels, of an attempt that was killed, goes."""
    place = work / SNAPSHOTS / frozen.name
    if place.exists() and read(place).sha256 != frozen.sha256:
        shutil.rmtree(place)
    if not place.exists():
        write(frozen, place)


def sweep(ws: Workspace) -> None:
    """Remove the parts of gates that nothing goes on with: no live job has them, and nobody wrote there for a day."""
    live = {job.id for job in jobs.recent(ws, jobs.SEARCHED_JOBS) if job.state in jobs.LIVE}
    for work in folder_of(ws).glob("*"):
        if work.is_dir() and work.name not in live and time.time() - _written(work) > KEPT_SECONDS:
            shutil.rmtree(work, ignore_errors=True)


def _written(work: Path) -> float:
    """When something below the folder was written last, in seconds since 1970."""
    times = []
    for path in (work, *work.rglob("*")):
        try:
            times.append(path.stat().st_mtime)
        except FileNotFoundError:  # another process removed it
            continue
    return max(times, default=0.0)
