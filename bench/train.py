"""Snapshot and training of the n-gram beside plain scikit-learn, and the memory of a large snapshot.

The reviews of ../shared/data/nsmc with label 0 or 1 fill a workspace. One side creates a snapshot and trains the recipe
`danger-text` with its defaults: calibration, intervals, predictions in the store and all. The other side is
scikit-learn's TfidfVectorizer and LogisticRegression with the same settings on the same training rows, scored on the
same test rows. Both take turns, each in a process of its own, on one thread. Then a snapshot of all reviews is made in
a process of its own, for its memory.
"""

import argparse
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import mkdtemp

import pyarrow.parquet as pq
from threadpoolctl import threadpool_limits

from bench import results
from bench.corpus import AT, BATCH, REVIEWS, labelled_reviews, settings_of
from bench.process import in_own_process, memory_mb
from core.store import open_store

COMMAND = "python -m bench.train"
LARGE, TURNS = 500_000, 3
TITLE = "Snapshot and training of the n-gram beside scikit-learn"


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock and of processor time, the highest resident memory in MB, the scores on the test side."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    accuracy: float = 0.0
    macro_f1: float = 0.0


def cost_of(call: Callable[[], tuple[float, float]]) -> Cost:
    """Run `call`, which returns accuracy and macro-F1, on one thread, and say what it took."""
    with threadpool_limits(limits=1):
        began, busy = time.perf_counter(), _cpu_s()
        accuracy, macro_f1 = call()
        wall_s, cpu_s = time.perf_counter() - began, _cpu_s() - busy
    return Cost(wall_s, cpu_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, accuracy, macro_f1)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def fill(home: Path, n: int) -> int:
    """Import the first `n` labelled reviews into a new workspace; returns how many there were."""
    store = open_store(f"sqlite:///{home / 'gwidama.db'}")
    source = store.corpus.add_source("reviews", "table", "CC0", "0", AT)
    items, total = labelled_reviews(n), 0
    while batch := list(islice(items, BATCH)):
        store.corpus.add_sentences(source, batch, AT)
        total += len(batch)
    return total


def ours(home: Path, name: str) -> Cost:
    """Create the snapshot `name` of a workspace and train on it."""
    from core.workflows.models import train
    from core.workflows.snapshots import snapshot
    from core.workflows.workspace import open_workspace

    def work() -> tuple[float, float]:
        ws = open_workspace(settings_of(home))
        snapshot.create(ws, name, "danger")
        test = train.run(ws, train.plan(ws, "danger-text", name))["test"]
        return test["accuracy"]["value"], test["macro_f1"]["value"]

    return cost_of(work)


def theirs(home: Path, name: str) -> Cost:
    """Fit scikit-learn's own classes on the training rows of the snapshot `name`, and score them on its test rows."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score, f1_score

    rows = pq.read_table(home / "snapshots" / name / "items.parquet", columns=["text", "label", "side"]).to_pylist()
    texts, labels = ({s: [r[c] for r in rows if r["side"] == s] for s in ("train", "test")} for c in ("text", "label"))

    def work() -> tuple[float, float]:
        vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), min_df=2, sublinear_tf=True)
        solver = LogisticRegression(C=5.0, class_weight="balanced", max_iter=1000)
        solver.fit(vectorizer.fit_transform(texts["train"]), labels["train"])
        guess = solver.predict(vectorizer.transform(texts["test"]))
        return accuracy_score(labels["test"], guess), f1_score(labels["test"], guess, average="macro")

    return cost_of(work)


def freeze(home: Path, name: str) -> tuple[Cost, int, float]:
    """Create the snapshot `name` of a workspace; returns the cost, its items, and the memory before it in MB."""
    from core.workflows.snapshots import snapshot
    from core.workflows.workspace import open_workspace

    ws, n = open_workspace(settings_of(home)), 0
    before_mb = memory_mb()

    def work() -> tuple[float, float]:
        nonlocal n
        n = snapshot.create(ws, name, "danger").counts["n"]
        return 0.0, 0.0

    return cost_of(work), n, before_mb


def turns(home: Path, repeats: int) -> Iterator[tuple[Cost, Cost]]:
    """Measure both sides in turns, each in its own process."""
    for turn in range(repeats):
        pair = in_own_process(ours, home, f"s{turn}"), in_own_process(theirs, home, f"s{turn}")
        print(*pair, file=sys.stderr)
        yield pair


def compared(pairs: list[tuple[Cost, Cost]]) -> list[tuple[str, str]]:
    """The rows of the table that compare both sides: medians of the turns, and the ratio of each turn."""
    us, them = zip(*pairs, strict=True)

    def row(name: str, values: Callable[[Cost], float], digits: int) -> tuple[str, str]:
        a, b = (median(map(values, side)) for side in (us, them))
        return name, f"{a:.{digits}f} / {b:.{digits}f}"

    def ratios(values: Callable[[Cost], float]) -> str:
        each = sorted(values(a) / values(b) for a, b in pairs)
        return f"{median(each):.2f} (turns: {', '.join(f'{ratio:.2f}' for ratio in each)})"

    return [
        row("processor seconds, median of the turns", lambda cost: cost.cpu_s, 1),
        ("processor time, ours against scikit-learn's", ratios(lambda cost: cost.cpu_s)),
        row("seconds by the clock, median of the turns", lambda cost: cost.wall_s, 1),
        ("time by the clock, ours against scikit-learn's", ratios(lambda cost: cost.wall_s)),
        row("accuracy on the test side", lambda cost: cost.accuracy, 4),
        row("macro-F1 on the test side", lambda cost: cost.macro_f1, 4),
        row("highest memory of the process, MB", lambda cost: cost.peak_mb, 0),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--large", type=int, default=LARGE, help="items of the large snapshot; 0 leaves it out")
    given = parser.parse_args()
    if not REVIEWS.is_file():
        sys.exit(f"{REVIEWS} is missing; it holds the reviews")
    folder = Path(mkdtemp(prefix="gwidama-train-"))
    try:
        small, large = folder / "small", folder / "large"
        for home in (small, large):
            home.mkdir()
        n = in_own_process(fill, small, given.rows)
        rows = compared(list(turns(small, given.turns)))
        if given.large:
            in_own_process(fill, large, given.large)
            cost, items, before_mb = in_own_process(freeze, large, "large")
            rows += [
                (f"snapshot of {items:,} items, highest memory of its process, MB", f"{cost.peak_mb:.0f}"),
                ("the memory before it, the workspace open, MB", f"{before_mb:.0f}"),
                ("the same snapshot, processor seconds / by the clock", f"{cost.cpu_s:.0f} / {cost.wall_s:.0f}"),
            ]
        note = (
            f"Ours / scikit-learn's, {n:,} reviews with label 0 or 1, {given.turns} turns. Ours: snapshot (near-equal "
            "texts merged, frozen, hashed), training, calibration, intervals of 1,000 resamples, run folder, "
            "predictions in the database. Scikit-learn's: vectorizer, logistic regression and two scores, the texts in "
            "memory already."
        )
        results.write(TITLE, COMMAND, rows, note)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
