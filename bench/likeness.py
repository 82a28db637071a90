"""More like this: the first question, which builds the index, and the following ones, at two sizes of a corpus."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import results
from bench.corpus import settings_of
from bench.process import apart, memory_mb, timed
from core.workflows.corpus.similar import like, refresh
from core.workflows.workspace import open_workspace

QUESTIONS = 20
LIMIT = 10


@dataclass(frozen=True)
class Likeness:
    build_s: float
    asked_ms: list[float]
    grown_mb: float


def measure(home: Path) -> Likeness:
    ws = open_workspace(settings_of(home))
    before = memory_mb()
    build_s = timed(lambda: refresh(ws)) / 1000
    chance = random.Random(1)
    last = ws.store.texts.stamp().utterance
    like(ws, 1, LIMIT)
    asked = [timed(lambda: like(ws, chance.randrange(1, last), LIMIT)) for _ in range(QUESTIONS)]
    return Likeness(build_s, asked, memory_mb() - before)


def report(command: str, homes: Sequence[Path], sizes: Sequence[int]) -> None:
    """Ask each workspace, and write the section."""
    found = [apart(measure, home) for home in homes]
    rates = [n / one.build_s for n, one in zip(sizes, found, strict=True)]
    rows = [
        ("building the index, texts/s", " / ".join(f"{rate:,.0f}" for rate in rates)),
        ("building the index, s", " / ".join(f"{one.build_s:.1f}" for one in found)),
        ("a question after that, ms p50", " / ".join(f"{results.quantile(one.asked_ms, 0.5):.0f}" for one in found)),
        ("a question after that, ms p95", " / ".join(f"{results.quantile(one.asked_ms, 0.95):.0f}" for one in found)),
        ("memory all this took, MB", " / ".join(f"{one.grown_mb:.0f}" for one in found)),
    ]
    note = f"Utterances: {' / '.join(f'{n:,}' for n in sizes)}; {QUESTIONS} questions, {LIMIT} answers each."
    results.write("More like this", command, rows, note)
