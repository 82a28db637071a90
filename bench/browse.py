"""Browsing: `python -m bench.browse [--sizes 10000,100000,1000000] [--queries 40]`; `--pages`, `--exports`, `--like`.

Builds a store of each size, seven tenths reviews of ../shared/data/nsmc (where it is there), three tenths utterances of
synthetic calls, then asks it for pages, filters, texts, sorts and counts, each kind `--queries` times with different
values. Every store has the same mixture, so what grows from size to size is the cost of size. Writes its section of
bench/RESULTS.md. It measures the store alone, each answer with its rows read; no page, no browser.

`--pages` measures the Corpus page in Chromium instead (`bench.browse_page`), `--exports` writing it all out
(`bench.export`), `--like` "more like this" (`bench.likeness`), each on 10,000 utterances and on all 712,404 reviews
with 1,000,000 utterances of calls; `--folder` keeps these two corpora for the next run. They write their own sections.
"""

import argparse
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import results
from bench.corpus import CORPORA, Built, build, corpora
from bench.process import apart, memory_mb, timed
from core.filters import Filter
from core.hangul import is_syllable, split
from core.records import UNLABELLED, Sort
from core.store import Store, open_store

PAGE = 50


@dataclass(frozen=True)
class Ask:
    """One question to the store."""

    wanted: Filter = field(default_factory=Filter)
    offset: int = 0
    limit: int = PAGE
    sort: Sort = "id"


