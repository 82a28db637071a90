"""Browsing: `python -m bench.browse [--sizes 10000,100000,1000000] [--queries 40]`, or with an option of below.

Builds a store of each size: seven tenths are reviews of ../shared/data/nsmc (if that folder exists), three tenths are
utterances of synthetic calls. Then it sends queries for pages, filters, texts, sorts and counts, each kind `--queries`
times with different values. All stores have the same mixture, so a difference between two sizes is the cost of size.
It writes its section of bench/RESULTS.md. It measures the store alone, with all rows read; no page and no browser.
`--calls` fills the stores with synthetic calls alone, as long as those of AI Hub 119, and writes a section of its own.

Four options measure something else and write their own sections: `--pages` the Corpus page in Chromium
(`bench.browse_page`), `--exports` the export of everything (`bench.export`), `--like` the search for similar texts
(`bench.similar`), `--waiting` the work list of the Overview (`bench.waiting`). Each of them uses 10,000 utterances, and
all 712,404 reviews with 1,000,000 utterances of calls. `--folder` keeps these two corpora for the next run; `--waiting`
adds decisions, disputes and suggestions to them.
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
from bench.corpus import CORPORA, ImportRates, build, build_calls, corpora
from bench.process import in_own_process, memory_mb, timed
from core.filters import Filter
from core.hangul import is_syllable, split
from core.records import UNLABELLED, Sort
from core.store import Store, open_store

PAGE = 50


@dataclass(frozen=True)
class Query:
    """One query to the store: a filter, a range of rows and their order."""

    wanted: Filter = field(default_factory=Filter)
    offset: int = 0
    limit: int = PAGE
    sort: Sort = "id"


def make_queries(texts: Sequence[str], n: int, queries: int) -> dict[str, list[Query]]:
    """Kind -> `queries` queries for a store of `n` rows. Searched pieces are drawn from `texts`."""
    chance = random.Random(3)

    def piece(length: int) -> str:
        while True:
            text = chance.choice(texts)
            at = chance.randrange(max(1, len(text) - length))
            part = text[at : at + length]
            if len(part) == length and all(map(is_syllable, part)):
                return part

    def initials(text: str) -> str:
        return "".join((split(c) or c)[0] for c in text)

    def each(make: Callable[[], Query]) -> list[Query]:
        return [make() for _ in range(queries)]

    filters: list[Filter] = [
        Filter(labels={"danger": ("danger",)}), Filter(labels={"danger": (UNLABELLED,)}),
        Filter(labels={"urgency": ("high",)}), Filter(labels={"disaster": ("fire", "rescue"), "urgency": ("low",)}),
        Filter(speaker=("caller",)), Filter(origin=("imported",)), Filter(source=(2,)), Filter(in_recording=False),
        Filter(with_audio=True), Filter(skipped=False), Filter(min_chars=10, max_chars=20), Filter(after_id=n // 2),
        Filter(speaker=("taker",), labels={"sentiment": ("anxious",)}, min_chars=20, with_audio=True),
    ]  # fmt: skip
    filter_cycle = cycle(filters)
    sorts: list[Sort] = ["length", "-length", "text", "-text", "speaker", "-id"]
    words = ["화재", "신고", "연기", "영화", "재미"]

    def spaced() -> Filter:
        return Filter(text=piece(chance.choice([2, 3])), ignore_spacing=True)

    return {
        "first page": each(Query),
        "page N (anywhere)": each(lambda: Query(offset=chance.randrange(n - PAGE))),
        "any filter, first page": each(lambda: Query(next(filter_cycle))),
        "any filter, page N": each(lambda: Query(next(filter_cycle), offset=chance.randrange(n // 20))),
        "text, two syllables": [Query(Filter(text=word)) for word in words]
        + [Query(Filter(text=piece(2))) for _ in range(queries - len(words))],
        "text, one syllable": each(lambda: Query(Filter(text=piece(1)))),
        "text, three or more syllables": each(lambda: Query(Filter(text=piece(chance.choice([3, 4, 5]))))),
        "text, two syllables, with a filter": each(lambda: Query(replace(next(filter_cycle), text=piece(2)))),
        "initials, two (ㅎㅈ)": each(lambda: Query(Filter(text=initials(piece(2))))),
        "initials, three or four": each(lambda: Query(Filter(text=initials(piece(chance.choice([3, 4])))))),
        "text, ignoring spacing": each(lambda: Query(spaced())),
        "sorted by length, text or speaker, page N": each(
            lambda: Query(offset=chance.randrange(n - PAGE), sort=chance.choice(sorts))
        ),
        "text and filter, sorted": each(
            lambda: Query(replace(next(filter_cycle), text=piece(2)), sort=chance.choice(sorts))
        ),
        "count, any filter": each(lambda: Query(next(filter_cycle), limit=0)),
        "count, two syllables": each(lambda: Query(Filter(text=piece(2)), limit=0)),
    }


def run_queries(store: Store, n: int, queries: int) -> tuple[dict[str, list[float]], float]:
    """Kind -> ms of each query; and the memory that the queries took, in MB."""
    store.corpus.find(Filter(text="가"), limit=1)
    before = highest = memory_mb()
    sample = store.corpus.utterances(random.Random(5).sample(range(1, n), min(n - 1, 5000)))
    by_kind = make_queries([utterance.text for utterance in sample], n, queries)
    times: dict[str, list[float]] = {}
    for kind, kind_queries in by_kind.items():
        store.corpus.find(kind_queries[0].wanted, limit=1)
        times[kind] = [
            timed(partial(store.corpus.find, query.wanted, limit=query.limit, offset=query.offset, sort=query.sort))
            for query in kind_queries
        ]
        highest = max(highest, memory_mb())
    times["totals of the overview"] = [
        timed(lambda: (store.corpus.counts(), store.corpus.progress())) for _ in range(queries)
    ]
    return times, highest - before


def measure(url: str, n: int, queries: int) -> tuple[dict[str, list[float]], float]:
    return run_queries(open_store(url), n, queries)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--queries", type=int, default=40)
    parser.add_argument("--calls", action="store_true", help="calls alone, as long as those of AI Hub 119")
    parser.add_argument("--pages", action="store_true", help="the Corpus page in Chromium")
    parser.add_argument("--rounds", type=int, default=20, help="of each kind of key or click on it")
    parser.add_argument("--exports", action="store_true", help="writing all reviews out")
    parser.add_argument("--like", action="store_true", help="more like this")
    parser.add_argument("--waiting", action="store_true", help="the work list of the Overview")
    parser.add_argument("--folder", type=Path, help="where the corpora of these four are, or are built and stay")
    options = parser.parse_args()
    if options.pages or options.exports or options.like or options.waiting:
        with TemporaryDirectory(prefix="gwidama-bench-") as folder:
            measure_pages_and_exports(corpora(options.folder or Path(folder)), options)
    else:
        measure_stores(sorted(int(size) for size in options.sizes.split(",")), options.queries, options.calls)
    return 0


def measure_stores(sizes: list[int], queries: int, calls_alone: bool) -> None:
    built: dict[int, ImportRates] = {}
    times: dict[int, dict[str, list[float]]] = {}
    grown: dict[int, float] = {}
    size_mb: dict[int, float] = {}
    with TemporaryDirectory(prefix="gwidama-bench-") as folder:
        for n in sizes:
            path = Path(folder) / f"{n}.db"
            make, parts = (build_calls, (n,)) if calls_alone else (build, (n * 7 // 10, n * 3 // 10))
            built[n] = in_own_process(make, f"sqlite:///{path}", *parts)
            times[n], grown[n] = in_own_process(measure, f"sqlite:///{path}", n, queries)
            size_mb[n] = path.stat().st_size / 1e6
            print(f"{n:,} rows: {built[n]}, {size_mb[n]:.0f} MB", file=sys.stderr)
    small, large = sizes[0], sizes[-1]
    rows = []
    of_reviews = {} if calls_alone else {"import of reviews, rows/s": {n: f"{built[n].reviews_s:,.0f}" for n in sizes}}
    for what, values in {
        **of_reviews,
        "import of calls, utterances/s": {n: f"{built[n].calls_s:,.0f}" for n in sizes},
        "memory that the import grew by after its first batch, MB": {n: f"{built[n].grown_mb:.0f}" for n in sizes},
        "memory that all these questions took, MB": {n: f"{grown[n]:.0f}" for n in sizes},
        "database, MB": {n: f"{size_mb[n]:.0f}" for n in sizes},
    }.items():
        rows.append((what, " / ".join(values.values())))
    for kind in times[small]:
        middle, late = ([results.quantile(times[n][kind], share) for n in sizes] for share in (0.5, 0.95))
        rows.append(
            (
                f"{kind}, ms p50; p95; p95 at {large:,} against {small:,}",
                f"{' / '.join(f'{ms:.1f}' for ms in middle)}; {' / '.join(f'{ms:.1f}' for ms in late)}; "
                f"{late[-1] / late[0]:.1f} times",
            )
        )
    results.write(
        "Browsing calls" if calls_alone else "Browsing a corpus",
        f"python -m bench.browse --sizes {','.join(map(str, sizes))} --queries {queries}{' --calls' * calls_alone}",
        rows,
        f"Rows: {' / '.join(f'{n:,}' for n in sizes)}. {queries} questions of each kind, {PAGE} rows a page, the "
        "total always counted exactly; one process, the database on this machine's disk, its pages in the system's "
        "cache.",
    )


def measure_pages_and_exports(homes: list[Path], options: argparse.Namespace) -> None:
    """Write the sections on the Corpus page, export, similar texts and the work list, if their options are given."""
    # Not at the top of the file: their libraries would count as memory of the store's bench.
    from bench import browse_page, export, similar, waiting

    sizes = [written + spoken for written, spoken in CORPORA]
    if options.pages:
        browse_page.report(f"python -m bench.browse --pages --rounds {options.rounds}", homes, sizes, options.rounds)
    if options.exports:
        export.report("python -m bench.browse --exports", homes, [written for written, _ in CORPORA])
    if options.like:
        similar.report("python -m bench.browse --like", homes, sizes)
    if options.waiting:  # last, since it adds to the corpora
        waiting.report(f"python -m bench.browse --waiting --rounds {options.rounds}", homes, sizes, options.rounds)


if __name__ == "__main__":
    sys.exit(main())
