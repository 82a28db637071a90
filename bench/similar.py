"""The search for similar texts at two sizes of a corpus: the first query, which builds the index, and later ones."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import results
from bench.corpus import settings_of
from bench.process import in_own_process, memory_mb, timed
from core.workflows.corpus.similar import like, refresh
from core.workflows.workspace import open_workspace

QUERIES = 20
LIMIT = 10


@dataclass(frozen=True)
class SimilarityFigures:
    """Seconds to build the index, ms of each query, and the memory growth in MB."""

    build_s: float
    query_ms: list[float]
    grown_mb: float


def measure(home: Path) -> SimilarityFigures:
    ws = open_workspace(settings_of(home))
    before = memory_mb()
    build_s = timed(lambda: refresh(ws)) / 1000
    chance = random.Random(1)
    last = ws.store.texts.stamp().utterance
    like(ws, 1, LIMIT)
    query_ms = [timed(lambda: like(ws, chance.randrange(1, last), LIMIT)) for _ in range(QUERIES)]
    return SimilarityFigures(build_s, query_ms, memory_mb() - before)


def report(command: str, homes: Sequence[Path], sizes: Sequence[int]) -> None:
    """Measure each workspace, and write the section of RESULTS.md."""
    figures = [in_own_process(measure, home) for home in homes]
    rates = [n / figure.build_s for n, figure in zip(sizes, figures, strict=True)]
    rows = [
        ("building the index, texts/s", " / ".join(f"{rate:,.0f}" for rate in rates)),
        ("building the index, s", " / ".join(f"{figure.build_s:.1f}" for figure in figures)),
        (
            "a question after that, ms p50",
            " / ".join(f"{results.quantile(figure.query_ms, 0.5):.0f}" for figure in figures),
        ),
        (
            "a question after that, ms p95",
            " / ".join(f"{results.quantile(figure.query_ms, 0.95):.0f}" for figure in figures),
        ),
        ("memory all this took, MB", " / ".join(f"{figure.grown_mb:.0f}" for figure in figures)),
    ]
    note = f"Utterances: {' / '.join(f'{n:,}' for n in sizes)}; {QUERIES} questions, {LIMIT} answers each."
    results.write("More like this", command, rows, note)