def questions(texts: Sequence[str], n: int, queries: int) -> dict[str, list[Ask]]:
    """Kind -> what is asked. Pieces of text are drawn from `texts`, so frequent ones come as often as they are."""
    chance = random.Random(3)

    def piece(length: int) -> str:
        while True:
            text = chance.choice(texts)
            at = chance.randrange(max(1, len(text) - length))
            found = text[at : at + length]
            if len(found) == length and all(map(is_syllable, found)):
                return found

    def initials(text: str) -> str:
        return "".join((split(c) or c)[0] for c in text)

    def each(make: Callable[[], Ask]) -> list[Ask]:
        return [make() for _ in range(queries)]

    filters: list[Filter] = [
        Filter(labels={"danger": ("danger",)}), Filter(labels={"danger": (UNLABELLED,)}),
        Filter(labels={"urgency": ("high",)}), Filter(labels={"disaster": ("fire", "rescue"), "urgency": ("low",)}),
        Filter(speaker=("caller",)), Filter(origin=("imported",)), Filter(source=(2,)), Filter(in_recording=False),
        Filter(with_audio=True), Filter(skipped=False), Filter(min_chars=10, max_chars=20), Filter(after_id=n // 2),
        Filter(speaker=("taker",), labels={"sentiment": ("anxious",)}, min_chars=20, with_audio=True),
    ]  # fmt: skip
    some = cycle(filters)
    sorts: list[Sort] = ["length", "-length", "text", "-text", "speaker", "-id"]
    words = ["화재", "신고", "연기", "영화", "재미"]

    def spaced() -> Filter:
        return Filter(text=piece(chance.choice([2, 3])), ignore_spacing=True)

    return {
        "first page": each(Ask),
        "page N (anywhere)": each(lambda: Ask(offset=chance.randrange(n - PAGE))),
        "any filter, first page": each(lambda: Ask(next(some))),
        "any filter, page N": each(lambda: Ask(next(some), offset=chance.randrange(n // 20))),
        "text, two syllables": [Ask(Filter(text=word)) for word in words]
        + [Ask(Filter(text=piece(2))) for _ in range(queries - len(words))],
        "text, one syllable": each(lambda: Ask(Filter(text=piece(1)))),
        "text, three or more syllables": each(lambda: Ask(Filter(text=piece(chance.choice([3, 4, 5]))))),
        "text, two syllables, with a filter": each(lambda: Ask(replace(next(some), text=piece(2)))),
        "initials, two (ㅎㅈ)": each(lambda: Ask(Filter(text=initials(piece(2))))),
        "initials, three or four": each(lambda: Ask(Filter(text=initials(piece(chance.choice([3, 4])))))),
        "text, ignoring spacing": each(lambda: Ask(spaced())),
        "sorted by length, text or speaker, page N": each(
            lambda: Ask(offset=chance.randrange(n - PAGE), sort=chance.choice(sorts))
        ),
        "text and filter, sorted": each(lambda: Ask(replace(next(some), text=piece(2)), sort=chance.choice(sorts))),
        "count, any filter": each(lambda: Ask(next(some), limit=0)),
        "count, two syllables": each(lambda: Ask(Filter(text=piece(2)), limit=0)),
    }


def ask(store: Store, n: int, queries: int) -> tuple[dict[str, list[float]], float]:
    """Kind -> ms of each question; and what answering them took of memory, in MB."""
    store.corpus.find(Filter(text="가"), limit=1)
    before = most = memory_mb()
    some = store.corpus.utterances(random.Random(5).sample(range(1, n), min(n - 1, 5000)))
    asked = questions([one.text for one in some], n, queries)
    found: dict[str, list[float]] = {}
    for kind, asks in asked.items():
        store.corpus.find(asks[0].wanted, limit=1)
        found[kind] = [
            timed(partial(store.corpus.find, one.wanted, limit=one.limit, offset=one.offset, sort=one.sort))
            for one in asks
        ]
        most = max(most, memory_mb())
    found["totals of the overview"] = [
        timed(lambda: (store.corpus.counts(), store.corpus.progress())) for _ in range(queries)
    ]
    return found, most - before


def measure(url: str, n: int, queries: int) -> tuple[dict[str, list[float]], float]:
    return ask(open_store(url), n, queries)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--queries", type=int, default=40)
    parser.add_argument("--pages", action="store_true", help="the Corpus page in Chromium")
    parser.add_argument("--rounds", type=int, default=20, help="of each kind of key or click on it")
    parser.add_argument("--exports", action="store_true", help="writing all reviews out")
    parser.add_argument("--like", action="store_true", help="more like this")
    parser.add_argument("--folder", type=Path, help="where the corpora of these three are, or are built and stay")
    asked = parser.parse_args()
    if asked.pages or asked.exports or asked.like:
        with TemporaryDirectory(prefix="gwidama-bench-") as folder:
            large(corpora(asked.folder or Path(folder)), asked)
    else:
        sizes_of_store(sorted(int(size) for size in asked.sizes.split(",")), asked.queries)
    return 0


def sizes_of_store(sizes: list[int], queries: int) -> None:
    built: dict[int, Built] = {}
    found: dict[int, dict[str, list[float]]] = {}
    grown: dict[int, float] = {}
    size_mb: dict[int, float] = {}
    with TemporaryDirectory(prefix="gwidama-bench-") as folder:
        for n in sizes:
            path = Path(folder) / f"{n}.db"
            built[n] = apart(build, f"sqlite:///{path}", n * 7 // 10, n * 3 // 10)
            found[n], grown[n] = apart(measure, f"sqlite:///{path}", n, queries)
            size_mb[n] = path.stat().st_size / 1e6
            print(f"{n:,} rows: {built[n]}, {size_mb[n]:.0f} MB", file=sys.stderr)
    small, large = sizes[0], sizes[-1]
    rows = []
    for what, told in {
        "import of reviews, rows/s": {n: f"{built[n].reviews_s:,.0f}" for n in sizes},
        "import of calls, utterances/s": {n: f"{built[n].calls_s:,.0f}" for n in sizes},
        "memory that the import grew by after its first batch, MB": {n: f"{built[n].grown_mb:.0f}" for n in sizes},
        "memory that all these questions took, MB": {n: f"{grown[n]:.0f}" for n in sizes},
        "database, MB": {n: f"{size_mb[n]:.0f}" for n in sizes},
    }.items():
        rows.append((what, " / ".join(told.values())))
    for kind in found[small]:
        middle, late = ([results.quantile(found[n][kind], share) for n in sizes] for share in (0.5, 0.95))
        rows.append(
            (
                f"{kind}, ms p50; p95; p95 at {large:,} against {small:,}",
                f"{' / '.join(f'{ms:.1f}' for ms in middle)}; {' / '.join(f'{ms:.1f}' for ms in late)}; "
                f"{late[-1] / late[0]:.1f} times",
            )
        )
    results.write(
        "Browsing a corpus",
        f"python -m bench.browse --sizes {','.join(map(str, sizes))} --queries {queries}",
        rows,
        f"Rows: {' / '.join(f'{n:,}' for n in sizes)}. {queries} questions of each kind, {PAGE} rows a page, the "
        "total always counted exactly; one process, the database on this machine's disk, its pages in the system's "
        "cache.",
    )


def large(homes: list[Path], asked: argparse.Namespace) -> None:
    """The sections on the Corpus page, on export and on likeness, those that are asked for."""
    from bench import browse_page, export, likeness  # here, since what they load counts as memory of the store's bench

    sizes = [written + said for written, said in CORPORA]
    if asked.pages:
        browse_page.report(f"python -m bench.browse --pages --rounds {asked.rounds}", homes, sizes, asked.rounds)
    if asked.exports:
        export.report("python -m bench.browse --exports", homes, [written for written, _ in CORPORA])
    if asked.like:
        likeness.report("python -m bench.browse --like", homes, sizes)


if __name__ == "__main__":
    sys.exit(main())
