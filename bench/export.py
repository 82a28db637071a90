"""Export of a large corpus: rows per second and memory, by the export that the page and the command line use.

The reviews of a small corpus, then those of a large one, are written in several formats, each in its own process. If
both exports take the same memory, the export streams. Memory growth is the highest resident memory during the export
minus the memory before it; a small export runs first, because it loads the libraries.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import results
from bench.corpus import settings_of
from bench.process import in_own_process
from core.filters import Filter
from core.workflows.corpus.export import deliver
from core.workflows.workspace import open_workspace

FORMATS = ("csv", "jsonl", "parquet")


@dataclass(frozen=True)
class ExportFigures:
    """What one export took: rows, rows per second, memory growth in MB, calls of the progress function."""

    rows: int
    rows_s: float
    grown_mb: float
    progress_calls: int  # how often progress was reported


def export(home: Path, name: str, wanted: Filter) -> ExportFigures:
    """Write the utterances that `wanted` matches in format `name`, then delete the file."""
    ws = open_workspace(settings_of(home))
    progress: list[int] = []
    first = next(iter(ws.store.corpus.find(wanted, limit=1).rows))
    small, _ = deliver(ws, name, Filter(text=first.text), None, lambda done, total: None)
    small.unlink()
    before = _highest_mb(anew=True)
    began = time.perf_counter()
    path, written = deliver(ws, name, wanted, None, lambda done, total: progress.append(done))
    took = time.perf_counter() - began
    path.unlink()
    return ExportFigures(written.utterances, written.utterances / took, _highest_mb() - before, len(progress))


def measure(home: Path, wanted: Filter) -> dict[str, ExportFigures]:
    return {name: in_own_process(export, home, name, wanted) for name in FORMATS}


def report(command: str, homes: Sequence[Path], rows: Sequence[int]) -> None:
    """Export the reviews of each workspace in every format, and write the section of RESULTS.md."""
    reviews = Filter(source=(1,))
    small, large = (measure(home, reviews) for home in homes)
    table_rows = []
    for name in FORMATS:
        a, b = small[name], large[name]
        table_rows.append((f"{name}, rows/s", f"{a.rows_s:,.0f} / {b.rows_s:,.0f}"))
        table_rows.append((f"{name}, memory it grew by, MB", f"{a.grown_mb:.0f} / {b.grown_mb:.0f}"))
        table_rows.append((f"{name}, times that progress was told", f"{a.progress_calls:,} / {b.progress_calls:,}"))
    results.write(
        "Export of a large corpus",
        command,
        table_rows,
        f"Rows: {' / '.join(f'{n:,}' for n in rows)}, the reviews of a corpus that has calls too, each format in a "
        "process of its own, by the workflow that the page and the command line use.",
    )


def _highest_mb(anew: bool = False) -> float:
    """The highest resident memory of this process, in MB, since the last call with `anew`."""
    if anew:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.partition("VmHWM:")[2].split()[0]) / 1024
