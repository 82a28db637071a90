"""Time and peak memory of a judging job as the corpus grows: `python -m bench.pool [SIZE ...] [--executor NAME]`.

The run is small (character n-grams), so that the figures are those of reading, writing and book-keeping: the corpus is
read in blocks, each block becomes a part, and rows of the database. Then the pool is opened as a page opens it.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from bench.corpus import ENDS, EVENTS, PLACES
from bench.process import in_own_process, memory_mb
from core.records import NewUtterance
from core.runs.pool import read_pool
from core.settings import Settings, settings
from core.workflows.models import train
from core.workflows.pseudo_labels import judge
from core.workflows.snapshots import snapshot
from core.workflows.workspace import now, open_workspace

LABELLED = 2_000
CODES = ("normal", "danger")


def sentences(start: int, n: int, labelled: bool) -> Iterator[NewUtterance]:
    """Different sentences of calls; of labelled ones the class is told by their first words."""
    chance = random.Random(start)
    for number in range(start, start + n):
        words = [chance.choice(PLACES), chance.choice(EVENTS), chance.choice(ENDS), f"{number}번지"]
        labels = {"danger": CODES[EVENTS.index(words[1]) % 2]} if labelled else {}
        yield NewUtterance(f"s{number}", " ".join(words), f"s{number}", labels=labels)


def build(home: Path, size: int) -> str:
    """A workspace with `size` sentences without a label, and a run; returns the run's id."""
    ws = open_workspace(_settings(home))
    source = ws.store.corpus.add_source("pool", "bench", "ours", "0", now())
    for start, n, labelled in ((0, LABELLED, True), (LABELLED, size, False)):
        items = sentences(start, n, labelled)
        while block := list(islice(items, 16_384)):
            ws.store.corpus.add_sentences(source, block, now())
    snapshot.create(ws, "s", "danger")
    spec = train.plan(ws, "danger-text", "s", "ngram")
    train.run(ws, spec)
    return spec.run_id


def judged(home: Path, run: str, executor: str) -> dict[str, float]:
    """Seconds and memory of a job in this process, and of opening the pool."""
    ws = open_workspace(_settings(home))
    before, began = memory_mb(), time.perf_counter()
    done = judge.run(ws, judge.JudgePlan(run, executor=executor))
    seconds, peak = time.perf_counter() - began, _peak_mb()
    began = time.perf_counter()
    pool = read_pool(ws.run_folder(run), "danger")
    first = time.perf_counter() - began
    began = time.perf_counter()
    assert len(read_pool(ws.run_folder(run), "danger")) == len(pool) == done.judged
    return {
        "judged": done.judged, "seconds": seconds, "per_second": done.judged / seconds, "before_mb": before,
        "peak_mb": peak, "table_s": first, "opened_ms": (time.perf_counter() - began) * 1000,
    }  # fmt: skip


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.partition("VmHWM:")[2].split()[0]) / 1024


def _settings(home: Path) -> Settings:
    return replace(
        settings(), home=home, database_url=f"sqlite:///{home}/gwidama.db", jobs_url=f"sqlite:///{home}/jobs.db"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--executor", default="inline")
    given = parser.parse_args()
    print("sentences | judged/s | memory before | peak | pool joined | opened")
    for size in given.sizes:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            run = in_own_process(build, home, size)
            row = in_own_process(judged, home, run, given.executor)
            print(
                f"{size:,} | {row['per_second']:,.0f} | {row['before_mb']:.0f} MB | {row['peak_mb']:.0f} MB | "
                f"{row['table_s']:.1f} s | {row['opened_ms']:.0f} ms",
                flush=True,
            )


if __name__ == "__main__":
    main()
