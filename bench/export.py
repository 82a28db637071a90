"""Writing a large corpus out: rows a second and what it takes of memory, by the export that the page and CLI use.

The same workspace is written in several formats, each in a process of its own, first the reviews alone of a small
corpus, then those of the large one: memory is flat if both grow by as much. Growth is the highest resident memory
during the export above that before it, after a first small export that loads the libraries.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import results
from bench.corpus import settings_of
from bench.process import apart
from core.filters import Filter
from core.workflows.corpus.export import deliver
from core.workflows.workspace import open_workspace

FORMATS = ("csv", "jsonl", "parquet")


@dataclass(frozen=True)
class Exported:
    rows: int
    rows_s: float
    grown_mb: float
    told: int  # how often progress was told


def export(home: Path, name: str, wanted: Filter) -> Exported:
    """Write what `wanted` matches as format `name`, and remove the file again."""
    ws = open_workspace(settings_of(home))
    told: list[int] = []
    first = next(iter(ws.store.corpus.find(wanted, limit=1).rows))
    small, _ = deliver(ws, name, Filter(text=first.text), None, lambda done, total: None)
    small.unlink()
    before = _highest_mb(anew=True)
    began = time.perf_counter()
    path, written = deliver(ws, name, wanted, None, lambda done, total: told.append(done))
    took = time.perf_counter() - began
    path.unlink()
    return Exported(written.utterances, written.utterances / took, _highest_mb() - before, len(told))


def measure(home: Path, wanted: Filter) -> dict[str, Exported]:
    return {name: apart(export, home, name, wanted) for name in FORMATS}


def report(command: str, homes: Sequence[Path], rows: Sequence[int]) -> None:
    """Write the reviews of each workspace in every format, and the section."""
    reviews = Filter(source=(1,))
    small, large = (measure(home, reviews) for home in homes)
    told = []
    for name in FORMATS:
        a, b = small[name], large[name]
        told.append((f"{name}, rows/s", f"{a.rows_s:,.0f} / {b.rows_s:,.0f}"))
        told.append((f"{name}, memory it grew by, MB", f"{a.grown_mb:.0f} / {b.grown_mb:.0f}"))
        told.append((f"{name}, times that progress was told", f"{a.told:,} / {b.told:,}"))
    results.write(
        "Export of a large corpus",
        command,
        told,
        f"Rows: {' / '.join(f'{n:,}' for n in rows)}, the reviews of a corpus that has calls too, each format in a "
        "process of its own, by the workflow that the page and the command line use.",
    )


def _highest_mb(anew: bool = False) -> float:
    """The highest resident memory of this process since it was last asked to begin anew."""
    if anew:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.partition("VmHWM:")[2].split()[0]) / 1024
